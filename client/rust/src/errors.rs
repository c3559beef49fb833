// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use std::time::Duration;

use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The reason that the server gave with an error: the name of an `ErrorReason`
/// without its prefix, as "MODEL_NOT_FOUND". `None` where the error does not come
/// from a Strata server.
pub fn error_reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// How long the server asks to wait before the call is made again, where it does.
pub fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The status of one input (`Encoding.status`) or of one request of a stream, with
/// its details; an `Ok` one is `Ok(())`.
pub fn from_proto(status: &tonic_types::Status) -> Result<(), Status> {
    match Code::from(status.code) {
        Code::Ok => Ok(()),
        code => {
            let details = status.encode_to_vec().into();
            Err(Status::with_details(code, status.message.clone(), details))
        }
    }
}

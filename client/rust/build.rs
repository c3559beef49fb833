// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! Generates the messages and stubs of strata.v1. Needs protoc.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let protos = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = ["hidden_state_service", "model_service", "tokenizer_service", "error_reason"]
        .map(|name| protos.join(format!("strata/v1/{name}.proto")));
    tonic_prost_build::configure()
        .build_server(false)
        // Those of tonic-types, which reads the details of errors.
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_protos(&files, &[protos.clone(), protos.join("third_party")])
}

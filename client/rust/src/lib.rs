// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! A client of a Strata server, which serves the hidden states of transformers.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use strata_client::v1::{EncodeRequest, OutputSpec};
//! use strata_client::{Client, Floats, Options, text};
//!
//! let client = Client::new("127.0.0.1:50051", Options::default())?;
//! let reply = client
//!     .encode(EncodeRequest {
//!         inputs: vec![text("The cat sat on the mat.")],
//!         outputs: vec![OutputSpec { layers: vec![0, -1], ..Default::default() }],
//!         ..Default::default()
//!     })
//!     .await?;
//! let states = Floats::of(&reply.encodings[0].outputs[0])?;
//! println!("{:?}", states.shape); // [layers, pieces, width]
//! # Ok(())
//! # }
//! ```

mod client;
mod errors;
mod reassembly;
mod retry;
mod stream;
mod tensor;

pub use client::{Client, ConnectError, Options, text};
pub use errors::{error_reason, from_proto, retry_delay};
pub use retry::RetryPolicy;
pub use stream::Answer;
pub use tensor::{Floats, TensorError};

/// The messages and stubs, as generated.
pub mod v1 {
    #![allow(clippy::all)]
    tonic::include_proto!("strata.v1");
}

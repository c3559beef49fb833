// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! Shows what a client of a Strata server does: it lists the models, encodes texts,
//! and sends many requests over one stream.
//!
//!     cargo run --example encode -- [--model=NAME] [--root-certificates=FILE] [HOST:PORT]
//!
//! A token is read from STRATA_TOKEN.

use std::error::Error;
use std::time::Duration;

use strata_client::v1::{EncodeRequest, ModelState, OutputSpec, Pooling};
use strata_client::{Client, Floats, Options, error_reason, from_proto, text};
use tokio_stream::StreamExt;
use tonic::transport::{Certificate, ClientTlsConfig};

const TEXTS: [&str; 2] = ["Hello world!", "This is a test"];

#[tokio::main]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("{error}");
        if let Some(reason) = error.downcast_ref().and_then(error_reason) {
            eprintln!("the reason is {reason}");
        }
        std::process::exit(1);
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut address = "127.0.0.1:50051".to_string();
    let mut model = None;
    let mut options = Options { token: std::env::var("STRATA_TOKEN").ok(), ..Default::default() };
    for word in std::env::args().skip(1) {
        match word.split_once('=') {
            Some(("--model", name)) => model = Some(name.to_string()),
            Some(("--root-certificates", file)) => {
                let roots = Certificate::from_pem(std::fs::read(file)?);
                options.tls = Some(ClientTlsConfig::new().ca_certificate(roots));
            }
            _ => address = word,
        }
    }
    let client = Client::new(&address, options)?;
    let model = choose_model(&client, model).await?;
    encode(&client, &model).await?;
    stream(&client, &model).await
}

/// Prints the models, and returns the one to ask.
async fn choose_model(
    client: &Client,
    mut chosen: Option<String>,
) -> Result<String, Box<dyn Error>> {
    for model in client.list_models().await? {
        let state = model.state();
        println!("model {}, version {}: {}", model.name, model.version, state.as_str_name());
        if state == ModelState::Ready {
            chosen.get_or_insert(model.name);
        }
    }
    chosen.ok_or_else(|| "none of the server's models is ready".into())
}

/// Asks for two layers of every piece, and for the mean of the last, in one request.
async fn encode(client: &Client, model: &str) -> Result<(), Box<dyn Error>> {
    let reply = client
        .encode(EncodeRequest {
            model: model.to_string(),
            inputs: TEXTS.map(text).into(),
            outputs: vec![
                OutputSpec { layers: vec![0, -1], ..Default::default() },
                OutputSpec { pooling: Pooling::Mean.into(), normalize: true, ..Default::default() },
            ],
            ..Default::default()
        })
        .await?;
    for (text, encoding) in TEXTS.iter().zip(&reply.encodings) {
        // What failed for this text alone.
        from_proto(&encoding.status.clone().unwrap_or_default())?;
        let states = Floats::of(&encoding.outputs[0])?;
        let pooled = Floats::of(&encoding.outputs[1])?;
        println!("{text:?}: hidden states {:?}, pooled {:?}", states.shape, pooled.shape);
    }
    Ok(())
}

/// Sends a hundred requests over one stream, and counts the answers.
async fn stream(client: &Client, model: &str) -> Result<(), Box<dyn Error>> {
    let model = model.to_string();
    let requests = tokio_stream::iter((0..100).map(move |i| EncodeRequest {
        model: model.clone(),
        inputs: vec![text(format!("Text number {i}"))],
        ..Default::default()
    }));
    let answers = client.encode_all(requests, Some(Duration::from_secs(60)));
    tokio::pin!(answers);
    let mut answered = 0;
    while let Some(answer) = answers.next().await {
        answer?.response?;
        answered += 1;
    }
    println!("{answered} requests answered over one stream");
    Ok(())
}

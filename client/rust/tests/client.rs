// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! Asks real servers; tests/client/test_other_languages.py runs them, and describes
//! them, and what the Python client was answered, in the file STRATA_CLIENT_TEST.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use strata_client::v1::{DataType, EncodeRequest, Encoding, ModelState, OutputSpec, Pooling};
use strata_client::{
    Client, ConnectError, Floats, Options, RetryPolicy, error_reason, from_proto, retry_delay, text,
};
use tokio_stream::StreamExt;
use tonic::transport::{Certificate, ClientTlsConfig};
use tonic::{Code, Status};

#[derive(Deserialize)]
struct Numbers {
    shape: Vec<usize>,
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Setting {
    address: String,
    tls_address: String,
    root_certificates: String,
    token: String,
    /// Its server is always full.
    full_address: String,
    /// Nothing listens there.
    closed_address: String,
    /// To be made of the full server.
    attempts: u32,
    model: String,
    texts: Vec<String>,
    layers: Vec<i32>,
    /// Of each text.
    hidden_states: Vec<Numbers>,
    pooled: Vec<Numbers>,
}

impl Setting {
    fn read() -> Self {
        let file = std::env::var("STRATA_CLIENT_TEST")
            .expect("run tests/client/test_other_languages.py, which sets STRATA_CLIENT_TEST");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    fn client(&self) -> Client {
        Client::new(&self.address, Options::default()).unwrap()
    }

    /// Asks for the layers of every piece, and for the mean of the last.
    fn request(&self, texts: &[String]) -> EncodeRequest {
        EncodeRequest {
            model: self.model.clone(),
            inputs: texts.iter().map(text).collect(),
            outputs: vec![
                OutputSpec { layers: self.layers.clone(), ..Default::default() },
                OutputSpec { pooling: Pooling::Mean.into(), normalize: true, ..Default::default() },
            ],
            ..Default::default()
        }
    }

    /// Compares an answer with what the Python client got for the text.
    fn check(&self, text: usize, encoding: &Encoding) {
        from_proto(encoding.status.as_ref().unwrap()).unwrap();
        assert_eq!(encoding.outputs.len(), 2);
        let expected = [&self.hidden_states[text], &self.pooled[text]];
        for (output, expected) in encoding.outputs.iter().zip(expected) {
            let got = Floats::of(output).unwrap();
            assert_eq!(got.shape, expected.shape);
            for (got, expected) in got.values.iter().zip(&expected.values) {
                assert!(
                    (got - expected).abs() <= 1e-4 * (1.0 + expected.abs()),
                    "{got}, {expected}"
                );
            }
        }
    }
}

fn expect(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status}");
    assert_eq!(error_reason(status).unwrap_or_default(), reason);
}

#[tokio::test]
async fn models_are_listed() {
    let setting = Setting::read();
    let models = setting.client().list_models().await.unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].name, setting.model);
    assert_eq!(models[0].state(), ModelState::Ready);
}

#[tokio::test]
async fn texts_are_encoded() {
    let setting = Setting::read();
    let reply = setting.client().encode(setting.request(&setting.texts)).await.unwrap();
    assert_eq!(reply.encodings.len(), setting.texts.len());
    for (text, encoding) in reply.encodings.iter().enumerate() {
        setting.check(text, encoding);
    }
}

#[tokio::test]
async fn answers_come_in_bfloat16() {
    let setting = Setting::read();
    let mut request = setting.request(&setting.texts[..1]);
    request.outputs.truncate(1);
    request.outputs[0].dtype = DataType::Bfloat16.into();
    let reply = setting.client().encode(request).await.unwrap();
    let got = Floats::of(&reply.encodings[0].outputs[0]).unwrap();
    for (got, expected) in got.values.iter().zip(&setting.hidden_states[0].values) {
        assert!((got - expected).abs() <= 0.01 * (0.01 + expected.abs()), "{got}, {expected}");
    }
}

/// Every tenth is malformed, and the server sends parts that end inside a number.
#[tokio::test]
async fn many_requests_are_answered_over_one_stream() {
    let setting = Setting::read();
    let texts = setting.texts.len();
    let requests: Vec<_> = (0..100)
        .map(|i| {
            let mut request = setting.request(&setting.texts[i % texts..][..1]);
            if i % 10 == 9 {
                request.outputs[0].layers = vec![99];
            }
            request
        })
        .collect();
    let client = setting.client();
    let answers = client.encode_all(tokio_stream::iter(requests), Some(Duration::from_secs(300)));
    tokio::pin!(answers);
    let mut answered = HashSet::new();
    while let Some(answer) = answers.next().await {
        let answer = answer.unwrap();
        answered.insert(answer.index);
        if answer.index % 10 == 9 {
            expect(&answer.response.unwrap_err(), Code::InvalidArgument, "INVALID_FIELD");
        } else {
            setting.check(answer.index % texts, &answer.response.unwrap().encodings[0]);
        }
    }
    assert_eq!(answered.len(), 100);
}

#[tokio::test]
async fn a_stream_to_nobody_fails() {
    let setting = Setting::read();
    let client = Client::new(&setting.closed_address, Options::default()).unwrap();
    let requests = tokio_stream::iter([setting.request(&setting.texts)]);
    let answers = client.encode_all(requests, None);
    tokio::pin!(answers);
    let status = answers.next().await.unwrap().unwrap_err();
    expect(&status, Code::Unavailable, "");
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn errors_name_their_reason() {
    let setting = Setting::read();
    let request = EncodeRequest { model: "nobody".into(), ..setting.request(&setting.texts) };
    let status = setting.client().encode(request).await.unwrap_err();
    expect(&status, Code::NotFound, "MODEL_NOT_FOUND");
}

#[tokio::test]
async fn a_call_is_given_up_at_its_deadline() {
    let setting = Setting::read();
    let options = Options { timeout: Duration::from_micros(1), ..Default::default() };
    let client = Client::new(&setting.address, options).unwrap();
    let status = client.encode(setting.request(&setting.texts)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

/// The server's own count of refusals is compared by test_other_languages.py.
#[tokio::test]
async fn a_full_server_is_asked_again() {
    let setting = Setting::read();
    let retry = RetryPolicy { max_attempts: setting.attempts, ..Default::default() };
    let client =
        Client::new(&setting.full_address, Options { retry, ..Default::default() }).unwrap();
    let status = client.encode(setting.request(&setting.texts)).await.unwrap_err();
    expect(&status, Code::ResourceExhausted, "SERVER_FULL");
    assert!(retry_delay(&status).unwrap() > Duration::ZERO);
}

#[tokio::test]
async fn a_token_goes_over_tls() {
    let setting = Setting::read();
    let roots = Certificate::from_pem(std::fs::read(&setting.root_certificates).unwrap());
    let tls = Some(ClientTlsConfig::new().ca_certificate(roots));
    let mut options = Options { tls, token: Some(setting.token.clone()), ..Default::default() };
    let client = Client::new(&setting.tls_address, options.clone()).unwrap();
    let reply = client.encode(setting.request(&setting.texts[..1])).await.unwrap();
    setting.check(0, &reply.encodings[0]);

    options.token = None;
    let client = Client::new(&setting.tls_address, options).unwrap();
    let status = client.encode(setting.request(&setting.texts[..1])).await.unwrap_err();
    expect(&status, Code::Unauthenticated, "NOT_AUTHENTICATED");
}

#[tokio::test]
async fn a_token_does_not_travel_unencrypted() {
    let options = Options { token: Some("secret".into()), ..Default::default() };
    let refused = Client::new("strata.example:50051", options.clone()).err().unwrap();
    assert!(matches!(refused, ConnectError::TokenOnPlaintext));
    for address in ["127.0.0.1:50051", "localhost:50051", "[::1]:50051"] {
        Client::new(address, options.clone()).unwrap();
    }
}

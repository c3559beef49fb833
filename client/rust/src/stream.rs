// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Status};

use crate::client::Service;
use crate::errors::from_proto;
use crate::reassembly::Reassembly;
use crate::v1::encode_stream_response::Event;
use crate::v1::hidden_state_service_client::HiddenStateServiceClient;
use crate::v1::{EncodeRequest, EncodeResponse, EncodeStreamRequest, EncodeStreamResponse};

/// The answer to one request of a stream.
#[derive(Debug)]
pub struct Answer {
    /// Which request it is, from 0 in the order in which they were given.
    pub index: usize,
    /// What Encode would have answered, or what failed for this request alone.
    pub response: Result<EncodeResponse, Status>,
}

/// See [`crate::Client::encode_all`].
pub(crate) fn encode_all(
    mut stub: HiddenStateServiceClient<Service>,
    requests: impl Stream<Item = EncodeRequest> + Send + 'static,
    timeout: Option<Duration>,
) -> impl Stream<Item = Result<Answer, Status>> + Send {
    let pending = Arc::new(Mutex::new(Pending::default()));
    let mut request = Request::new(outgoing(requests, pending.clone()));
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    async_stream::stream! {
        let mut events = match stub.encode_stream(request).await {
            Ok(response) => response.into_inner(),
            Err(status) => {
                yield Err(status);
                return;
            }
        };
        let end = loop {
            match events.message().await {
                Ok(Some(event)) => {
                    let answer = pending.lock().unwrap().take(event);
                    if let Some(answer) = answer {
                        yield Ok(answer);
                    }
                }
                Ok(None) => break Status::internal("the stream ended before every request was answered"),
                Err(status) => break status,
            }
        };
        // A server that stops need not have seen that this was all.
        if !pending.lock().unwrap().all_done() {
            yield Err(end);
        }
    }
}

/// The requests with their ids; each is pending from when it is taken.
fn outgoing(
    requests: impl Stream<Item = EncodeRequest> + Send + 'static,
    pending: Arc<Mutex<Pending>>,
) -> impl Stream<Item = EncodeStreamRequest> + Send + 'static {
    async_stream::stream! {
        let mut index = 0_usize;
        tokio::pin!(requests);
        while let Some(request) = requests.next().await {
            pending.lock().unwrap().add(index, request.inputs.len());
            yield EncodeStreamRequest { request_id: index.to_string(), request: Some(request) };
            index += 1;
        }
        pending.lock().unwrap().exhausted = true;
    }
}

/// The requests that have been sent and are not answered yet.
#[derive(Default)]
struct Pending {
    answers: HashMap<usize, Reassembly>,
    exhausted: bool,
}

impl Pending {
    fn add(&mut self, index: usize, inputs: usize) {
        self.answers.insert(index, Reassembly::new(inputs));
    }

    fn all_done(&self) -> bool {
        self.exhausted && self.answers.is_empty()
    }

    /// The answer that an event completes, if it does.
    fn take(&mut self, event: EncodeStreamResponse) -> Option<Answer> {
        let index = event.request_id.parse().ok()?;
        // None: it has failed.
        let reassembly = self.answers.get_mut(&index)?;
        let input = usize::try_from(event.input).unwrap_or(usize::MAX);
        let taken = match event.event? {
            Event::Encoding(encoding) => reassembly.add_encoding(input, encoding),
            Event::Part(part) => reassembly.add_part(input, part),
            Event::Done(done) => {
                let reassembly = self.answers.remove(&index)?;
                let response = from_proto(&done)
                    .and_then(|()| reassembly.finish(event.answer.unwrap_or_default()));
                return Some(Answer { index, response });
            }
        };
        let status = taken.err()?;
        self.answers.remove(&index);
        Some(Answer { index, response: Err(status) })
    }
}

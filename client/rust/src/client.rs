// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use std::time::Duration;

use tokio_stream::Stream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::retry::{RetryPolicy, with_retries};
use crate::stream::{Answer, encode_all};
use crate::v1::hidden_state_service_client::HiddenStateServiceClient;
use crate::v1::input::Content;
use crate::v1::model_service_client::ModelServiceClient;
use crate::v1::{EncodeRequest, EncodeResponse, Input, ListModelsRequest, ModelSummary};

/// Options of a connection.
#[derive(Debug, Clone)]
pub struct Options {
    /// Encrypts. `None`: it is not encrypted.
    pub tls: Option<ClientTlsConfig>,
    /// Sent with every call.
    pub token: Option<String>,
    /// Lets the token travel unencrypted to another machine, where it can be
    /// read on the way.
    pub token_on_plaintext: bool,
    /// How long a call may take in all, retries and waits included; it travels
    /// to the server.
    pub timeout: Duration,
    pub retry: RetryPolicy,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tls: None,
            token: None,
            token_on_plaintext: false,
            timeout: Duration::from_secs(60),
            retry: RetryPolicy::default(),
        }
    }
}

/// An option that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(
        "the token could be read on the way to another machine: set tls, or token_on_plaintext"
    )]
    TokenOnPlaintext,
    #[error("the token holds a character that no token has")]
    Token,
    #[error("the address or the certificates cannot be used: {0}")]
    Transport(#[from] tonic::transport::Error),
}

pub(crate) type Service = InterceptedService<Channel, Bearer>;

/// A connection to one Strata server; cheap to clone, and shared by its clones.
#[derive(Clone)]
pub struct Client {
    hidden_states: HiddenStateServiceClient<Service>,
    models: ModelServiceClient<Service>,
    timeout: Duration,
    retry: RetryPolicy,
}

impl Client {
    /// Of the server at `address`, HOST:PORT. Does not connect yet; the first
    /// call does.
    pub fn new(address: &str, options: Options) -> Result<Self, ConnectError> {
        let bearer = Bearer::new(address, &options)?;
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?;
        if let Some(tls) = options.tls {
            endpoint = endpoint.tls_config(tls)?;
        }
        let channel = endpoint.connect_lazy();
        // Hidden states are large, and the server has limits of its own.
        let hidden_states =
            HiddenStateServiceClient::with_interceptor(channel.clone(), bearer.clone())
                .max_decoding_message_size(usize::MAX);
        Ok(Client {
            hidden_states,
            models: ModelServiceClient::with_interceptor(channel, bearer),
            timeout: options.timeout,
            retry: options.retry,
        })
    }

    pub async fn encode(&self, request: EncodeRequest) -> Result<EncodeResponse, Status> {
        with_retries(&self.retry, self.timeout, async |left| {
            let mut stub = self.hidden_states.clone();
            stub.encode(within(left, request.clone())).await
        })
        .await
    }

    /// Encodes many requests over one stream. They are taken as the server takes
    /// them, and answered as they complete, in any order; an answer may be larger
    /// than a message can be. A request that fails is an [`Answer`] with an error,
    /// and the others go on. Where the stream itself fails, its last item is that
    /// error; what has no answer then may be sent again.
    ///
    /// `timeout` is that of the whole stream, and of each request; `None`: as long
    /// as it takes.
    pub fn encode_all(
        &self,
        requests: impl Stream<Item = EncodeRequest> + Send + 'static,
        timeout: Option<Duration>,
    ) -> impl Stream<Item = Result<Answer, Status>> + Send {
        encode_all(self.hidden_states.clone(), requests, timeout)
    }

    /// Every version of every model, refused ones included.
    pub async fn list_models(&self) -> Result<Vec<ModelSummary>, Status> {
        let mut models = Vec::new();
        let mut request = ListModelsRequest::default();
        loop {
            let page = with_retries(&self.retry, self.timeout, async |left| {
                let mut stub = self.models.clone();
                stub.list_models(within(left, request.clone())).await
            })
            .await?;
            models.extend(page.models);
            if page.next_page_token.is_empty() {
                return Ok(models);
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// An input of one text.
pub fn text(text: impl Into<String>) -> Input {
    Input { content: Some(Content::Text(text.into())), ..Default::default() }
}

fn within<Message>(timeout: Duration, message: Message) -> Request<Message> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// Sends a token with every call.
#[derive(Clone)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    fn new(address: &str, options: &Options) -> Result<Self, ConnectError> {
        let Some(token) = &options.token else { return Ok(Bearer(None)) };
        let loopback =
            ["127.", "localhost:", "[::1]:"].iter().any(|host| address.starts_with(host));
        if options.tls.is_none() && !options.token_on_plaintext && !loopback {
            return Err(ConnectError::TokenOnPlaintext);
        }
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {token}").parse().map_err(|_| ConnectError::Token)?;
        value.set_sensitive(true);
        Ok(Bearer(Some(value)))
    }
}

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

//! How the provider is asked: bounded in time and size, and never led elsewhere.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use dokploy_core::{Error, ErrorKind, Result};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// Longest that one answer may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Asks over HTTP.
#[derive(Clone, Debug)]
pub(super) struct Transport(reqwest::Client);

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportError {
    #[error("the provider does not answer")]
    Http(#[from] reqwest::Error),
    #[error("the request cannot be written")]
    Request(#[from] openidconnect::http::Error),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl Transport {
    pub(super) fn new() -> Result<Self> {
        // Whoever was first has chosen how the process does TLS, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A secret goes with the request: whoever the provider points to must not get it.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .user_agent("dokploy")
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Unexpected,
                    "TLS cannot be prepared for the provider",
                )
                .with_source(error)
            })?;
        Ok(Self(client))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut response = self.0.execute(request.try_into()?).await?;
        let mut answer = openidconnect::http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

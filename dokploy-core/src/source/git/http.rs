//! Git over http: the requests that gix makes, sent through ureq on a connection of ours.
//!
//! Redirects are followed here and not by ureq, because each hop decides anew whether the credential may go along.

mod connection;
mod exchange;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use ureq::http::{Method, Request, Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use self::connection::{Addresses, Connections};
use self::exchange::{LateBody, LateHeaders, RequestBody};
use super::address::{Address, is_at};
use super::link::Link;
use crate::error::{Error, ErrorKind, Retry};
use crate::model::CredentialSecret;
use crate::secret::Secret;
use crate::source::SourceCredential;

/// Most redirects of one request.
const REDIRECTS_MAX: usize = 5;

/// An `Authorization` header and the only host that may see it.
struct Authorization {
    host: String,
    value: Secret,
}

impl Authorization {
    fn new(credential: &SourceCredential) -> Option<Self> {
        let (user, password) = match &credential.secret {
            CredentialSecret::Basic { username, password } => (username.as_str(), password),
            CredentialSecret::Token { token } => ("x-access-token", token),
            CredentialSecret::SshKey { .. } => return None,
        };
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose());
        let value = Secret::new(format!("Basic {encoded}"));
        Some(Self {
            host: credential.host.clone(),
            value,
        })
    }

    fn may_go_to(&self, url: &Url) -> bool {
        let default_port = match url.scheme() {
            "https" => Some(443),
            _ => Some(80),
        };
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        is_at(
            &self.host,
            host,
            url.port().or(default_port).unwrap_or_default(),
            default_port,
        )
    }
}

/// An http client for one repository.
struct Client {
    link: Arc<Link>,
    agent: Agent,
    /// The repository, as errors name it.
    address: String,
    authorization: Option<Authorization>,
}

impl Client {
    fn new(
        link: Arc<Link>,
        address: &Address,
        credential: Option<&SourceCredential>,
        authorities: &[Certificate<'static>],
    ) -> Self {
        let roots = if authorities.is_empty() {
            RootCerts::WebPki
        } else {
            let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            let public = public.iter().map(|der| Certificate::from_der(der));
            RootCerts::from(public.chain(authorities.iter().cloned()))
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .input_buffer_size(connection::BUFFER_SIZE)
            .build();
        let agent = Agent::with_parts(config, Connections::over(Arc::clone(&link)), Addresses);
        let authorization = credential.and_then(Authorization::new);
        Self {
            link,
            agent,
            address: address.to_string(),
            authorization,
        }
    }

    /// Sends one request. The second value says whether the credential went along.
    fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &[String],
        body: Option<&[u8]>,
    ) -> io::Result<(Response<Body>, bool)> {
        let mut request = Request::builder().method(method).uri(url.as_str());
        for line in headers {
            if let Some((name, value)) = line.split_once(':') {
                request = request.header(name, value.trim());
            }
        }
        let authorization = self
            .authorization
            .as_ref()
            .filter(|known| known.may_go_to(url));
        if let Some(authorization) = authorization {
            let mut value = header::HeaderValue::from_str(authorization.value.expose())
                .map_err(|error| self.broken(ureq::Error::Http(error.into())))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = match body {
            Some(body) => request
                .body(body)
                .map_err(ureq::Error::Http)
                .and_then(|it| self.agent.run(it)),
            None => request
                .body(())
                .map_err(ureq::Error::Http)
                .and_then(|it| self.agent.run(it)),
        };
        response
            .map(|response| (response, authorization.is_some()))
            .map_err(|error| self.broken(error))
    }

    /// The reason for an answer that never came, unless the link knows a better one.
    fn broken(&self, error: ureq::Error) -> io::Error {
        let is_tls = match &error {
            ureq::Error::Io(error) => error.kind() == io::ErrorKind::InvalidData,
            error => matches!(error, ureq::Error::Tls(_) | ureq::Error::Rustls(_)),
        };
        let reason = if is_tls {
            self.failed("has a certificate that is not trusted, or speaks no TLS")
                .with_hint("add the certificate of the host's authority to the trusted ones")
        } else {
            Error::new(
                ErrorKind::Unavailable,
                format!("{} gave no answer in http", self.address),
            )
        };
        self.link.fail(reason.with_source(error))
    }

    /// Gets an address, following redirects; gives the answer and where it came from.
    fn get(&self, url: &str, headers: &[String]) -> io::Result<(Response<Body>, Url)> {
        let first = self.parse(url)?;
        let mut url = first.clone();
        for _ in 0..=REDIRECTS_MAX {
            let (response, authorized) = self.send(&Method::GET, &url, headers, None)?;
            if !response.status().is_redirection() {
                let elsewhere = (url.origin() != first.origin()).then(|| url.authority());
                self.check(&response, authorized, elsewhere)?;
                return Ok((response, url));
            }
            url = self.next_hop(&url, &response)?;
        }
        Err(self.link.fail(self.failed("redirects too often")))
    }

    /// Posts to an address. A redirect is an error: what is posted was meant for the address that `get` found.
    fn post(&self, url: &str, headers: &[String], body: &[u8]) -> io::Result<Response<Body>> {
        let url = self.parse(url)?;
        let (response, authorized) = self.send(&Method::POST, &url, headers, Some(body))?;
        self.check(&response, authorized, None)?;
        Ok(response)
    }

    fn next_hop(&self, url: &Url, response: &Response<Body>) -> io::Result<Url> {
        let location = response
            .headers()
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        let next = location
            .and_then(|location| url.join(location).ok())
            .ok_or_else(|| self.link.fail(self.failed("redirects to no address")))?;
        if !matches!(
            (url.scheme(), next.scheme()),
            (_, "https") | ("http", "http")
        ) {
            return Err(self
                .link
                .fail(self.failed("redirects to a transport that is refused")));
        }
        if !next.username().is_empty() || next.password().is_some() {
            return Err(self
                .link
                .fail(self.failed("redirects to an address with credentials")));
        }
        Ok(next)
    }

    fn parse(&self, url: &str) -> io::Result<Url> {
        Url::parse(url).map_err(|error| {
            self.link
                .fail(self.failed("has a broken address").with_source(error))
        })
    }

    /// Turns a status that is not success into the reason for it.
    fn check(
        &self,
        response: &Response<Body>,
        authorized: bool,
        redirected_to: Option<&str>,
    ) -> io::Result<()> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let address = &self.address;
        let error = match status.as_u16() {
            401 | 403 if authorized => {
                Error::new(ErrorKind::Unauthenticated, format!("{address} refuses the credential ({status})"))
                    .with_hint("check that the token or password is valid and may read this repository")
            }
            401 | 403 => self.without_credential(redirected_to),
            404 | 410 => self.failed("does not exist or may not be seen").with_hint(
                "check the address; many hosts answer so for a private repository when the credential is missing",
            ),
            429 => Error::new(ErrorKind::RateLimited, format!("{address} asks to come back later"))
                .with_retry(Retry::After(retry_after(response))),
            408 | 500..=599 => Error::new(ErrorKind::Unavailable, format!("{address} answers {status}"))
                .with_retry(Retry::After(retry_after(response))),
            _ => self.failed(&format!("answers {status}")),
        };
        Err(self.link.fail(error))
    }

    fn without_credential(&self, redirected_to: Option<&str>) -> Error {
        let error = Error::new(
            ErrorKind::Unauthenticated,
            format!("{} asks for a credential", self.address),
        );
        match (redirected_to, &self.authorization) {
            (Some(host), Some(_)) => error.with_hint(format!(
                "it redirects to {host}, and a credential is never sent to another host; use the address at {host}"
            )),
            _ => error.with_hint("store a token or password for this host and name it in the source"),
        }
    }

    fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::SourceFailed, format!("{} {what}", self.address))
    }
}

/// What gix talks to.
pub(super) struct Web {
    client: Arc<Client>,
    /// Where the repository turned out to be.
    base: Option<String>,
}

impl Web {
    /// `authorities` are trusted besides the public ones.
    pub(super) fn new(
        link: Arc<Link>,
        address: &Address,
        credential: Option<&SourceCredential>,
        authorities: &[Certificate<'static>],
    ) -> Self {
        let client = Client::new(link, address, credential, authorities);
        Self {
            client: Arc::new(client),
            base: None,
        }
    }
}

impl Http for Web {
    type Headers = LateHeaders;
    type ResponseBody = LateBody;
    type PostBody = RequestBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let client = &self.client;
        let (response, found) = client
            .get(url, &collected(headers))
            .map_err(gix::Error::from_error)?;
        if found.as_str() != url {
            let tail = url.strip_prefix(base_url).unwrap_or(url);
            let base = found.as_str().strip_suffix(tail).map(str::to_owned);
            let other = || {
                client
                    .link
                    .fail(client.failed("redirects to something else"))
            };
            self.base = Some(base.ok_or_else(other).map_err(gix::Error::from_error)?);
        }
        let (headers, body) = exchange::answered(response);
        Ok(GetResponse { headers, body })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let (post_body, headers, body) =
            exchange::pending(Arc::clone(&self.client), url.to_owned(), collected(headers));
        Ok(PostResponse {
            post_body,
            headers,
            body,
        })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.base.clone()
    }
}

fn collected(headers: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    headers
        .into_iter()
        .map(|line| line.as_ref().to_owned())
        .collect()
}

/// The wait that a server asks for, in the form that counts seconds.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

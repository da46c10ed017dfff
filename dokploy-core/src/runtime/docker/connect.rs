//! The way to the engine: a socket, a TCP port or a TLS port, and the version of the API that is spoken there.

mod address;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker, body_full};
use bytes::Bytes;
use futures::Stream;
use http_body_util::{BodyExt, Collected, Either, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tower_service::Service;

use self::address::Address;
use super::DockerOptions;
use crate::error::{Error, ErrorKind, Result};

type BollardError = bollard::errors::Error;

/// What is read of an answer that is no success.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// The oldest version of the API that has all that is used here.
const OLDEST: ApiVersion = ApiVersion(1, 41);
/// The newest version whose answers are understood.
const NEWEST: ApiVersion = ApiVersion(
    API_DEFAULT_VERSION.major_version,
    API_DEFAULT_VERSION.minor_version,
);

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// An engine: connects anew for every request, so that a restarted engine is never met with a dead connection
/// and a dropped request always closes its own.
pub(super) struct Engine {
    client: Client<Connector, Body>,
    host: String,
    is_local: bool,
    version: OnceCell<ApiVersion>,
    timeout: Duration,
}

/// What is sent as a request's body: bollard's type, which it keeps to itself.
pub(super) type Body = Either<Full<Bytes>, StreamBody<Frames>>;

type Frames = Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>;

impl Engine {
    /// Prepares the way; nothing is sent before the first request.
    pub(super) fn new(options: &DockerOptions) -> Result<Self> {
        let address = Address::parse(&options.host, options.tls.as_ref())?;
        let host = address.authority();
        let is_local = address.is_local();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(Connector(Arc::new(address)));
        Ok(Self {
            client,
            host,
            is_local,
            version: OnceCell::new(),
            timeout: options.timeout,
        })
    }

    /// The client of everything but builds.
    pub(super) fn docker(self: &Arc<Self>) -> Result<Docker> {
        let engine = Arc::clone(self);
        let transport = move |request: BollardRequest| {
            let engine = Arc::clone(&engine);
            async move { engine.send(request).await }
        };
        Docker::connect_with_custom_transport(
            transport,
            Some(format!("http://{}", self.host)),
            self.timeout.as_secs().max(1),
            API_DEFAULT_VERSION,
        )
        .map_err(super::error::during("connect"))
    }

    /// Whether it runs on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }

    /// How long a request may take to be answered; a stream may then go on for longer.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The version of the API that is spoken with this engine.
    pub(super) async fn api_version(&self) -> Result<ApiVersion, BollardError> {
        self.version
            .get_or_try_init(|| self.negotiate())
            .await
            .copied()
    }

    async fn negotiate(&self) -> Result<ApiVersion, BollardError> {
        let request = Request::get(self.uri("/_ping")?).body(body_full(Bytes::new()))?;
        let response = tokio::time::timeout(self.timeout, self.client.request(request))
            .await
            .map_err(|_| BollardError::RequestTimeoutError)??;
        let reported = response
            .headers()
            .get("api-version")
            .and_then(|value| ApiVersion::parse(value.to_str().ok()?))
            .ok_or(BollardError::APIVersionParseError {})?;
        if reported < OLDEST {
            let error = Error::new(
                ErrorKind::Unsupported,
                format!("the engine speaks version {reported} of its API, {OLDEST} is the oldest that is supported"),
            )
            .with_hint("install Docker 20.10 or newer");
            return Err(io::Error::new(io::ErrorKind::Unsupported, error).into());
        }
        Ok(reported.min(NEWEST))
    }

    /// Sends a request whose address has no version yet.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, BollardError> {
        let version = self.api_version().await?;
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        *request.uri_mut() = self.uri(&format!("/v{version}{path}"))?;
        make_url_safe(&mut request, "x-registry-auth");
        make_url_safe(&mut request, "x-registry-config");
        Ok(self.client.request(request).await?)
    }

    /// Sends a request and turns an answer that is no success into an error.
    pub(super) async fn answer(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, BollardError> {
        let response = self.send(request).await?;
        let status = response.status();
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let body = Limited::new(response.into_body(), REFUSAL_BYTES_MAX)
            .collect()
            .await
            .map(Collected::to_bytes)
            .unwrap_or_default();
        let message = match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => refusal.message,
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(BollardError::DockerResponseServerError {
            status_code: status.as_u16(),
            message,
        })
    }

    /// The same, unless the engine takes too long to begin its answer.
    pub(super) async fn answer_in_time(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, BollardError> {
        tokio::time::timeout(self.timeout, self.answer(request))
            .await
            .map_err(|_| BollardError::RequestTimeoutError)?
    }

    fn uri(&self, path: &str) -> Result<Uri, BollardError> {
        Ok(format!("http://{}{path}", self.host).parse()?)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("host", &self.host)
            .field("version", &self.version.get())
            .finish_non_exhaustive()
    }
}

/// bollard encodes credentials with the standard alphabet. The engine reads the URL-safe one and takes what it
/// cannot read for "no credentials", so that some passwords would silently not be sent.
fn make_url_safe(request: &mut Request<Body>, name: &'static str) {
    if let Some(value) = request.headers_mut().get_mut(HeaderName::from_static(name)) {
        let safe = value.as_bytes().iter().map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        });
        if let Ok(mut safe) = HeaderValue::from_bytes(&safe.collect::<Vec<_>>()) {
            safe.set_sensitive(true);
            *value = safe;
        }
    }
}

/// A version of the engine's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion(usize, usize);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Opens connections to one address.
#[derive(Clone)]
struct Connector(Arc<Address>);

impl Service<Uri> for Connector {
    type Response = TokioIo<EngineStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let address = Arc::clone(&self.0);
        Box::pin(async move { Ok(TokioIo::new(open(&address).await?)) })
    }
}

async fn open(address: &Address) -> io::Result<EngineStream> {
    Ok(EngineStream(match address {
        #[cfg(unix)]
        Address::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        Address::Tcp { host, port } => Box::new(open_tcp(host, *port).await?),
        Address::Tls {
            host,
            port,
            name,
            connector,
        } => {
            let stream = open_tcp(host, *port).await?;
            Box::new(connector.connect(name.clone(), stream).await?)
        }
    }))
}

async fn open_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection of any kind.
struct EngineStream(Box<dyn Duplex>);

impl Connection for EngineStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for EngineStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for EngineStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    /// Something that answers every request as an engine of one version of the API, and keeps what it was asked.
    struct Pretender {
        engine: Arc<Engine>,
        asked: Arc<Mutex<Vec<String>>>,
        _task: JoinSet<()>,
    }

    impl Pretender {
        async fn start(version: &'static str) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let asked = Arc::new(Mutex::new(Vec::new()));
            let mut task = JoinSet::new();
            let keep = Arc::clone(&asked);
            task.spawn(async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    let mut head = vec![0; 4096];
                    let length = client.read(&mut head).await.unwrap();
                    keep.lock()
                        .unwrap()
                        .push(String::from_utf8_lossy(&head[..length]).into_owned());
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nApi-Version: {version}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
                    );
                    client.write_all(answer.as_bytes()).await.unwrap();
                }
            });
            let options = DockerOptions {
                host: format!("tcp://{address}"),
                ..DockerOptions::default()
            };
            Self {
                engine: Arc::new(Engine::new(&options).unwrap()),
                asked,
                _task: task,
            }
        }

        fn lines(&self) -> Vec<String> {
            let asked = self.asked.lock().unwrap();
            let first_line = |head: &String| head.lines().next().map(str::to_owned);
            asked.iter().filter_map(first_line).collect()
        }
    }

    #[tokio::test]
    async fn the_engines_version_is_asked_once_and_then_spoken() {
        let pretender = Pretender::start("1.41").await;
        let docker = pretender.engine.docker().unwrap();
        docker.info().await.unwrap();
        docker.info().await.unwrap();
        assert_eq!(
            pretender.lines(),
            [
                "GET /_ping HTTP/1.1",
                "GET /v1.41/info HTTP/1.1",
                "GET /v1.41/info HTTP/1.1"
            ]
        );
    }

    #[tokio::test]
    async fn of_a_newer_engine_only_what_is_known_is_spoken_and_an_older_one_is_refused() {
        let newer = Pretender::start("1.99").await;
        assert_eq!(newer.engine.api_version().await.unwrap(), NEWEST);
        let older = Pretender::start("1.40").await;
        let refused = older.engine.docker().unwrap().info().await.unwrap_err();
        let error = super::super::error::during("info")(refused);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("1.40"), "{error}");
        assert!(error.hint().is_some());
    }

    #[tokio::test]
    async fn credentials_are_sent_in_the_alphabet_that_the_engine_reads() {
        let pretender = Pretender::start("1.41").await;
        let credentials = bollard::auth::DockerCredentials {
            password: Some("~~~???>>>".to_owned()),
            ..bollard::auth::DockerCredentials::default()
        };
        let docker = pretender.engine.docker().unwrap();
        // The answer is no digest; what matters is the question.
        docker
            .inspect_registry_image("app", Some(credentials))
            .await
            .unwrap_err();
        let asked = pretender.asked.lock().unwrap().join("\n").to_lowercase();
        let (_, header) = asked.split_once("x-registry-auth: ").unwrap();
        let value = header.lines().next().unwrap();
        assert!(!value.contains(['+', '/']), "{value}");
        assert!(value.contains(['-', '_']), "{value}");
    }
}

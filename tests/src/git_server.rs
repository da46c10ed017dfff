//! A git server over http on loopback: a small CGI server for `git http-backend` that keeps a log of its requests
//! and misbehaves on demand.

#![expect(
    clippy::unwrap_used,
    reason = "a test that has no server fails by panicking"
)]
#![expect(
    clippy::missing_panics_doc,
    reason = "every one of these panics when the test cannot go on"
)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Git without anybody's configuration.
#[expect(
    clippy::disallowed_methods,
    reason = "git's own program makes and serves the repositories of tests"
)]
pub fn command() -> Command {
    let mut command = Command::new("git");
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ann Author")
        .env("GIT_AUTHOR_EMAIL", "ann@example.com")
        .env("GIT_COMMITTER_NAME", "Carl Committer")
        .env("GIT_COMMITTER_EMAIL", "carl@example.com")
        .env("GIT_COMMITTER_DATE", "2026-01-31T12:00:00Z");
    command
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Behavior {
    /// What git does.
    Serve,
    /// The same for those who send this header, `401` for everybody else.
    Require(String),
    /// Sends everybody to the same path below another address.
    Redirect(String),
    /// Reads the request and never answers.
    Hang,
    /// Answers with these bytes, header included.
    Raw(Vec<u8>),
    /// Answers `GET` as git does, and closes the connection after this many bytes of the answer to a `POST`.
    CutAfter(usize),
    /// Answers as git does, with a pause after each piece of this many bytes.
    Slow(usize, Duration),
    /// Answers `GET` as git does, and sends nothing more than the header of the answer to a `POST`.
    HangInPack,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Headers in their order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Bytes of the answer's body.
    pub sent: usize,
}

impl Received {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    behavior: Mutex<Behavior>,
    /// Whether clients may speak version 2 of the protocol.
    modern: bool,
    log: Mutex<Vec<Received>>,
    /// Bytes of all answers.
    sent: AtomicUsize,
    tls: Option<Arc<ServerConfig>>,
}

/// A running server. It stops serving new connections when it is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Serves every repository below a directory.
    pub fn start(root: &Path) -> Self {
        Self::with(root, true, None)
    }

    /// The same, as a server before version 2 of the protocol.
    pub fn start_old(root: &Path) -> Self {
        Self::with(root, false, None)
    }

    /// The same, over TLS.
    pub fn start_tls(root: &Path, tls: ServerConfig) -> Self {
        Self::with(root, true, Some(Arc::new(tls)))
    }

    fn with(root: &Path, modern: bool, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            behavior: Mutex::new(Behavior::Serve),
            modern,
            log: Mutex::default(),
            sent: AtomicUsize::new(0),
            tls,
        });
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(shared) = weak.upgrade() else { return };
                let stream = stream.unwrap();
                std::thread::spawn(move || {
                    // A client that goes away is no failure of the server.
                    let _ = shared.connection(stream);
                });
            }
        });
        Self { shared, address }
    }

    /// The address of a repository.
    pub fn url(&self, repository: &str) -> String {
        let scheme = if self.shared.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}/{repository}", self.address)
    }

    /// Sets what it does with requests from now on.
    pub fn behave(&self, behavior: Behavior) {
        *self.shared.behavior.lock().unwrap() = behavior;
    }

    /// Everything that was received since the last call.
    pub fn take_log(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.log.lock().unwrap())
    }

    /// Bytes of all answers since the start.
    pub fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Waits until a request arrived.
    pub async fn received(&self) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.shared.log.lock().unwrap().is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "no request arrived");
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Wakes the listener up, which then finds that nobody is left to serve for.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn connection(&self, stream: TcpStream) -> io::Result<()> {
        match &self.tls {
            None => self.serve(stream),
            Some(config) => {
                let session =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                self.serve(StreamOwned::new(session, stream))
            }
        }
    }

    fn serve(&self, stream: impl Read + Write) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let request = read_request(&mut stream)?;
            let index = {
                let mut log = self.log.lock().unwrap();
                log.push(request.clone());
                log.len() - 1
            };
            let behavior = self.behavior.lock().unwrap().clone();
            let sent = self.react(stream.get_mut(), &request, &behavior)?;
            stream.get_mut().flush()?;
            if let Some(received) = self.log.lock().unwrap().get_mut(index) {
                received.sent = sent;
            }
        }
    }

    fn react(
        &self,
        stream: &mut (impl Read + Write),
        request: &Received,
        behavior: &Behavior,
    ) -> io::Result<usize> {
        match behavior {
            Behavior::Require(value) if request.header("authorization") != Some(value) => stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\r\n")
                .map(|()| 0),
            Behavior::Redirect(to) => write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {to}{}\r\nContent-Length: 0\r\n\r\n",
                request.path
            )
            .map(|()| 0),
            Behavior::Raw(bytes) => {
                stream.write_all(bytes)?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Behavior::Hang => wait_for_end(stream),
            behavior => self.answer(stream, request, behavior),
        }
    }

    /// Runs the CGI program and passes its answer on.
    fn answer(
        &self,
        stream: &mut (impl Read + Write),
        request: &Received,
        behavior: &Behavior,
    ) -> io::Result<usize> {
        let mut backend = self.backend(request)?;
        backend.stdin.take().unwrap().write_all(&request.body)?;
        let mut output = BufReader::new(backend.stdout.take().unwrap());
        let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
        for line in (&mut output).lines() {
            let line = line?;
            match line.strip_prefix("Status: ") {
                Some(value) => value.clone_into(&mut status),
                None if line.is_empty() => break,
                None => headers += &(line + "\r\n"),
            }
        }
        write!(
            stream,
            "HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n"
        )?;
        let is_post = request.method == "POST";
        if is_post && matches!(behavior, Behavior::HangInPack) {
            stream.flush()?;
            return wait_for_end(stream);
        }
        let (piece, pause, most) = match behavior {
            Behavior::Slow(piece, pause) => (*piece, *pause, usize::MAX),
            Behavior::CutAfter(most) if is_post => (*most, Duration::ZERO, *most),
            _ => (64 * 1024, Duration::ZERO, usize::MAX),
        };
        let mut buffer = vec![0; piece];
        let mut sent = 0;
        while sent < most {
            let amount = output.read(&mut buffer)?;
            write!(stream, "{amount:x}\r\n")?;
            stream.write_all(&buffer[..amount])?;
            stream.write_all(b"\r\n")?;
            if amount == 0 {
                backend.wait()?;
                return Ok(sent);
            }
            sent += amount;
            self.sent.fetch_add(amount, Ordering::SeqCst);
            pause_for(pause);
        }
        drop(output);
        backend.wait()?;
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    fn backend(&self, request: &Received) -> io::Result<std::process::Child> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut backend = command();
        backend
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env(
                "CONTENT_TYPE",
                request.header("content-type").unwrap_or_default(),
            )
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("REMOTE_USER", "test")
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(protocol) = request.header("git-protocol").filter(|_| self.modern) {
            backend.env("GIT_PROTOCOL", protocol);
        }
        backend.spawn()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slow server has its own thread, which may sleep"
)]
fn pause_for(pause: Duration) {
    if !pause.is_zero() {
        std::thread::sleep(pause);
    }
}

/// Waits until the client gives up.
fn wait_for_end(stream: &mut impl Read) -> io::Result<usize> {
    io::copy(stream, &mut io::sink())?;
    Err(io::ErrorKind::ConnectionAborted.into())
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Received> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut request = Received {
        method,
        path,
        headers,
        body: Vec::new(),
        sent: 0,
    };
    let length = request
        .header("content-length")
        .and_then(|value| value.parse().ok());
    request.body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

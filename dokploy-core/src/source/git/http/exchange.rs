//! A request whose body is written before its answer is read, in the shape that gix wants it.
//!
//! gix takes the writer and both readers of a POST at once. The request is therefore sent when the first byte of its
//! answer is asked for; what gix posts is a few kilobytes of object ids.

use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::http::{Response, header};
use ureq::{Body, BodyReader};

use super::Client;

/// Size of the buffer between the connection and the pack parser, in bytes.
const BUFFER_SIZE: usize = 64 * 1024;

type Reader = BufReader<BodyReader<'static>>;

enum State {
    Writing {
        client: Arc<Client>,
        url: String,
        headers: Vec<String>,
        body: Vec<u8>,
    },
    Answered(Option<Response<Body>>),
}

#[derive(Clone)]
pub(in crate::source::git) struct Exchange(Arc<Mutex<State>>);

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the answer to `read`, after sending the request where that has not happened yet.
    fn answer<T>(&self, read: impl FnOnce(&mut Option<Response<Body>>) -> T) -> io::Result<T> {
        let mut state = self.lock();
        if let State::Writing {
            client,
            url,
            headers,
            body,
        } = &*state
        {
            let answer = client.post(url, headers, body);
            *state = State::Answered(None);
            *state = State::Answered(Some(answer?));
        }
        match &mut *state {
            State::Answered(response) => Ok(read(response)),
            State::Writing { .. } => Err(broken()),
        }
    }
}

/// Where gix writes the body of a request.
pub(in crate::source::git) struct RequestBody(Exchange);

impl Write for RequestBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock() {
            State::Writing { body, .. } => body.write(bytes),
            State::Answered(_) => Err(broken()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What of the headers gix looks at: the content type.
pub(in crate::source::git) enum LateHeaders {
    Late(Exchange),
    Ready(Cursor<Vec<u8>>),
}

impl LateHeaders {
    fn ready(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if let Self::Late(exchange) = self {
            *self = Self::Ready(exchange.answer(|response| content_type(response.as_ref()))?);
        }
        match self {
            Self::Ready(text) => Ok(text),
            Self::Late(_) => Err(broken()),
        }
    }
}

impl Read for LateHeaders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ready()?.read(buffer)
    }
}

impl BufRead for LateHeaders {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ready()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Self::Ready(text) = self {
            text.consume(amount);
        }
    }
}

/// The body of an answer.
pub(in crate::source::git) enum LateBody {
    Late(Exchange),
    Ready(Box<Reader>),
}

impl LateBody {
    fn ready(&mut self) -> io::Result<&mut Reader> {
        if let Self::Late(exchange) = self {
            let response = exchange.answer(Option::take)?.ok_or_else(broken)?;
            *self = Self::Ready(Box::new(reader(response)));
        }
        match self {
            Self::Ready(reader) => Ok(reader),
            Self::Late(_) => Err(broken()),
        }
    }
}

impl Read for LateBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ready()?.read(buffer)
    }
}

impl BufRead for LateBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ready()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Self::Ready(reader) = self {
            reader.consume(amount);
        }
    }
}

/// Splits an answer that is there.
pub(super) fn answered(response: Response<Body>) -> (LateHeaders, LateBody) {
    let headers = LateHeaders::Ready(content_type(Some(&response)));
    (headers, LateBody::Ready(Box::new(reader(response))))
}

/// Prepares a request whose body is still to be written.
pub(super) fn pending(
    client: Arc<Client>,
    url: String,
    headers: Vec<String>,
) -> (RequestBody, LateHeaders, LateBody) {
    let state = State::Writing {
        client,
        url,
        headers,
        body: Vec::new(),
    };
    let exchange = Exchange(Arc::new(Mutex::new(state)));
    let headers = LateHeaders::Late(exchange.clone());
    (
        RequestBody(exchange.clone()),
        headers,
        LateBody::Late(exchange),
    )
}

fn content_type(response: Option<&Response<Body>>) -> Cursor<Vec<u8>> {
    let value = response.and_then(|response| response.headers().get(header::CONTENT_TYPE));
    let value = value.map(header::HeaderValue::as_bytes).unwrap_or_default();
    Cursor::new([b"content-type: ", value, b"\n"].concat())
}

fn reader(response: Response<Body>) -> Reader {
    BufReader::with_capacity(BUFFER_SIZE, response.into_body().into_reader())
}

fn broken() -> io::Error {
    io::Error::other("an answer is read only once, after its request was written")
}

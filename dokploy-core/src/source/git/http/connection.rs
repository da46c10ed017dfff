//! Connections for ureq that are made, read and written through a [`Link`].

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};

use crate::source::git::link::Link;

/// Size of the input buffer, in bytes.
pub(super) const BUFFER_SIZE: usize = 128 * 1024;

/// Resolves nothing: [`Link::connect`] resolves a name and connects to it in one step.
#[derive(Debug)]
pub(super) struct Addresses;

impl Resolver for Addresses {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Makes plain connections; TLS is put on top where the address asks for it.
#[derive(Debug)]
pub(super) struct Connections(Arc<Link>);

impl Connections {
    pub(super) fn over(link: Arc<Link>) -> impl Connector {
        Self(link).chain(RustlsConnector::default())
    }
}

impl Connector for Connections {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        let host = details
            .uri
            .host()
            .ok_or_else(|| Error::BadUri("names no host".to_owned()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = details
            .uri
            .port_u16()
            .unwrap_or(if details.needs_tls() { 443 } else { 80 });
        let stream = self.0.connect_blocking(host, port)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Connection {
            link: Arc::clone(&self.0),
            stream,
            buffers,
            open: true,
        }))
    }
}

/// A connection whose every wait the link bounds.
pub(super) struct Connection {
    link: Arc<Link>,
    stream: TcpStream,
    buffers: LazyBuffers,
    open: bool,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        let written = self.link.wait(self.stream.write_all(output));
        self.open &= written.is_ok();
        Ok(written?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let input = self.buffers.input_append_buf();
        let read = self.link.wait(self.stream.read(input));
        self.open &= matches!(read, Ok(1..));
        let amount = read?;
        self.link.received(amount)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // Whatever is readable between two answers is an end or a protocol error.
        self.open
            && matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

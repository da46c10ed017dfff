//! A connection that can fall silent: nothing is closed, and nothing arrives any more.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections to another address until it is told to hold them.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    silent: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, watched) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(target.as_str()).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                connections.spawn(forward(from_client, to_server, watched.clone()));
                connections.spawn(forward(from_server, to_client, watched.clone()));
            }
        });
        Self {
            address,
            silent,
            _tasks: tasks,
        }
    }

    pub(crate) fn set_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silent: watch::Receiver<bool>,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let closed = silent.wait_for(|silent| !silent).await.is_err();
        if closed || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

//! The way out of a socket, which notices when the client does not read.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::SinkExt;
use tokio::time::timeout;

/// How long one message may take to leave before the client counts as slow.
const SLOW_AFTER: Duration = Duration::from_secs(10);

/// How long a slow client is waited for before the connection is cut.
const CUT_AFTER: Duration = Duration::from_secs(60);

/// How long somebody to whom goodbye was said may take to say it, too.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// The connection is gone.
#[derive(Debug)]
pub(super) struct Gone;

/// Sends a message: it is on its way. Answers whether it has left; otherwise nothing further should follow before
/// [`caught_up`], so that no more than one message waits in a connection.
pub(super) async fn send(socket: &mut WebSocket, message: Message) -> Result<bool, Gone> {
    patiently(socket.feed(message)).await?;
    match timeout(SLOW_AFTER, socket.flush()).await {
        Ok(flushed) => flushed.map(|()| true).map_err(|_| Gone),
        Err(_) => Ok(false),
    }
}

/// Waits until a slow client has read what was sent to it.
pub(super) async fn caught_up(socket: &mut WebSocket) -> Result<(), Gone> {
    patiently(socket.flush()).await
}

async fn patiently(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), Gone> {
    match timeout(CUT_AFTER, sending).await {
        Ok(sent) => sent.map_err(|_| Gone),
        Err(_) => Err(Gone),
    }
}

/// Says goodbye, to whoever listens.
pub(super) async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let goodbye = async {
        socket.send(Message::Close(Some(frame))).await?;
        // The other end closes the connection when it has read that.
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<_, axum::Error>(())
    };
    // Whoever does not answer is gone in any case.
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

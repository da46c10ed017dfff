//! Where the tar goes: chunks of one size, through a bounded channel.

use std::io::{self, Write};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::CHUNK_BYTES;
use crate::error::{Error, ErrorKind, Result};

/// Collects bytes into chunks and waits, on its own thread, until the receiver has room for one.
#[derive(Debug)]
pub(super) struct ChunkSink {
    sender: mpsc::Sender<Bytes>,
    chunk: Vec<u8>,
}

impl ChunkSink {
    pub(super) fn new(sender: mpsc::Sender<Bytes>) -> Self {
        Self {
            sender,
            chunk: Vec::with_capacity(CHUNK_BYTES),
        }
    }

    /// Sends the last chunk.
    pub(super) fn finish(mut self) -> Result<()> {
        self.send().map_err(|_| gone())
    }

    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        self.sender
            .blocking_send(chunk.into())
            .map_err(|_| io::Error::other(gone()))
    }
}

impl Write for ChunkSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.send()?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "nobody waits for the build context any more",
    )
}

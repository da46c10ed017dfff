//! What one call may do on the network: whom it may reach, how long it may wait, and until when.
//!
//! gix and its transports block. Every wait of theirs goes through a [`Link`], which drives the socket on the
//! runtime, so that a hung peer is left the moment the call is cancelled.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Error, ErrorKind, Result, Retry};
use crate::source::NetworkPolicy;

/// How long a call waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a connection, to each address.
    pub(super) connect: Duration,
    /// For the next byte.
    pub(super) idle: Duration,
    /// For everything.
    pub(super) total: Duration,
}

/// The network as one call sees it.
#[derive(Debug)]
pub(super) struct Link {
    runtime: Handle,
    policy: NetworkPolicy,
    patience: Patience,
    deadline: Instant,
    cancel: CancellationToken,
    /// What gix asks between two steps that do not wait.
    interrupted: AtomicBool,
    /// Bytes that may still be received.
    left: AtomicU64,
    /// Why the call ended, in our own words. The layers between here and the caller only know that reading failed.
    cause: Mutex<Option<Error>>,
}

impl Link {
    /// Must be made within a tokio runtime.
    pub(super) fn new(
        policy: NetworkPolicy,
        patience: Patience,
        cancel: &CancellationToken,
    ) -> Self {
        Self {
            runtime: Handle::current(),
            policy,
            patience,
            deadline: Instant::now() + patience.total,
            cancel: cancel.child_token(),
            interrupted: AtomicBool::new(false),
            left: AtomicU64::new(0),
            cause: Mutex::new(None),
        }
    }

    /// Stops everything when it is dropped, so that a caller who is gone is not worked for.
    pub(super) fn guard(&self) -> DropGuard {
        self.cancel.clone().drop_guard()
    }

    /// Runs blocking work to its end, which comes early once the call is cancelled or its time is up.
    pub(super) async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        let result = tokio::select! {
            biased;
            result = &mut work => result,
            () = self.watch() => work.await,
        };
        result.map_err(|error| {
            if self.cancel.is_cancelled() {
                cancelled()
            } else {
                error
            }
        })
    }

    /// Flag that makes gix stop.
    pub(super) fn interrupted(&self) -> &AtomicBool {
        &self.interrupted
    }

    /// Waits for the cancellation or the deadline, then makes gix stop. Never returns before.
    async fn watch(&self) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep_until(self.deadline) => {
                self.record(timed_out("the transfer took too long"));
            }
        }
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Sets how much may be received from now on.
    pub(super) fn allow(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    /// Counts what was received; an error once it is more than allowed.
    pub(super) fn received(&self, bytes: usize) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        let left = left.checked_sub(bytes as u64).ok_or_else(|| {
            let error = Error::new(
                ErrorKind::SourceFailed,
                "the repository is larger than allowed",
            );
            self.fail(error.with_hint(
                "raise the limit of a transfer, or keep large files out of the repository",
            ))
        })?;
        self.left.store(left, Ordering::Relaxed);
        Ok(())
    }

    /// Fails once the call is cancelled or its time is up.
    pub(super) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(self.explain(|| timed_out("the transfer took too long")));
        }
        Ok(())
    }

    /// Keeps the first reason for a failure, and gives the layers above something to pass on.
    pub(super) fn fail(&self, error: Error) -> io::Error {
        let message = error.message().to_owned();
        self.record(error);
        io::Error::other(message)
    }

    /// The reason that was kept, or else the given one. Cancellation outdoes both.
    pub(super) fn explain(&self, otherwise: impl FnOnce() -> Error) -> Error {
        if self.cancel.is_cancelled() {
            return cancelled();
        }
        let kept = self
            .cause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        kept.unwrap_or_else(otherwise)
    }

    fn record(&self, error: Error) {
        self.cause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    /// Blocks until `future` is done, the peer is silent for too long, or the call ends.
    pub(super) fn wait<T>(&self, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let future = async {
            future
                .await
                .map_err(|error| unavailable("the connection to the server broke", error))
        };
        self.wait_for(future).map_err(|error| self.fail(error))
    }

    /// The same for a future that has its own reasons to fail.
    pub(super) fn wait_for<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime
            .block_on(self.bounded(self.patience.idle, "the server is silent", future))
    }

    async fn bounded<T>(
        &self,
        limit: Duration,
        late: &str,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let until = self.deadline.min(Instant::now() + limit);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(cancelled()),
            result = tokio::time::timeout_at(until, future) => {
                result.unwrap_or_else(|_| Err(timed_out(late)))
            }
        }
    }

    /// Connects from a blocking thread, like [`Link::connect`].
    pub(super) fn connect_blocking(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        self.runtime
            .block_on(self.connect(host, port))
            .map_err(|error| self.fail(error))
    }

    /// Resolves a name and connects to the first address that the policy allows and that answers. The address that
    /// was checked is the one that is connected to, so that a name cannot change its meaning in between.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream> {
        let limit = self.patience.connect;
        let late = format!("{host}:{port} does not answer");
        let lookup = async {
            let found = tokio::net::lookup_host((host, port)).await;
            found
                .map(Iterator::collect::<Vec<_>>)
                .map_err(|error| unavailable(&format!("the name {host} cannot be resolved"), error))
        };
        let found = self.bounded(limit, &late, lookup).await?;
        let mut last = Error::new(
            ErrorKind::Unavailable,
            format!("the name {host} has no address"),
        );
        for address in self.allowed(host, found)? {
            let connect = async {
                TcpStream::connect(address).await.map_err(|error| {
                    unavailable(&format!("cannot connect to {host}:{port}"), error)
                })
            };
            match self.bounded(limit, &late, connect).await {
                Ok(stream) => {
                    // Requests are small and answered one by one; waiting to fill a packet only costs time.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
            self.check()?;
        }
        Err(last)
    }

    /// The addresses that the policy allows; an error when it allows none.
    fn allowed(&self, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
        let mut refusal = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.policy.check_host_addr(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => refusal = Some(error),
            }
        }
        match refusal {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "fetching the source was cancelled")
}

fn unavailable(message: &str, cause: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_source(cause)
}

fn timed_out(message: &str) -> Error {
    Error::new(ErrorKind::TimedOut, message).with_retry(Retry::After(None))
}

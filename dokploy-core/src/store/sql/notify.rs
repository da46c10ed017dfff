//! Signals over the notifications of PostgreSQL, for processes that share a database and no Redis.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};

use super::session::Pools;
use super::{SqlStore, error};
use crate::bus::{Inlet, Outlet, SharedBus};
use crate::error::Result;

/// The channel within the database.
const CHANNEL: &str = "dokploy_signals";

/// Sends a message; a function, because `NOTIFY` takes no parameters.
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// How long a notification may take.
const SEND_WAIT_MAX: Duration = Duration::from_secs(1);

/// How long a listener that failed waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a connection that only listens is asked whether it still lives, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(10);

impl SqlStore {
    /// A bus between all processes that use this database, where it can carry one: PostgreSQL can. It has two
    /// connections of its own, so that nothing else waits for it.
    pub fn bus(&self) -> Option<SharedBus> {
        match &self.database.pools {
            Pools::Postgres(pool) => Some(over(pool)),
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { .. } => None,
        }
    }
}

fn over(pool: &PgPool) -> SharedBus {
    let pool = |connections| {
        let connect = pool.connect_options().as_ref().clone();
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(SEND_WAIT_MAX)
            .connect_lazy_with(connect)
    };
    let listening = Listening {
        pool: pool(1),
        listener: None,
    };
    SharedBus::over(Notifying(pool(1)), listening)
}

struct Notifying(PgPool);

#[async_trait]
impl Outlet for Notifying {
    async fn send(&self, message: Vec<u8>) -> Result<()> {
        let message = String::from_utf8_lossy(&message);
        let notify = sqlx::query(NOTIFY).bind(CHANNEL).bind(message.as_ref());
        match tokio::time::timeout(SEND_WAIT_MAX, notify.execute(&self.0)).await {
            Ok(sent) => sent.map(|_| ()).map_err(error::convert),
            Err(_) => Err(error::silent(SEND_WAIT_MAX)),
        }
    }
}

struct Listening {
    pool: PgPool,
    listener: Option<PgListener>,
}

impl Listening {
    /// The next message, or nothing after a while without one, when the connection was seen to live.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, sqlx::Error> {
        let mut listener = match self.listener.take() {
            Some(listener) => listener,
            None => {
                let mut listener = PgListener::connect_with(&self.pool).await?;
                listener.listen(CHANNEL).await?;
                listener
            }
        };
        let message = match tokio::time::timeout(PING_INTERVAL, listener.recv()).await {
            Ok(message) => Some(message?.payload().as_bytes().to_vec()),
            Err(_) => {
                let ping = sqlx::query("SELECT 1").execute(&mut listener);
                let answer = tokio::time::timeout(PING_INTERVAL, ping).await;
                answer.map_err(|_| sqlx::Error::PoolTimedOut)??;
                None
            }
        };
        // One that failed, or was not waited for, is not used again.
        self.listener = Some(listener);
        Ok(message)
    }
}

#[async_trait]
impl Inlet for Listening {
    async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.next().await {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(error = %error, "signals of other processes are not heard");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

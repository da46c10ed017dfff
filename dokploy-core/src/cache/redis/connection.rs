//! A connection to Redis that is never waited for long, and that may be away at any time.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fred::clients::{Client, WithOptions};
use fred::error::{Error as RedisError, ErrorKind as RedisErrorKind};
use fred::interfaces::{ClientLike, EventInterface, KeysInterface, LuaInterface, PubsubInterface};
use fred::types::config::{
    Config, ConnectionConfig, Options, PerformanceConfig, ReconnectPolicy, UnresponsiveConfig,
};
use fred::types::{Expiration, Message, RespVersion, Value};
use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// How long one answer is waited for. Redis answers within a millisecond, or something is wrong with it.
const ANSWER_WAIT_MAX: Duration = Duration::from_millis(250);

/// A connection that owes an answer for so long is given up, so that nothing waits for it any more.
const SILENCE_MAX: Duration = Duration::from_millis(500);

/// How long nobody asks after an answer did not come. Each question makes the connection look alive to the client,
/// which gives it up only when it owes an answer to the last one.
const REST: Duration = Duration::from_secs(1);

/// How long a new connection, and the greetings on it, may take.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long the first connection is waited for at the start.
const START_WAIT_MAX: Duration = Duration::from_secs(1);

/// Messages that may wait for whoever listens.
const MESSAGES_MAX: usize = 1024;

/// The longest time that something is kept, because Redis refuses what its clock cannot say.
pub(super) const TTL_MAX: Duration = Duration::from_hours(24 * 365 * 10);

/// The schemes of a URL that can be connected to.
const SCHEMES: [&str; 12] = [
    "redis",
    "rediss",
    "redis-cluster",
    "rediss-cluster",
    "redis-sentinel",
    "rediss-sentinel",
    "valkey",
    "valkeys",
    "valkey-cluster",
    "valkeys-cluster",
    "valkey-sentinel",
    "valkeys-sentinel",
];

/// Where Redis is, and what the names of everything in it begin with.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// `redis://…`, `rediss://…` for TLS, or with `-cluster` or `-sentinel` added; may hold a password.
    pub url: Secret,
    /// What every key and channel begins with. Installations that share a server need different ones.
    pub prefix: String,
}

/// A connection to Redis. Nothing that goes through it takes longer than about a quarter of a second: when Redis is
/// away everything fails at once, and the connection comes back by itself.
pub struct RedisConnection {
    client: Client,
    commands: WithOptions<Client>,
    prefix: String,
    is_away: AtomicBool,
    /// When an answer did not come for the last time.
    unanswered: Mutex<Option<Instant>>,
    /// Drives the connection, and ends with it.
    _driver: AbortOnDropHandle<Result<(), RedisError>>,
}

impl RedisConnection {
    /// Begins to connect, and waits a moment for it. A server that is away is no error: it may come back.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a URL that cannot be used.
    pub async fn open(options: &RedisOptions) -> Result<Self> {
        let client = Client::new(
            config(&options.url)?,
            Some(PerformanceConfig {
                default_command_timeout: ANSWER_WAIT_MAX,
                broadcast_channel_capacity: MESSAGES_MAX,
                ..PerformanceConfig::default()
            }),
            Some(ConnectionConfig {
                connection_timeout: CONNECT_WAIT_MAX,
                internal_command_timeout: CONNECT_WAIT_MAX,
                // What was sent and not answered may have been done: counting it again would count it twice.
                max_command_attempts: 1,
                unresponsive: UnresponsiveConfig {
                    max_timeout: Some(SILENCE_MAX),
                    interval: SILENCE_MAX / 4,
                },
                ..ConnectionConfig::default()
            }),
            // For ever, at first soon and then every two seconds.
            Some(ReconnectPolicy::new_exponential(0, 100, 2_000, 2)),
        );
        let driver = AbortOnDropHandle::new(client.connect());
        let connection = Self {
            commands: client.with_options(&Options {
                fail_fast: true,
                ..Options::default()
            }),
            client,
            prefix: options.prefix.clone(),
            is_away: AtomicBool::new(false),
            unanswered: Mutex::default(),
            _driver: driver,
        };
        let connected = connection.client.wait_for_connect();
        if !matches!(
            tokio::time::timeout(START_WAIT_MAX, connected).await,
            Ok(Ok(()))
        ) {
            connection.went_away("it did not answer at the start");
        }
        Ok(connection)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    ///
    /// `unavailable` when it does not.
    pub async fn ping(&self) -> Result<()> {
        self.ask(self.commands.ping(None)).await
    }

    /// The name of a key or a channel, with the prefix of this installation.
    pub(crate) fn name(&self, kind: &str, key: &str) -> String {
        format!("{}:{kind}:{key}", self.prefix)
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.ask(self.commands.get(name)).await
    }

    /// Keeps a value for a time, which is not zero.
    pub(crate) async fn set(&self, name: &str, value: Bytes, ttl: Duration) -> Result<()> {
        let expiration = Some(Expiration::PX(milliseconds(ttl)));
        self.ask(self.commands.set(name, value, expiration, None, false))
            .await
    }

    /// One command for each name: in a cluster they lie on different servers.
    pub(crate) async fn delete(&self, names: &[String]) -> Result<()> {
        let deletions = names.iter().map(|name| self.commands.del(name));
        self.ask(futures::future::try_join_all(deletions))
            .await
            .map(|_: Vec<()>| ())
    }

    /// Runs a script on one key, with whole numbers as arguments and as its answer.
    pub(crate) async fn run(
        &self,
        script: &str,
        name: &str,
        arguments: &[i64],
    ) -> Result<Vec<i64>> {
        let arguments = arguments.to_vec();
        self.ask(self.commands.eval(script.to_owned(), name, arguments))
            .await
    }

    pub(crate) async fn publish(&self, channel: &str, message: Vec<u8>) -> Result<()> {
        let message = Value::from(Bytes::from(message));
        self.ask(self.commands.publish(channel, message)).await
    }

    pub(crate) async fn subscribe(&self, channel: &str) -> Result<()> {
        self.ask(self.commands.subscribe(channel)).await
    }

    /// Messages of the channels that are subscribed to.
    pub(crate) fn messages(&self) -> Receiver<Message> {
        self.client.message_rx()
    }

    /// Resolves after each time that the connection was made, also the first one.
    pub(crate) fn reconnections(&self) -> Receiver<fred::types::config::Server> {
        self.client.reconnect_rx()
    }

    /// Sends a command, unless the last one was not answered, and says in the log when Redis goes away and when it is
    /// back, each time once.
    async fn ask<T>(&self, command: impl Future<Output = Result<T, RedisError>>) -> Result<T> {
        if self.rests() {
            return Err(Error::new(ErrorKind::Unavailable, "redis does not answer"));
        }
        let error = match command.await {
            Ok(value) => {
                if self.is_away.swap(false, Ordering::Relaxed) {
                    tracing::info!("redis answers again");
                }
                return Ok(value);
            }
            Err(error) => error,
        };
        if *error.kind() == RedisErrorKind::Timeout {
            *self.unanswered() = Some(Instant::now());
        }
        let error = convert(&error);
        if error.kind() == ErrorKind::Unavailable {
            self.went_away(&error.causes().join(": "));
        }
        Err(error)
    }

    fn rests(&self) -> bool {
        self.unanswered()
            .is_some_and(|since| since.elapsed() < REST)
    }

    fn unanswered(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn went_away(&self, why: &str) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(why, "redis is away; going on without it");
        }
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

fn config(url: &Secret) -> Result<Config> {
    let scheme = url.expose().split("://").next().unwrap_or_default();
    if !SCHEMES.contains(&scheme) {
        return Err(unusable("has no scheme that is known"));
    }
    let config = Config::from_url(url.expose()).map_err(|error| {
        // The details of a URL that cannot be read may quote it.
        tracing::debug!(kind = ?error.kind(), "the URL of redis cannot be used");
        unusable("cannot be used")
    })?;
    Ok(Config {
        // A server that is away at the start may come later.
        fail_fast: false,
        // The older version can do nothing but listen on a connection that listens.
        version: RespVersion::RESP3,
        ..config
    })
}

fn unusable(what: &str) -> Error {
    Error::invalid_field("redisUrl", what)
        .with_hint("give it as redis://user:password@host:6379/0, or with rediss:// for TLS")
}

/// Milliseconds that Redis accepts: at least one.
fn milliseconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.min(TTL_MAX).as_millis())
        .unwrap_or(i64::MAX)
        .max(1)
}

fn convert(error: &RedisError) -> Error {
    let cause = std::io::Error::other(error.to_string());
    match error.kind() {
        RedisErrorKind::InvalidArgument
        | RedisErrorKind::InvalidCommand
        | RedisErrorKind::Parse => {
            Error::new(ErrorKind::Unexpected, "redis refused a command").with_source(cause)
        }
        _ => Error::new(ErrorKind::Unavailable, "redis does not answer").with_source(cause),
    }
}

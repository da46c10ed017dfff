//! The life of a server: parts, connections, and an end in which nothing is lost.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use dokploy_core::control::{ControlOptions, ControlPlane};
use dokploy_core::monitor::Prometheus;
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{Engine, Error, ErrorKind, Result, Retry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{AppState, listen, router};
use crate::config::{Config, ServerConfig};

/// How long requests may take to finish, and running deployments to be handed back, when the server ends.
const SHUTDOWN_MAX: Duration = Duration::from_secs(30);

/// Runs a server until it is asked to stop. `ready` is told its address; each call of `stop` waits for the next time
/// that somebody asks: after the first one the server ends in order, after the second one at once.
///
/// # Errors
///
/// `invalid_spec` for a setting that cannot be used, `unavailable` when the address is taken or the database does not
/// answer.
pub async fn run(
    config: &Config,
    server: ServerConfig,
    ready: impl FnOnce(SocketAddr) -> Result<()>,
    mut stop: impl AsyncFnMut(),
) -> Result<()> {
    let listener = bind(server.listen).await?;
    let address = listener.local_addr().map_err(|error| {
        Error::new(
            ErrorKind::Unexpected,
            "the address of the listener is not known",
        )
        .with_source(error)
    })?;
    let closing = CancellationToken::new();
    let (engine, state) = assemble(config, server, closing.clone()).await?;
    let seats = state.seats().clone();
    let mut serving = pin!(listen::serve(
        listener,
        router(state.clone()),
        closing.clone()
    ));
    tracing::info!(server.address = %address, "listening");
    ready(address)?;
    tokio::select! {
        () = &mut serving => {}
        () = stop() => tracing::info!("stopping: requests finish, deployments are handed back"),
    }
    closing.cancel();
    let end = async {
        futures::future::join(serving, engine.shutdown()).await;
        state.carried_out().await;
        // Sockets are no connections of HTTP any more: they say goodbye by themselves.
        seats.emptied().await;
    };
    tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_MAX, end) => match ended {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped with something unfinished; leases end by themselves"),
        },
        // Whoever asks once more does not want to wait.
        () = stop() => {}
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::new(
            ErrorKind::Unavailable,
            format!("DOKPLOY_LISTEN is {address}: the address cannot be listened on"),
        )
        .with_source(error)
        .with_retry(Retry::Never)
        .with_hint("end what listens there, or name another address; port 0 picks a free one")
    })
}

/// The engine, and what handlers have at hand.
async fn assemble(
    config: &Config,
    server: ServerConfig,
    closing: CancellationToken,
) -> Result<(Engine, AppState)> {
    let network = NetworkPolicy {
        file_sources: config.allow_file_sources,
        ..NetworkPolicy::strict()
    };
    let mut options = config.open_options(network);
    options.options.initialise_swarm = server.initialise_swarm;
    let engine = Engine::open(options).await?;
    let monitor = match &server.prometheus_url {
        Some(url) => engine
            .monitor()
            .with_prometheus(Prometheus::new(url.expose())?),
        None => engine.monitor(),
    };
    let control = ControlPlane::new(
        engine.clone(),
        ControlOptions {
            monitor: Some(monitor),
            registration: server.registration,
            ..ControlOptions::default()
        },
    );
    let state = AppState::new(engine.clone(), control, server, closing);
    Ok((engine, state))
}

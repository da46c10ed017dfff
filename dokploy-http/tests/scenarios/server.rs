//! Servers: in this process, or `dokploy serve` in one of its own.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use dokploy_core::Engine;
use dokploy_core::control::{ControlOptions, ControlPlane};
use dokploy_http::config::{Environment, ServerConfig};
use dokploy_http::server::{AppState, listen, router};
use dokploy_tests::assembly::Assembly;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The tests ask for more than one person does.
const RATE_LIMIT: (&str, &str) = ("DOKPLOY_RATE_LIMIT", "50000/min");

/// A server that listens.
pub(crate) struct Server {
    pub(crate) url: String,
    running: Running,
}

enum Running {
    Here {
        engine: Engine,
        closing: CancellationToken,
        serving: JoinSet<()>,
    },
    There(Child),
}

impl Server {
    /// One in this process.
    pub(crate) async fn here(engine: Engine) -> Result<Self> {
        let config = ServerConfig::read(&Environment::of([RATE_LIMIT]))?;
        let control = ControlPlane::new(engine.clone(), ControlOptions::default());
        let closing = CancellationToken::new();
        let state = AppState::new(engine.clone(), control, config, closing.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut serving = JoinSet::new();
        serving.spawn(listen::serve(listener, router(state), closing.clone()));
        let running = Running::Here {
            engine,
            closing,
            serving,
        };
        Ok(Self { url, running })
    }

    /// The program in a process of its own, which can be killed.
    pub(crate) async fn there(assembly: &Assembly) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dokploy"))
            .arg("serve")
            .env_clear()
            .env("DOKPLOY_LISTEN", "127.0.0.1:0")
            .env("DOKPLOY_DATA_DIR", &assembly.data_dir)
            .env("DATABASE_URL", &assembly.database_url)
            .env("DOCKER_HOST", &assembly.docker_host)
            .env("DOKPLOY_SECRET_KEY", &assembly.key)
            .env(
                "DOKPLOY_DEPLOY_CONCURRENCY",
                assembly.concurrency.to_string(),
            )
            .env("DOKPLOY_DEPLOY_RATE", "10000/min")
            .env("DOKPLOY_ALLOW_FILE_SOURCES", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let said = BufReader::new(output).lines().next_line().await?;
        let url = said
            .as_deref()
            .and_then(|said| said.strip_prefix("listening on "));
        let url = url.with_context(|| format!("the server said {said:?}"))?;
        Ok(Self {
            url: url.to_owned(),
            running: Running::There(child),
        })
    }

    /// Ends it as kill -9 does.
    pub(crate) async fn kill(self) -> Result<()> {
        match self.running {
            Running::Here { engine, .. } => engine.abort(),
            Running::There(mut child) => child.kill().await?,
        }
        Ok(())
    }

    /// Ends it in order.
    pub(crate) async fn close(self) -> Result<()> {
        match self.running {
            Running::Here {
                engine,
                closing,
                mut serving,
            } => {
                closing.cancel();
                engine.shutdown().await;
                while serving.join_next().await.is_some() {}
            }
            Running::There(mut child) => {
                let id = child.id().context("it runs")?.to_string();
                let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
                ensure!(sent.await?.success(), "it cannot be told to end");
                let status = child.wait().await?;
                ensure!(status.success(), "it ended with {status}");
            }
        }
        Ok(())
    }
}

//! Servers: in this process, or `dokploy serve` in one of its own.

use anyhow::{Result, ensure};
use dokploy_core::Engine;
use dokploy_core::control::{ControlOptions, ControlPlane};
use dokploy_http::config::{Environment, ServerConfig};
use dokploy_http::server::{AppState, listen, router};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::program::Program;
use tokio::net::TcpListener;
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
    There(Box<Program>),
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
        let concurrency = assembly.concurrency.to_string();
        let variables = [
            ("DATABASE_URL", assembly.database_url.as_str()),
            ("DOCKER_HOST", &assembly.docker_host),
            ("DOKPLOY_SECRET_KEY", &assembly.key),
            ("DOKPLOY_DEPLOY_CONCURRENCY", &concurrency),
            ("DOKPLOY_DEPLOY_RATE", "10000/min"),
            ("DOKPLOY_ALLOW_FILE_SOURCES", "true"),
        ];
        let program = env!("CARGO_BIN_EXE_dokploy");
        let program = Program::serve(program, &assembly.data_dir, &variables).await?;
        Ok(Self {
            url: program.url(),
            running: Running::There(Box::new(program)),
        })
    }

    /// Ends it as kill -9 does.
    pub(crate) async fn kill(self) -> Result<()> {
        match self.running {
            Running::Here { engine, .. } => engine.abort(),
            Running::There(program) => program.kill().await?,
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
            Running::There(mut program) => {
                let status = program.stop().await?;
                ensure!(status.success(), "it ended with {status}");
            }
        }
        Ok(())
    }
}

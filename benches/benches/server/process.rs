//! Servers as processes of their own, as they run in earnest.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use dokploy_tests::process::Process;
use hyper::{Method, StatusCode};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;

/// A process that serves. It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts this program as a server, and waits until it says where it listens.
    pub(crate) async fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("the output is a pipe")?;
        let mut lines = BufReader::new(output).lines();
        let said = lines.next_line().await?;
        let address = said
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on http://"))
            .with_context(|| format!("the server did not start: {said:?}"))?
            .parse()?;
        Ok(Self { address, child })
    }

    /// How long a server takes from the start of its process to its first answer.
    pub(crate) async fn start_time(variables: &[(&str, &str)]) -> Result<Duration> {
        let begun = Instant::now();
        let server = Self::start(&["serve"], variables).await?;
        let mut client = Client::connect(server.address, None).await?;
        let answer = client.request(Method::GET, "/healthz", None).await?;
        let elapsed = begun.elapsed();
        if answer.status != StatusCode::OK {
            bail!("the first answer is {}", answer.status);
        }
        Ok(elapsed)
    }

    /// Bytes of memory that it uses.
    pub(crate) fn memory(&self) -> Result<u64> {
        Process::of(self.child.id().context("it has ended")?).memory()
    }
}

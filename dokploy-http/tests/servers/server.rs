//! The program as a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(30);

/// How long a server may take to end.
const STOP_MAX: Duration = Duration::from_secs(30);

/// A server that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
    /// Kept, because nobody likes to write where nobody reads.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts the program with these variables and no others, and waits until it listens.
    pub(crate) async fn start(directory: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        tokio::fs::create_dir_all(directory).await?;
        let log = directory.join("log");
        let mut process = Command::new(env!("CARGO_BIN_EXE_dokploy"))
            .arg("serve")
            .env_clear()
            .envs(variables.iter().copied())
            .env("DOKPLOY_DATA_DIR", directory.join("data"))
            .env("DOKPLOY_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .context("the program cannot be started")?;
        let output = process.stdout.take().context("its output is a pipe")?;
        let mut output = BufReader::new(output).lines();
        let line = tokio::time::timeout(START_MAX, output.next_line()).await??;
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let line = line.with_context(|| format!("it ended: {}", said()))?;
        let address = line
            .strip_prefix("listening on http://")
            .context(line.clone())?;
        Ok(Self {
            process,
            address: address.parse()?,
            log,
            _output: output,
        })
    }

    /// Kills it as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus> {
        let id = self.process.id().context("it runs")?.to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
        ensure!(sent.await?.success(), "the signal was not delivered");
        let ended = tokio::time::timeout(STOP_MAX, self.process.wait()).await;
        Ok(ended.context("it does not end")??)
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// What it wrote down.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }
}

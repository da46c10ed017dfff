//! A Redis of a test's own, which it may stop, hang and empty.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::{Child, Command};

/// A server on a port of its own that keeps nothing when it stops. It ends when it is dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    server: Option<Child>,
}

impl Redis {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// When Redis is not installed, or does not start.
    pub async fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut redis = Self { port, server: None };
        redis.resume().await?;
        Ok(redis)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts the server again, empty.
    ///
    /// # Errors
    ///
    /// When it does not answer in time.
    pub async fn resume(&mut self) -> Result<()> {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .kill_on_drop(true);
        self.server = Some(command.spawn().context("redis-server cannot be started")?);
        for _ in 0..200 {
            if self
                .command(&["PING"])
                .await
                .is_ok_and(|said| said == "PONG")
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("redis did not become ready")
    }

    /// Ends the server as a crash does.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn crash(&mut self) -> Result<()> {
        let mut server = self.server.take().context("it does not run")?;
        Ok(server.kill().await?)
    }

    /// From now on the server accepts connections, and answers nothing.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn hang(&self) -> Result<()> {
        self.signal("STOP").await
    }

    /// Lets a server go on that hangs.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn go_on(&self) -> Result<()> {
        self.signal("CONT").await
    }

    /// Runs a command of Redis, and returns what it says.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn command(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new("redis-cli");
        command
            .args(["-e", "-p", &self.port.to_string()])
            .args(words);
        let output = command.output().await.context("redis-cli cannot be run")?;
        let said = String::from_utf8(output.stdout)?.trim().to_owned();
        ensure!(output.status.success(), "redis says {said:?}");
        Ok(said)
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        let server = self.server.as_ref().and_then(Child::id);
        let server = server.context("it does not run")?.to_string();
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", signal, &server]).status().await?;
        ensure!(sent.success(), "the signal {signal} was not delivered");
        Ok(())
    }
}

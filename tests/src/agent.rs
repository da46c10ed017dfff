//! An engine in a process of its own, so that it can be killed.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::assembly::Assembly;
use crate::clock::WallClock;

/// What an agent is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What its engine is made of.
    pub assembly: Assembly,
    /// Point at which it aborts, by the name of [`crate::assembly::point_name`].
    pub abort_at: Option<String>,
}

/// A running agent. It is killed when it is dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    /// Its end asks the agent to stop. Kept apart, because waiting for a child closes what it reads from.
    input: ChildStdin,
}

impl Agent {
    /// Starts the program and waits until its engine runs.
    ///
    /// # Errors
    ///
    /// When it ends before that.
    pub async fn start(program: &Path, order: &Order) -> Result<Self> {
        Self::start_by(program, order, None).await
    }

    /// The same by a clock of its own.
    ///
    /// # Errors
    ///
    /// When it ends before its engine runs.
    pub async fn start_by(
        program: &Path,
        order: &Order,
        clock: Option<&WallClock>,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .envs(clock.map(WallClock::variables).unwrap_or_default())
            .arg(serde_json::to_string(order)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let input = child.stdin.take().context("its input is a pipe")?;
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = lines.next_line().await?;
        anyhow::ensure!(
            ready.as_deref() == Some("ready"),
            "the agent said {ready:?}"
        );
        Ok(Self { child, input })
    }

    /// Process id.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When it has ended already and cannot be waited for.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop gracefully and returns whether it ended with exit code 0.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub async fn stop(mut self) -> Result<bool> {
        drop(self.input);
        Ok(self.child.wait().await?.success())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> Result<std::process::ExitStatus> {
        Ok(self.child.wait().await?)
    }
}

//! Engines of a test's own, which it may kill, hang and lose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// A Docker engine that is a machine of its own. It is removed when it is dropped.
#[derive(Debug)]
pub struct Node {
    name: String,
    facts: BTreeMap<String, String>,
}

impl Node {
    /// Starts a swarm of one node, or a worker in the swarm of another node.
    ///
    /// # Errors
    ///
    /// What the script says.
    pub async fn up(name: &str, join: Option<&Node>) -> Result<Self> {
        let mut arguments = vec!["up", name];
        if let Some(other) = join {
            arguments.extend(["--join", &other.name]);
        }
        Self::started(name, &arguments).await
    }

    /// Starts a swarm of one node that stores everything on a disk of its own.
    ///
    /// # Errors
    ///
    /// What the script says.
    pub async fn up_on_small_disk(name: &str, mebibytes: u32) -> Result<Self> {
        let size = format!("{mebibytes}m");
        Self::started(name, &["up", name, "--disk", &size]).await
    }

    async fn started(name: &str, arguments: &[&str]) -> Result<Self> {
        script(arguments).await?;
        let mut node = Self {
            name: name.to_owned(),
            facts: BTreeMap::new(),
        };
        node.refresh().await?;
        Ok(node)
    }

    /// Starts its engine again, with what it stored.
    ///
    /// # Errors
    ///
    /// What the script says.
    pub async fn recover(&mut self) -> Result<()> {
        script(&["up", &self.name]).await?;
        self.refresh().await
    }

    /// The address of its engine.
    pub fn docker_host(&self) -> &str {
        self.facts.get("DOCKER_HOST").map_or("", String::as_str)
    }

    /// Its id in the swarm.
    pub fn node_id(&self) -> &str {
        self.facts.get("NODE_ID").map_or("", String::as_str)
    }

    /// The disk of [`Node::up_on_small_disk`], as this process reaches it.
    ///
    /// # Errors
    ///
    /// When the node does not run.
    pub fn disk(&self) -> Result<PathBuf> {
        let pid = self.facts.get("NODE_PID").context("it does not run")?;
        let socket = Path::new(self.docker_host().trim_start_matches("unix://"));
        let folder = socket.parent().context("its socket is in a folder")?;
        let folder = folder.strip_prefix("/").unwrap_or(folder);
        Ok(Path::new("/proc")
            .join(pid)
            .join("root")
            .join(folder)
            .join("data"))
    }

    /// Loads the base image into its engine.
    ///
    /// # Errors
    ///
    /// What the script says.
    pub async fn load_base_image(&self) -> Result<()> {
        let script = environment("base-image");
        run(Command::new(script).arg(self.docker_host().trim_start_matches("unix://")))
            .await
            .map(drop)
    }

    /// Kills the engine; its containers go on.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn kill_engine(&self) -> Result<()> {
        self.signal("KILL", "ENGINE_PID").await
    }

    /// Makes the engine hang.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn pause_engine(&self) -> Result<()> {
        self.signal("STOP", "ENGINE_PID").await
    }

    /// Lets a hanging engine go on.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn resume_engine(&self) -> Result<()> {
        self.signal("CONT", "ENGINE_PID").await
    }

    /// Cuts its power.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn cut_power(&self) -> Result<()> {
        self.signal("KILL", "NODE_PID").await
    }

    async fn signal(&self, signal: &str, pid: &str) -> Result<()> {
        let pid = self
            .facts
            .get(pid)
            .context("the node has no such process")?;
        run(Command::new("kill").args(["-s", signal, pid]))
            .await
            .map(drop)
    }

    async fn refresh(&mut self) -> Result<()> {
        let shown = script(&["show", &self.name]).await?;
        self.facts = shown
            .lines()
            .filter_map(|line| line.trim_start_matches("export ").split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect();
        anyhow::ensure!(
            !self.docker_host().is_empty(),
            "the node says nothing of itself: {shown}"
        );
        Ok(())
    }
}

impl Drop for Node {
    #[expect(
        clippy::disallowed_methods,
        reason = "a destructor cannot wait for a future"
    )]
    fn drop(&mut self) {
        // Whatever is left is removed by `tests/environment/down`.
        let _ = std::process::Command::new(environment("node"))
            .args(["down", &self.name])
            .output();
    }
}

fn environment(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("environment")
        .join(script)
}

async fn script(arguments: &[&str]) -> Result<String> {
    run(Command::new(environment("node")).args(arguments)).await
}

async fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .await
        .with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

//! PostgreSQL servers of a test's own, which it may stop at any moment.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::{Child, Command};

/// A server in a directory of its own. It is stopped and removed when it is dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    directory: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a database cluster and starts its server on a free port.
    ///
    /// # Errors
    ///
    /// When PostgreSQL is not installed, or does not start.
    pub async fn start() -> Result<Self> {
        let programs = programs()?;
        let directory = tempfile::tempdir()?;
        // The server refuses to run as root.
        run(Command::new("chown").arg("postgres").arg(directory.path())).await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut postgres = Self {
            programs,
            directory,
            port,
            server: None,
        };
        let mut initdb = postgres.command("initdb");
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]);
        run(initdb.arg("--pgdata").arg(postgres.data())).await?;
        postgres.resume().await?;
        Ok(postgres)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the server again.
    ///
    /// # Errors
    ///
    /// When it does not answer in time.
    pub async fn resume(&mut self) -> Result<()> {
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.directory.path());
        command.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-p",
            &self.port.to_string(),
        ]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        self.server = Some(command.spawn().context("postgres cannot be started")?);
        for _ in 0..200 {
            let mut ready = self.command("pg_isready");
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().await?.success() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("postgres did not become ready")
    }

    /// Stops the server as a crash does: every connection is cut, nothing is written.
    ///
    /// # Errors
    ///
    /// When it cannot be stopped.
    pub async fn crash(&mut self) -> Result<()> {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "-m", "immediate", "-D"])
            .arg(self.data());
        run(&mut stop).await?;
        if let Some(mut server) = self.server.take() {
            server.wait().await?;
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--"])
            .arg(self.programs.join(program));
        command.current_dir("/");
        command
    }
}

impl Drop for Postgres {
    #[expect(
        clippy::disallowed_methods,
        reason = "a destructor cannot wait for a future"
    )]
    fn drop(&mut self) {
        let mut stop = std::process::Command::new("runuser");
        stop.args(["-u", "postgres", "--"])
            .arg(self.programs.join("pg_ctl"));
        stop.args(["stop", "-m", "immediate", "-D"])
            .arg(self.data())
            .current_dir("/");
        // The directory goes with the test either way.
        let _ = stop.output();
    }
}

/// A database of its own on a server that others use too.
///
/// # Errors
///
/// What the server answers.
pub async fn database(server_url: &str, name: &str) -> Result<String> {
    let (server, _) = server_url
        .rsplit_once('/')
        .context("a URL ends in a database")?;
    run(Command::new("psql").args([server_url, "-q", "-c", &format!("CREATE DATABASE {name}")]))
        .await?;
    Ok(format!("{server}/{name}"))
}

/// Removes such a database, and cuts who still uses it.
///
/// # Errors
///
/// What the server answers.
pub async fn drop_database(server_url: &str, name: &str) -> Result<()> {
    let statement = format!("DROP DATABASE {name} WITH (FORCE)");
    run(Command::new("psql").args([server_url, "-q", "-c", &statement])).await
}

/// Where the programs of the newest PostgreSQL of this machine are.
///
/// # Errors
///
/// When there is none.
pub fn programs() -> Result<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().context("PostgreSQL has no programs")
}

async fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .await
        .with_context(|| format!("{command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

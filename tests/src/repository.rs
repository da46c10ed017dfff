//! Git repositories to deploy from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// A repository in a directory of its own, which is removed with it.
#[derive(Debug)]
pub struct Repository {
    directory: tempfile::TempDir,
}

impl Repository {
    /// An empty repository on the branch `main`.
    ///
    /// # Errors
    ///
    /// When git cannot be run.
    pub async fn new() -> Result<Self> {
        let repository = Self {
            directory: tempfile::tempdir()?,
        };
        repository
            .git(&["init", "--quiet", "--initial-branch=main"])
            .await?;
        Ok(repository)
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its URL for a fetcher that may read files.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().context("a file has a directory")?)?;
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// Commits everything and returns the id of the commit.
    ///
    /// # Errors
    ///
    /// When git refuses.
    pub async fn commit(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all"]).await?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])
            .await?;
        self.git(&["rev-parse", "HEAD"]).await
    }

    /// Commits a tiny web application. Its page is `text`; `command` is what the container runs.
    ///
    /// # Errors
    ///
    /// When git refuses.
    pub async fn commit_application(
        &self,
        base_image: &str,
        text: &str,
        command: &str,
    ) -> Result<String> {
        self.write("index.html", text)?;
        self.write(
            "Dockerfile",
            &format!("FROM {base_image}\nCOPY index.html /www/index.html\nCMD {command}\n"),
        )?;
        self.commit(text).await
    }

    async fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path())
            .args([
                "-c",
                "user.name=tests",
                "-c",
                "user.email=tests@example.com",
            ])
            .args(arguments)
            .output()
            .await
            .context("git cannot be run")?;
        if !output.status.success() {
            bail!(
                "git {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Serves the page of [`Repository::commit_application`].
pub const SERVE: &str = r#"["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]"#;

/// Ends with an error after two seconds.
pub const CRASH: &str =
    r#"["/bin/busybox", "sh", "-c", "echo cannot find the database; sleep 2; exit 7"]"#;

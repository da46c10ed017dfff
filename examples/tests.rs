//! Runs every example, as the README says.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_tests::environment::Environment;
use dokploy_tests::repository::{Repository, SERVE};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

/// How long an example may take.
const DEADLINE: Duration = Duration::from_mins(2);

/// Cargo builds the examples of a package before its tests, next to them.
fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .parent()
        .and_then(|deps| deps.parent())
        .context("it is in deps")?;
    Ok(target.join("examples").join(name))
}

async fn run(name: &str, arguments: &[&str], environment: Option<&Environment>) -> Result<String> {
    let mut command = Command::new(program(name)?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(environment) = environment {
        command.env("DOCKER_HOST", &environment.docker_host);
    }
    let output = tokio::time::timeout(DEADLINE, command.output())
        .await
        .with_context(|| format!("{name} takes too long"))??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{name}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}

#[tokio::test]
async fn quickstart_ends_in_success() -> Result<()> {
    ensure!(run("quickstart", &[], None).await?.starts_with("success"));
    Ok(())
}

#[tokio::test]
async fn watch_events_shows_all_of_them() -> Result<()> {
    let said = run("watch_events", &[], None).await?;
    ensure!(
        said.contains(r#""type":"accepted""#) && said.contains(r#""type":"succeeded""#),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn custom_store_counts() -> Result<()> {
    ensure!(
        run("custom_store", &[], None)
            .await?
            .contains("3 deployments")
    );
    Ok(())
}

#[tokio::test]
async fn custom_runtime_refuses_what_nobody_approved() -> Result<()> {
    ensure!(
        run("custom_runtime", &[], None)
            .await?
            .contains("nobody has approved")
    );
    Ok(())
}

async fn with_repository(name: &str, expected: &str) -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let repository = Repository::new().await?;
    repository
        .commit_application(&environment.base_image, "example", SERVE)
        .await?;
    let said = run(name, &[&repository.url()], Some(&environment)).await?;
    ensure!(said.contains(expected), "{said}");
    Ok(())
}

#[tokio::test]
async fn deploy_from_git_makes_a_service() -> Result<()> {
    with_repository("deploy_from_git", "ran as the service").await
}

#[tokio::test]
async fn rolling_update_replaces_all_tasks() -> Result<()> {
    with_repository("rolling_update", "updated").await
}

#[tokio::test]
async fn rollback_goes_back_twice() -> Result<()> {
    with_repository("rollback", "is now rolled_back").await
}

#[tokio::test]
async fn embed_in_axum_serves_live_events() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let repository = Repository::new().await?;
    repository
        .commit_application(&environment.base_image, "example", SERVE)
        .await?;
    let mut server = Command::new(program("embed_in_axum")?)
        .arg(repository.url())
        .env("DOCKER_HOST", &environment.docker_host)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().context("a pipe")?).lines();
    let line = lines
        .next_line()
        .await?
        .context("it says where it listens")?;
    let address = line.rsplit('/').next().context("an address")?.to_owned();
    let accepted = request(&address, "POST", "/deploy").await?;
    let id = accepted
        .split(r#""id":""#)
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let id = id.with_context(|| accepted.clone())?;
    let events = request(&address, "GET", &format!("/deployments/{id}/events")).await?;
    ensure!(
        events.contains("event: accepted") && events.contains("event: succeeded"),
        "{events}"
    );
    drop(server.stdin.take());
    let ended = tokio::time::timeout(DEADLINE, server.wait())
        .await
        .context("it does not end")??;
    ensure!(ended.success(), "it ends well");
    Ok(())
}

/// A request whose answer is read until its end.
async fn request(address: &str, method: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut answer))
        .await
        .context("no end")??;
    Ok(answer)
}

//! Memory of an idle engine with an SQLite file, beside the same program before it opened one.

use std::time::Duration;

use anyhow::Result;
use dokploy_core::{Engine, OpenOptions};
use dokploy_tests::process::Process;

#[tokio::main]
async fn main() -> Result<()> {
    let process = Process::of(std::process::id());
    let before = process.memory()?;
    let data = tempfile::tempdir()?;
    let engine = Engine::open(OpenOptions {
        data_dir: data.path().to_owned(),
        // It is idle whether or not there is an engine that it could use.
        docker_host: Some("unix:///nonexistent/docker.sock".to_owned()),
        ..OpenOptions::default()
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let idle = process.memory()?;
    engine.shutdown().await;
    report(before, idle);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a bench shows what it measured")]
fn report(before: u64, idle: u64) {
    let kibibytes = |bytes| bytes >> 10;
    println!(
        "idle engine: {} KiB, of which the program itself had {} KiB",
        kibibytes(idle),
        kibibytes(before)
    );
}

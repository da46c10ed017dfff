//! Builds that say more than anybody reads.

use anyhow::{Context, Result, ensure};
use dokploy_core::DeploymentHandle;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::Status;
use dokploy_core::runtime::LogStream;
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::process::Process;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};
use futures::{StreamExt, TryStreamExt};

use crate::AGENT;

/// Lines that the build writes.
const LINES: usize = 1_000_000;

/// After how many of them its worker is killed.
const KILLED_AFTER: u64 = 300_000;

/// By how much a worker may grow over it: far less than a tenth of what the build says.
const GROWTH_MAX: u64 = 48 << 20;

/// Waits until the log is this long.
async fn wait_for_lines(handle: &DeploymentHandle, count: u64) -> Result<()> {
    let mut lines = handle.logs(count, true);
    let line = tokio::time::timeout(DEADLINE, lines.next()).await?;
    line.context("the log ended before")??;
    Ok(())
}

/// Numbers are without gaps, times do not go back, and what the build wrote is in its order within each of its runs.
fn ensure_ordered(lines: &[LogLine]) -> Result<()> {
    for (line, expected) in lines.iter().zip(1..) {
        ensure!(
            line.seq == expected,
            "line {expected} has number {}",
            line.seq
        );
    }
    ensure!(lines.is_sorted_by_key(|line| line.at), "times go back");
    let is_mark = |line: &LogLine| line.stream == LogStream::System && line.text.starts_with('[');
    let mut last = 0_usize;
    for line in lines {
        let number = line
            .text
            .strip_prefix("line ")
            .and_then(|number| number.parse().ok());
        match number {
            Some(number) => {
                ensure!(last == 0 || number == last + 1, "{number} follows {last}");
                last = number;
            }
            // What is missing is missing at a mark, and nowhere else.
            None if is_mark(line) => last = 0,
            None => {}
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_of_a_million_lines_that_is_killed_in_the_middle_has_an_ordered_log() -> Result<()>
{
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly {
        // A machine that is busy with all these lines must not be taken for one that is lost.
        lease_millis: 15_000,
        ..Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf())
    };
    let image = &environment.base_image;
    let scene = Scene::with_spec(assembly, AGENT, image, "million", |spec| {
        // BuildKit itself cuts the output of a step after two megabytes; the builder that keeps limits does not.
        spec.build_memory_limit = Some(1024);
    })
    .await?;
    scene.commit_talkative(LINES).await?;
    let first = scene.agent(None).await?;
    let process = Process::of(first.id().context("it runs")?);
    let handle = scene.accept().await?;
    scene
        .wait_for(&handle, "step_started", "build_image")
        .await?;
    let before = process.memory()?;
    wait_for_lines(&handle, KILLED_AFTER).await?;
    let grown = process.memory_most()?.saturating_sub(before);
    ensure!(grown < GROWTH_MAX, "it has grown by {} MiB", grown >> 20);
    first.kill().await?;
    let second = scene.agent(None).await?;
    let process = Process::of(second.id().context("it runs")?);
    ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
    let most = process.memory_most()?;
    ensure!(
        most < before + GROWTH_MAX,
        "it has grown to {} MiB",
        most >> 20
    );
    ensure!(
        second.stop().await?,
        "a graceful stop ends with exit code 0"
    );
    let lines: Vec<_> = handle.logs(0, false).try_collect().await?;
    ensure_ordered(&lines)?;
    let marks: Vec<_> = lines
        .iter()
        .filter(|line| line.text.starts_with("[another worker goes on here"))
        .collect();
    ensure!(
        marks.len() == 1,
        "where the worker was killed is marked once"
    );
    ensure!(marks[0].seq > KILLED_AFTER, "what it had said is kept");
    let last = lines.last().context("the log is not empty")?;
    ensure!(
        last.text == "succeeded",
        "the last line says how it ended: {}",
        last.text
    );
    let whole = format!("line {LINES}");
    ensure!(
        lines.iter().any(|line| line.text == whole),
        "the end of the build is kept"
    );
    scene.remove().await
}

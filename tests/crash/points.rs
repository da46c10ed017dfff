//! An abort at every point of a good deployment and of one that is rolled back.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::{Status, Step};
use dokploy_core::engine::Point;
use dokploy_tests::assembly::point_name;
use dokploy_tests::environment::Environment;
use futures::{StreamExt, TryStreamExt, stream};

use dokploy_tests::assembly::Assembly;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

/// Scenes at once: more of them make the two cores of a small machine miss the health checks.
const AT_ONCE: usize = 4;

fn points(steps: &[Step]) -> Vec<Point> {
    let around = |step: &Step| {
        [
            Point::BeforeEffect(*step),
            Point::AfterEffect(*step),
            Point::Written(*step),
        ]
    };
    let mut points = vec![Point::Claimed];
    points.extend(steps.iter().flat_map(around));
    points.extend([Point::BeforeEnd, Point::Ended]);
    points
}

const FORWARDS: [Step; 5] = [
    Step::ResolveSource,
    Step::FetchSource,
    Step::BuildImage,
    Step::ApplyService,
    Step::AwaitHealthy,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_survives_an_abort_at_every_point() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    stream::iter(points(&FORWARDS).into_iter().enumerate())
        .map(|(index, point)| good(&environment, index, point))
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await
        .map(drop)
}

async fn scene(environment: &Environment, directory: &Path, name: &str) -> Result<Scene> {
    let assembly = Assembly::sqlite(&environment.docker_host, directory.to_path_buf());
    Scene::new(
        assembly,
        env!("CARGO_BIN_EXE_agent"),
        &environment.base_image,
        name,
    )
    .await
}

async fn good(environment: &Environment, index: usize, point: Point) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let scene = scene(environment, directory.path(), &format!("good{index}")).await?;
    scene.commit_good("one").await?;
    let mut agent = scene.agent(Some(point_name(point))).await?;
    let handle = scene.accept().await?;
    let aborted = tokio::time::timeout(DEADLINE, agent.ended())
        .await
        .context("no abort")??;
    ensure!(!aborted.success(), "{point:?} was not reached");
    let next = scene.agent(None).await?;
    let done = handle
        .wait(DEADLINE)
        .await
        .with_context(|| format!("after {point:?}"))?;
    ensure_status(&done, Status::Success).with_context(|| format!("after {point:?}"))?;
    ensure!(next.stop().await?, "a graceful stop ends with exit code 0");
    scene
        .check_log(&handle)
        .await
        .with_context(|| format!("after {point:?}"))?;
    let serving = scene
        .serving()
        .await
        .with_context(|| format!("after {point:?}"))?;
    ensure!(
        Some(serving) == scene.current_release().await?,
        "another release serves after {point:?}"
    );
    scene
        .remove()
        .await
        .with_context(|| format!("after {point:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_survives_an_abort_at_every_point() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    // How the way forwards is survived is shown above: what matters here begins with the new tasks.
    let mut points = points(&[Step::RestorePrevious]);
    points.remove(0);
    points.extend([
        Point::AfterEffect(Step::ApplyService),
        Point::BeforeEffect(Step::AwaitHealthy),
    ]);
    stream::iter(points.into_iter().enumerate())
        .map(|(index, point)| bad(&environment, index, point))
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await
        .map(drop)
}

async fn bad(environment: &Environment, index: usize, point: Point) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let scene = scene(environment, directory.path(), &format!("bad{index}")).await?;
    scene.commit_good("one").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let good = scene.current_release().await?;
    scene.commit_bad().await?;
    let mut agent = scene.agent(Some(point_name(point))).await?;
    let handle = scene.accept().await?;
    let aborted = tokio::time::timeout(DEADLINE, agent.ended())
        .await
        .context("no abort")??;
    ensure!(!aborted.success(), "{point:?} was not reached");
    let next = scene.agent(None).await?;
    let done = handle
        .wait(DEADLINE)
        .await
        .with_context(|| format!("after {point:?}"))?;
    ensure_status(&done, Status::RolledBack).with_context(|| format!("after {point:?}"))?;
    ensure!(next.stop().await?, "a graceful stop ends with exit code 0");
    scene
        .check_log(&handle)
        .await
        .with_context(|| format!("after {point:?}"))?;
    ensure!(
        scene.current_release().await? == good,
        "the current release changed after {point:?}"
    );
    let serving = scene
        .serving()
        .await
        .with_context(|| format!("after {point:?}"))?;
    ensure!(
        Some(serving) == good,
        "another release serves after {point:?}"
    );
    scene
        .remove()
        .await
        .with_context(|| format!("after {point:?}"))
}

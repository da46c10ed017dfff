//! A Redis from its making to its end, data included.

use anyhow::{Context as _, Result, ensure};
use dokploy_core::engine::DatabaseChange;
use dokploy_core::model::{DatabaseEngine, PageRequest, Reach};
use dokploy_core::store::ApplicationFilter;
use dokploy_core::{DeployRequest, Deployer as _, ErrorKind};
use dokploy_tests::environment::Environment;

use crate::cluster::{Cluster, succeeded};
use crate::image::{self, Recipe};
use crate::prometheus::check_metrics;

const IMAGE: &str = "dokploy-test/redis:own";

#[expect(clippy::too_many_lines, reason = "a life is told in one piece")]
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_keeps_its_data_until_its_volume_is_named() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::new(&environment.docker_host, directory.path(), "redis").await?;
    let engine = &cluster.engine;
    let recipe = Recipe {
        name: IMAGE,
        base: &environment.base_image,
        programs: &["/usr/bin/redis-server", "/usr/bin/redis-cli"],
        directories: &[],
        user: "redis",
        home: "/data",
        entrypoint: None,
    };
    image::build(engine.runtime().as_ref(), &recipe).await?;
    let database = cluster
        .database(DatabaseEngine::Redis, "cache", IMAGE)
        .await?;
    let connection = engine.database_connection(&database).await?;

    // It answers to its password, and to nothing else.
    let url = &connection.url;
    let (content, said) = cluster
        .ask(IMAGE, url, "redis-cli -u \"$URL\" set a 1 2>&1")
        .await?;
    ensure!(content && said.trim_end().ends_with("OK"), "{said}");
    let command = format!("redis-cli -h {} get a 2>&1", connection.host);
    let (_, said) = cluster.ask(IMAGE, url, &command).await?;
    ensure!(said.contains("NOAUTH"), "{said}");

    // The password is in no specification, no environment and no argument.
    let shown = cluster.shown(&connection.host).await?;
    ensure!(
        !shown.contains(connection.password.expose()),
        "the password shows itself"
    );
    ensure!(
        shown.contains("redis-server"),
        "the process is looked at: {shown}"
    );

    // It is no application among the others, and is changed as a whole.
    let listed = engine
        .store()
        .list_applications(&ApplicationFilter::default(), PageRequest::first())
        .await?;
    ensure!(listed.items.is_empty(), "{:?}", listed.items);
    let found = engine
        .store()
        .find_application(database.application_id)
        .await?;
    let application = found.context("it has an application")?;
    let spec = application.spec.clone();
    let refused = engine
        .update_application(application.id, application.version, spec)
        .await;
    ensure!(refused.is_err_and(|error| error.kind() == ErrorKind::Conflict));
    let refused = engine.delete_application(application.id).await;
    ensure!(refused.is_err_and(|error| error.kind() == ErrorKind::Conflict));

    // What it uses is seen.
    let used = engine.monitor().application(&application).await;
    ensure!(
        used.memory.is_some_and(|memory| memory > 100_000.0),
        "{used:?}"
    );
    ensure!(used.cpu.is_some() && used.network_rx.is_some(), "{used:?}");
    ensure!(
        used.tasks.len() == 1 && used.warnings.is_empty(),
        "{used:?}"
    );

    // A change stops the old task before the new one starts on the same data.
    let change = DatabaseChange {
        memory: Some(Some(128)),
        ..DatabaseChange::default()
    };
    let stale = engine.update_database(database.id, 7, change.clone()).await;
    ensure!(stale.is_err_and(|error| error.kind() == ErrorKind::Conflict));
    let database = engine
        .update_database(database.id, database.version, change)
        .await?;
    let handle = engine
        .deploy(DeployRequest::of(database.application_id))
        .await?;
    succeeded(&handle).await?;
    let (content, said) = cluster
        .ask(IMAGE, url, "redis-cli -u \"$URL\" get a 2>&1")
        .await?;
    ensure!(content && said.trim_end().ends_with('1'), "{said}");

    // The deployer counted what it did.
    engine
        .recorder()
        .request("GET", "/api/x", 200, std::time::Duration::from_millis(3));
    let text = engine.metrics_text().await?;
    check_metrics(&text).await?;
    for expected in [
        "dokploy_deployment_duration_seconds_count{outcome=\"success\"} 2",
        "dokploy_deployment_phase_duration_seconds_count{outcome=\"done\",phase=\"apply_service\"} 2",
        "dokploy_queue_deployments{state=\"waiting\"} 0",
        "dokploy_leases_held 0",
        "dokploy_store_connections{state=\"max\"} 10",
        "dokploy_http_request_duration_seconds_count{method=\"GET\",route=\"/api/x\",status=\"200\"} 1",
    ] {
        ensure!(text.contains(expected), "{expected} is not in\n{text}");
    }

    // Deleting keeps the data, and only their own name deletes them.
    let volume = cluster.volumes(&database).await?;
    ensure!(volume.len() == 1, "{volume:?}");
    let refused = engine.delete_database(database.id, Some("another")).await;
    ensure!(refused.is_err_and(|error| error.kind() == ErrorKind::InvalidSpec));
    engine.delete_database(database.id, None).await?;
    let gone = engine
        .store()
        .find_database(&Reach::All, database.id)
        .await?;
    ensure!(gone.is_none() && cluster.volumes(&database).await? == volume);

    let again = cluster
        .database(DatabaseEngine::Redis, "cache", IMAGE)
        .await?;
    let url = engine.database_connection(&again).await?.url;
    let (_, said) = cluster
        .ask(IMAGE, &url, "redis-cli -u \"$URL\" exists a 2>&1")
        .await?;
    ensure!(
        said.trim_end().ends_with('0'),
        "it has the data of another one: {said}"
    );
    let own = cluster.volumes(&again).await?;
    engine
        .delete_database(again.id, own.first().map(String::as_str))
        .await?;
    ensure!(
        cluster.volumes(&again).await?.is_empty(),
        "the volume is still there"
    );
    cluster.remove_volumes(&database).await?;
    engine.delete_project(cluster.project.id).await?;
    engine.shutdown().await;
    Ok(())
}

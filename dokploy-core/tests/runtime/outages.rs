//! What happens when the way to the engine is cut, and output that is not made for people.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{eventually, run, service};
use dokploy_core::runtime::{DockerOptions, DockerRuntime, LogStream, ServiceLogQuery};
use futures::StreamExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::engine::Engine;

/// A socket that leads to the engine's, until it is cut.
struct Way {
    runtime: DockerRuntime,
    cut: Arc<watch::Sender<u64>>,
    _folder: tempfile::TempDir,
    _tasks: tokio::task::JoinSet<()>,
}

impl Way {
    fn to(engine: &Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let cut = Arc::new(watch::Sender::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(serve(listener, engine.socket().into(), Arc::clone(&cut)));
        let options = DockerOptions {
            host: format!("unix://{}", path.display()),
            ..DockerOptions::default()
        };
        Self {
            runtime: DockerRuntime::new(options).unwrap(),
            cut,
            _folder: folder,
            _tasks: tasks,
        }
    }

    /// Cuts every connection there is; new ones work.
    fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

async fn serve(listener: UnixListener, engine: PathBuf, cut: Arc<watch::Sender<u64>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let (engine, mut cut) = (engine.clone(), cut.subscribe());
        connections.spawn(async move {
            let mut far = UnixStream::connect(engine).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

#[tokio::test]
async fn a_watch_outlives_the_loss_of_its_connection() {
    let Some(engine) = Engine::find() else { return };
    let way = Way::to(&engine);
    let mut spec = service(&engine.name("watch"), &engine.base);
    spec.command = Some(["sleep", "3600"].map(str::to_owned).to_vec());
    let mut changes = way.runtime.watch_service(&spec.name);
    let deadline = Duration::from_mins(1);
    let mut next = async || {
        tokio::time::timeout(deadline, changes.next())
            .await
            .unwrap()
            .unwrap()
    };
    let (first, _) = tokio::join!(next(), run(&engine.runtime, &spec));
    first.unwrap();
    way.cut();
    // Whatever was missed counts as one change.
    next().await.unwrap();
    let now = eventually(&engine.runtime, &spec.name, |_| true).await;
    let scale = engine.runtime.scale_service(&spec.name, 2, now.version);
    let (change, scaled) = tokio::join!(next(), scale);
    change.unwrap();
    scaled.unwrap();
}

#[tokio::test]
async fn an_engine_that_is_away_is_unavailable_and_worth_a_retry() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = DockerRuntime::new(DockerOptions {
        host: format!("unix://{}", folder.path().join("none.sock").display()),
        ..DockerOptions::default()
    })
    .unwrap();
    let spec = service("nothing", "nothing");
    let errors = [
        runtime.observe_service("nothing").await.unwrap_err(),
        runtime.apply_service(&spec, None, None).await.unwrap_err(),
        runtime.remove_service("nothing").await.unwrap_err(),
        runtime.ensure_network("nothing").await.unwrap_err(),
        runtime.task_tail("nothing", 1).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), "unavailable", "{error:?}");
        assert!(error.is_retryable() && error.hint().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn long_lines_and_both_outputs_come_whole() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = service(&engine.name("long"), &engine.base);
    // The engine itself cuts a line into parts of 16 KiB.
    let line =
        "head -c 40000 /dev/zero | tr '\\0' x; echo; echo wrong >&2; printf 'no end'; sleep 3600";
    spec.command = Some(["sh", "-c", line].map(str::to_owned).to_vec());
    run(&engine.runtime, &spec).await;
    let query = ServiceLogQuery {
        service: spec.name.clone(),
        follow: true,
        ..ServiceLogQuery::default()
    };
    let lines = engine
        .runtime
        .service_logs(&query)
        .map(Result::unwrap)
        .take(2);
    let lines = tokio::time::timeout(Duration::from_mins(1), lines.collect::<Vec<_>>());
    let lines = lines.await.unwrap();
    let of = |stream| lines.iter().find(|line| line.stream == stream).unwrap();
    assert_eq!(of(LogStream::Stdout).text, "x".repeat(40_000));
    assert_eq!(of(LogStream::Stderr).text, "wrong");
}

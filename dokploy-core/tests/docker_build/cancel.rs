//! A build that nobody waits for any more ends on the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dokploy_core::runtime::BuildRequest;
use dokploy_core::{ContainerRuntime, ErrorKind};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Log, files, wait_until};

/// How a build is given up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Cancelled,
    Dropped,
}

#[tokio::test]
async fn buildkit_stops_when_cancelled() {
    gives_up(How::Cancelled, None).await;
}

#[tokio::test]
async fn buildkit_stops_when_its_caller_is_gone() {
    gives_up(How::Dropped, None).await;
}

#[tokio::test]
async fn the_classic_builder_stops_when_cancelled() {
    gives_up(How::Cancelled, Some(64 << 20)).await;
}

#[tokio::test]
async fn the_classic_builder_stops_when_its_caller_is_gone() {
    gives_up(How::Dropped, Some(64 << 20)).await;
}

async fn gives_up(how: How, memory_limit: Option<u64>) {
    let Some(engine) = Engine::find() else { return };
    let request = BuildRequest {
        memory_limit,
        ..engine.request()
    };
    // A number by which the process is found among all of this machine.
    let seconds = 1_000_000 + u64::from(rand::random::<u32>());
    let command = format!("sleep {seconds}");
    let dockerfile = engine.dockerfile(&format!("RUN {command}\nRUN touch /never"));
    let cancel = CancellationToken::new();
    let build = engine.runtime.build_image(
        &request,
        files(&[("Dockerfile", &dockerfile)]),
        Arc::new(Log::default()),
        &cancel,
    );
    let runs = || processes(&command) > 0;
    let started = wait_until("the step to run", runs);
    {
        tokio::pin!(build);
        tokio::select! {
            result = &mut build => panic!("ended on its own: {result:?}"),
            () = started => {}
        }
        if how == How::Cancelled {
            let asked = Instant::now();
            cancel.cancel();
            let error = build.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert!(
                asked.elapsed() < Duration::from_secs(2),
                "{:?}",
                asked.elapsed()
            );
            assert_eq!(processes(&command), 0, "it still runs after the answer");
        }
    }
    wait_until("the step to end", || !runs()).await;
    assert_eq!(
        engine.runtime.find_image(&request.image).await.unwrap(),
        None
    );
    wait_until("the container to be gone", || {
        let containers = engine.get_json("/containers/json?all=1").to_string();
        !containers.contains(&command)
    })
    .await;
}

/// How many processes of this machine, those of containers included, have this in their command.
fn processes(command: &str) -> usize {
    let (program, argument) = command.split_once(' ').unwrap();
    let line = format!("{program}\0{argument}\0");
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|found| found.ends_with(line.as_bytes()))
        .count()
}

#[tokio::test]
async fn a_build_that_is_cancelled_before_it_begins_does_not_begin() {
    let Some(engine) = Engine::find() else { return };
    let cancel = CancellationToken::new();
    cancel.cancel();
    let log = Arc::new(Log::default());
    let dockerfile = engine.dockerfile("RUN echo hello");
    let built = engine
        .runtime
        .build_image(
            &engine.request(),
            files(&[("Dockerfile", &dockerfile)]),
            log.clone(),
            &cancel,
        )
        .await;
    assert_eq!(built.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!log.printed("hello"));
}

#[tokio::test]
async fn a_build_is_cancelled_while_its_context_is_still_on_its_way() {
    let Some(engine) = Engine::find() else { return };
    for memory_limit in [None, Some(64 << 20)] {
        let request = BuildRequest {
            memory_limit,
            ..engine.request()
        };
        let cancel = CancellationToken::new();
        let dockerfile = engine.dockerfile("RUN echo hello");
        let asked = cancel.clone();
        let hangs = futures::stream::once(async move {
            asked.cancel();
            std::future::pending().await
        });
        let context = files(&[("Dockerfile", &dockerfile)]).take(1).chain(hangs);
        let log = Arc::new(Log::default());
        let begun = Instant::now();
        let built = engine
            .runtime
            .build_image(&request, context.boxed(), log.clone(), &cancel)
            .await;
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        assert!(!log.printed("hello"));
    }
}

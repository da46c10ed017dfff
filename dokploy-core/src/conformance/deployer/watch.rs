//! Events and log lines as streams.

use std::sync::Arc;

use futures::StreamExt;

use super::{DEADLINE, Fixture, Version, ask, building, deploy, events};
use crate::deployer::{Deployer, DeploymentHandle, LogLine};
use crate::deployment::{EventKind, Status, replay};
use crate::error::ErrorKind;
use crate::id::DeploymentId;

pub async fn events_are_numbered_without_a_gap_and_end_with_the_terminal_one(
    fixture: Arc<dyn Fixture>,
) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let handle = ask(&*fixture, application).await;
    let log = events(&handle, 0).await;
    let numbers: Vec<_> = log.iter().map(|event| event.seq).collect();
    let expected: Vec<_> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
    assert!(log.iter().all(|event| event.deployment_id == handle.id()));
    assert!(matches!(log[0].kind, EventKind::Accepted { .. }));
    assert!(matches!(
        log.last().unwrap().kind,
        EventKind::Succeeded { .. }
    ));
    assert!(log.is_sorted_by_key(|event| event.at));
    // They add up to the state that is shown.
    assert_eq!(replay(&log).unwrap(), handle.get().await.unwrap().state);
}

pub async fn events_are_replayed_after_any_number(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let ended = deploy(&*fixture, application, Version::Good(1)).await;
    let handle = DeploymentHandle::new(fixture.deployer(), ended.id);
    let all = events(&handle, 0).await;
    for after in 0..=all.len() {
        let rest = events(&handle, after as u64).await;
        assert_eq!(rest, all[after..], "after {after}");
    }
    assert_eq!(events(&handle, u64::MAX / 4).await, []);
}

pub async fn events_are_told_while_they_happen(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let handle = building(&*fixture, application).await;
    let mut stream = handle.events(0);
    let building = async {
        loop {
            let event = stream.next().await.unwrap().unwrap();
            if matches!(event.kind, EventKind::StepStarted { step } if step.status() == Status::Building)
            {
                return event.seq;
            }
        }
    };
    let seq = tokio::time::timeout(DEADLINE, building).await.unwrap();
    handle.cancel(None).await.unwrap();
    let rest: Vec<_> = tokio::time::timeout(DEADLINE, stream.map(Result::unwrap).collect())
        .await
        .unwrap();
    assert_eq!(rest[0].seq, seq + 1);
    assert!(matches!(
        rest.last().unwrap().kind,
        EventKind::Cancelled { .. }
    ));
}

pub async fn many_watchers_see_the_same(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let handle = ask(&*fixture, application).await;
    let watchers = (0..20).map(|_| events(&handle, 0));
    let seen = futures::future::join_all(watchers).await;
    assert!(seen.iter().all(|log| *log == seen[0]));
}

pub async fn dropping_a_watch_or_a_handle_stops_nothing(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let handle = ask(&*fixture, application).await;
    let mut watch = handle.events(0);
    watch.next().await.unwrap().unwrap();
    let id = handle.id();
    drop((watch, handle.logs(0, true), handle));
    let ended = crate::deployer::wait(&fixture.deployer(), id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(ended.state.status, Status::Success);
}

pub async fn watching_what_does_not_exist_is_not_found(fixture: Arc<dyn Fixture>) {
    let absent = DeploymentId::new();
    let mut watch = fixture.deployer().watch(absent, 0);
    assert_eq!(
        watch.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(watch.next().await.is_none());
}

async fn lines(handle: &DeploymentHandle, after: u64, follow: bool) -> Vec<LogLine> {
    let lines = handle.logs(after, follow).map(Result::unwrap).collect();
    tokio::time::timeout(DEADLINE, lines).await.unwrap()
}

pub async fn lines_are_numbered_without_a_gap(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let ended = deploy(&*fixture, application, Version::Good(1)).await;
    let handle = DeploymentHandle::new(fixture.deployer(), ended.id);
    let log = lines(&handle, 0, false).await;
    assert!(
        log.len() > 1,
        "a build says something, and the end is told: {log:?}"
    );
    let numbers: Vec<_> = log.iter().map(|line| line.seq).collect();
    let expected: Vec<_> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
}

pub async fn lines_are_read_after_any_number(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let ended = deploy(&*fixture, application, Version::Good(1)).await;
    let handle = DeploymentHandle::new(fixture.deployer(), ended.id);
    let all = lines(&handle, 0, false).await;
    for after in 0..=all.len() {
        assert_eq!(lines(&handle, after as u64, false).await, all[after..]);
        assert_eq!(lines(&handle, after as u64, true).await, all[after..]);
    }
}

pub async fn lines_are_followed_until_the_end(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let handle = building(&*fixture, application).await;
    let mut stream = handle.logs(0, true);
    let first = tokio::time::timeout(DEADLINE, stream.next()).await.unwrap();
    assert_eq!(first.unwrap().unwrap().seq, 1, "while it is built");
    handle.cancel(None).await.unwrap();
    let rest: Vec<_> = tokio::time::timeout(DEADLINE, stream.map(Result::unwrap).collect())
        .await
        .unwrap();
    handle.wait(DEADLINE).await.unwrap();
    assert_eq!(rest, lines(&handle, 1, false).await);
    assert!(!rest.is_empty(), "the last record gives the reason");
}

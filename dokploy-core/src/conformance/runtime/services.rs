//! Services: created, updated, scaled, restarted, removed and observed.

#![expect(missing_docs, reason = "the name of a case is its description")]

use std::time::Duration;

use futures::StreamExt;

use super::{Fixture, Workload, all_run, eventually, kind_of, run, service_of, wanted_tasks};
use crate::error::ErrorKind;
use crate::model::ServiceMode;
use crate::runtime::{ObservedService, SecretMount, label};

pub async fn an_absent_service_is_none(fixture: &dyn Fixture) {
    let name = fixture.name("absent");
    let observed = fixture
        .runtime()
        .observe_service(&name)
        .await
        .expect("it can be observed");
    assert_eq!(observed, None);
    // A name that could be the beginning of an identifier is none.
    let observed = fixture
        .runtime()
        .observe_service("a")
        .await
        .expect("it can be observed");
    assert_eq!(observed, None);
}

pub async fn a_created_service_carries_what_was_asked_for(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("new"), Workload::Steady);
    spec.replicas = 2;
    spec.labels.clear();
    spec.labels.insert("team".to_owned(), "red".to_owned());
    spec.container_labels
        .insert(label::DEPLOYMENT.to_owned(), "d1".to_owned());
    let created = runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    assert_eq!(created.name, spec.name);
    let service = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(service.id, created.id);
    assert_eq!(service.image, spec.image);
    assert_eq!(service.replicas, 2);
    assert_eq!(service.labels["team"], "red");
    assert!(label::is_ours(&service.labels), "our label is always there");
    assert_eq!(service.container_labels[label::DEPLOYMENT], "d1");
    assert_eq!(service.update_state, None, "a first creation is no update");
    let mut slots: Vec<_> = service.tasks.iter().map(|task| task.slot).collect();
    slots.sort_unstable();
    assert_eq!(slots, [1, 2]);
    for task in &service.tasks {
        assert_eq!(task.labels[label::DEPLOYMENT], "d1");
        assert_eq!(task.exit_code, None);
        assert!(task.container.is_some() && task.node.is_some() && task.created_at.is_some());
    }
}

pub async fn creating_what_exists_is_a_conflict(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("twice"), Workload::Steady);
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    let again = runtime.apply_service(&spec, None, None).await;
    assert_eq!(kind_of(again), ErrorKind::Conflict);
}

pub async fn an_update_with_another_version_is_a_conflict(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("stale"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    spec.labels.insert("step".to_owned(), "2".to_owned());
    let updated = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    updated.expect("the version is the current one");
    spec.labels.insert("step".to_owned(), "3".to_owned());
    let stale = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    assert_eq!(kind_of(stale), ErrorKind::Conflict);
    let stale = runtime.scale_service(&spec.name, 2, first.version).await;
    assert_eq!(kind_of(stale), ErrorKind::Conflict);
    let stale = runtime.restart_service(&spec.name, first.version).await;
    assert_eq!(kind_of(stale), ErrorKind::Conflict);
    let service = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(service.labels["step"], "2");
    assert_eq!(wanted_tasks(&service), wanted_tasks(&first));
}

pub async fn an_update_of_an_absent_service_is_a_conflict(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("gone"), Workload::Steady);
    let update = runtime.apply_service(&spec, Some(1), None).await;
    assert_eq!(kind_of(update), ErrorKind::Conflict);
    assert_eq!(
        runtime
            .observe_service(&spec.name)
            .await
            .expect("it can be observed"),
        None
    );
}

pub async fn a_foreign_service_is_never_changed(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("foreign");
    fixture.create_foreign_service(&name).await;
    let before = eventually(&*runtime, &name, |_| true).await;
    let spec = service_of(fixture, &name, Workload::Steady);
    let version = before.version;
    for refused in [
        kind_of(runtime.apply_service(&spec, None, None).await),
        kind_of(runtime.apply_service(&spec, Some(version), None).await),
        kind_of(runtime.scale_service(&name, 2, version).await),
        kind_of(runtime.scale_service(&name, before.replicas, version).await),
        kind_of(runtime.restart_service(&name, version).await),
        kind_of(runtime.remove_service(&name).await),
    ] {
        assert_eq!(refused, ErrorKind::PermissionDenied);
    }
    let after = eventually(&*runtime, &name, |_| true).await;
    assert_eq!(after.spec_digest, before.spec_digest);
    assert!(!label::is_ours(&after.labels));
}

pub async fn an_equal_specification_restarts_nothing(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("equal"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    let restarted = runtime.restart_service(&spec.name, first.version).await;
    restarted.expect("it can be restarted");
    // A restart that was forced before must not be forced again, nor taken back.
    let second = eventually(&*runtime, &spec.name, |service| {
        all_run(service) && wanted_tasks(service) != wanted_tasks(&first) && is_settled(service)
    })
    .await;
    let third = runtime
        .apply_service(&spec, Some(second.version), None)
        .await;
    assert_eq!(
        third.expect("it can be applied").spec_digest,
        second.spec_digest
    );
    assert_unchanged_for_a_while(fixture, &second).await;
}

/// An update writes to the service once more when it ends.
fn is_settled(service: &ObservedService) -> bool {
    let state = service.update_state.as_deref();
    state.is_none_or(|state| matches!(state, "completed" | "rollback_completed" | "paused"))
}

async fn assert_unchanged_for_a_while(fixture: &dyn Fixture, before: &ObservedService) {
    // There is no event for "nothing happens": two seconds are many times what a restart takes to show.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = eventually(&*fixture.runtime(), &before.name, all_run).await;
    assert_eq!(wanted_tasks(&after), wanted_tasks(before));
}

pub async fn an_update_replaces_the_tasks(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("update");
    let first = run(&*runtime, &service_of(fixture, &name, Workload::Steady)).await;
    let mut spec = service_of(fixture, &name, Workload::Other);
    spec.container_labels
        .insert(label::DEPLOYMENT.to_owned(), "d2".to_owned());
    let updated = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    let updated = updated.expect("it can be updated");
    assert_ne!(updated.spec_digest, first.spec_digest);
    assert!(updated.version > first.version);
    let second = eventually(&*runtime, &name, all_run).await;
    assert_eq!(second.image, spec.image);
    assert!(
        wanted_tasks(&second)
            .iter()
            .all(|task| !wanted_tasks(&first).contains(task))
    );
    let created: Vec<_> = second.tasks.iter().map(|task| task.created_at).collect();
    assert!(
        created.is_sorted_by(|newer, older| newer >= older),
        "newest first: {created:?}"
    );
}

pub async fn a_change_of_labels_alone_restarts_nothing(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("labels"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    spec.labels.insert("team".to_owned(), "blue".to_owned());
    let second = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    let second = second.expect("it can be updated");
    assert_eq!(second.labels["team"], "blue");
    assert_ne!(second.spec_digest, first.spec_digest);
    assert_unchanged_for_a_while(fixture, &first).await;
    let last = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(last.update_state, None, "no task had to change");
}

pub async fn scaling_changes_the_number_of_tasks_and_nothing_else(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("scale"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    let more = runtime.scale_service(&spec.name, 3, first.version).await;
    assert_eq!(more.expect("it can be scaled").replicas, 3);
    let second = eventually(&*runtime, &spec.name, all_run).await;
    assert!(
        wanted_tasks(&second).contains(&wanted_tasks(&first)[0]),
        "the first task goes on"
    );
    let fewer = runtime.scale_service(&spec.name, 1, second.version).await;
    fewer.expect("it can be scaled");
    let third = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(third.spec_digest, first.spec_digest);
    let none = runtime.scale_service(&spec.name, 0, third.version).await;
    none.expect("it can be scaled");
    eventually(&*runtime, &spec.name, all_run).await;
}

pub async fn scaling_to_the_same_number_is_ok(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("same"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    let same = runtime.scale_service(&spec.name, 1, first.version).await;
    assert_eq!(
        same.expect("it can be scaled").spec_digest,
        first.spec_digest
    );
    let absent = runtime.scale_service(&fixture.name("none"), 1, 1).await;
    assert_eq!(kind_of(absent), ErrorKind::NotFound);
}

pub async fn a_restart_replaces_the_tasks_and_nothing_else(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("restart"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    let restarted = runtime.restart_service(&spec.name, first.version).await;
    assert_eq!(
        restarted.expect("it can be restarted").spec_digest,
        first.spec_digest
    );
    let second = eventually(&*runtime, &spec.name, |service| {
        all_run(service) && wanted_tasks(service) != wanted_tasks(&first)
    })
    .await;
    assert_eq!(second.spec_digest, first.spec_digest);
}

pub async fn removing_waits_until_the_tasks_are_gone(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("remove"), Workload::Steady);
    run(&*runtime, &spec).await;
    runtime
        .remove_service(&spec.name)
        .await
        .expect("it can be removed");
    assert_eq!(
        runtime
            .observe_service(&spec.name)
            .await
            .expect("it can be observed"),
        None
    );
    runtime
        .remove_service(&spec.name)
        .await
        .expect("removing what is absent is ok");
    run(&*runtime, &spec).await;
}

pub async fn an_identifier_removes_that_very_service(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("identifier"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    runtime
        .remove_service(&first.id)
        .await
        .expect("it can be removed");
    let second = run(&*runtime, &spec).await;
    assert_ne!(second.id, first.id);
    runtime
        .remove_service(&first.id)
        .await
        .expect("removing what is absent is ok");
    // The beginning of an identifier is none.
    runtime
        .remove_service(&second.id[..5])
        .await
        .expect("removing what is absent is ok");
    let after = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(wanted_tasks(&after), wanted_tasks(&second));
}

pub async fn equal_digests_are_equal_specifications(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("digest"), Workload::Steady);
    spec.env = vec![("KEY".to_owned(), "one".into())];
    let first = run(&*runtime, &spec).await;
    spec.env = vec![("KEY".to_owned(), "two".into())];
    let second = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    assert_ne!(
        second.expect("it can be updated").spec_digest,
        first.spec_digest
    );
    let second = eventually(&*runtime, &spec.name, |service| {
        all_run(service) && is_settled(service)
    })
    .await;
    spec.env = vec![("KEY".to_owned(), "one".into())];
    let third = runtime
        .apply_service(&spec, Some(second.version), None)
        .await;
    assert_eq!(
        third.expect("it can be updated").spec_digest,
        first.spec_digest
    );
}

pub async fn a_change_is_told_to_who_watches(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("watch"), Workload::Steady);
    let mut changes = runtime.watch_service(&spec.name);
    let told = async {
        let mut changes = changes.next();
        // The caller polls as well, so that what happens before the watch begins may be missed.
        let mut replicas = 1;
        runtime
            .apply_service(&spec, None, None)
            .await
            .expect("created");
        loop {
            tokio::select! {
                change = &mut changes => return change,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            replicas = 3 - replicas;
            let service = runtime
                .observe_service(&spec.name)
                .await
                .expect("ok")
                .expect("there");
            let _ = runtime
                .scale_service(&spec.name, replicas, service.version)
                .await;
        }
    };
    let told = tokio::time::timeout(super::DEADLINE, told)
        .await
        .expect("a change is told");
    told.expect("a watch never ends")
        .expect("a watch does not fail");
}

pub async fn the_mode_of_a_service_cannot_be_changed(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("mode"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    spec.mode = ServiceMode::Global;
    let changed = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    assert_eq!(kind_of(changed), ErrorKind::InvalidSpec);
}

pub async fn a_secret_or_network_that_is_missing_is_not_found(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("missing");
    let mut spec = service_of(fixture, &name, Workload::Steady);
    spec.networks = vec![fixture.name("no-network")];
    let created = runtime.apply_service(&spec, None, None).await;
    assert_eq!(kind_of(created), ErrorKind::NotFound);
    spec.networks.clear();
    spec.secrets = vec![SecretMount {
        secret_name: fixture.name("no-secret"),
        file_name: "KEY".to_owned(),
    }];
    let created = runtime.apply_service(&spec, None, None).await;
    assert_eq!(kind_of(created), ErrorKind::NotFound);
    assert_eq!(
        runtime
            .observe_service(&name)
            .await
            .expect("it can be observed"),
        None
    );
}

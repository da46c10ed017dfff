//! Networks, volumes, secrets, and what is ours.

#![expect(missing_docs, reason = "the name of a case is its description")]

use std::collections::BTreeMap;

use super::{Fixture, Workload, eventually, run, service_of};
use crate::error::ErrorKind;
use crate::model::Volume;
use crate::runtime::{OwnedKind, OwnedObject, SecretMount, label};

fn labels(fixture: &dyn Fixture) -> BTreeMap<String, String> {
    BTreeMap::from([(label::APPLICATION.to_owned(), fixture.name("application"))])
}

async fn find(fixture: &dyn Fixture, kind: OwnedKind, name: &str) -> Option<OwnedObject> {
    let owned = fixture.runtime().list_owned(kind, &BTreeMap::new()).await;
    let owned = owned.expect("it can be listed");
    assert!(
        owned
            .iter()
            .all(|object| label::is_ours(&object.labels) && object.kind == kind)
    );
    owned.into_iter().find(|object| object.name == name)
}

pub async fn networks_volumes_and_secrets_are_made_once(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("thing");
    for _ in 0..2 {
        runtime.ensure_network(&name).await.expect("a network");
        runtime
            .ensure_volume(&name, &labels(fixture))
            .await
            .expect("a volume");
        let secret = runtime
            .ensure_secret(&name, &"value".into(), &labels(fixture))
            .await;
        secret.expect("a secret");
    }
    for kind in [OwnedKind::Network, OwnedKind::Volume, OwnedKind::Secret] {
        let object = find(fixture, kind, &name)
            .await
            .unwrap_or_else(|| panic!("no {kind:?}"));
        for gone in [true, true] {
            let removed = runtime
                .remove_owned(&object)
                .await
                .expect("it can be removed");
            assert_eq!(removed, gone, "{kind:?}");
        }
        assert_eq!(find(fixture, kind, &name).await, None);
    }
}

pub async fn calls_at_the_same_time_make_a_thing_once(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("race");
    let (labels, value) = (labels(fixture), "value".into());
    let calls = (0..8).map(|_| async {
        runtime.ensure_network(&name).await.expect("a network");
        runtime
            .ensure_volume(&name, &labels)
            .await
            .expect("a volume");
        runtime
            .ensure_secret(&name, &value, &labels)
            .await
            .expect("a secret");
    });
    futures::future::join_all(calls).await;
    for kind in [OwnedKind::Network, OwnedKind::Volume, OwnedKind::Secret] {
        let owned = runtime
            .list_owned(kind, &BTreeMap::new())
            .await
            .expect("a list");
        let count = owned.iter().filter(|object| object.name == name).count();
        assert_eq!(count, 1, "{kind:?}");
    }
}

pub async fn owned_things_are_found_by_label(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("labelled");
    runtime
        .ensure_secret(&name, &"value".into(), &labels(fixture))
        .await
        .expect("a secret");
    let mut spec = service_of(fixture, &name, Workload::Steady);
    spec.labels.extend(labels(fixture));
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("a service");
    for kind in [OwnedKind::Secret, OwnedKind::Service] {
        let found = runtime
            .list_owned(kind, &labels(fixture))
            .await
            .expect("a list");
        let names: Vec<_> = found.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, [name.as_str()], "{kind:?}");
        let other = BTreeMap::from([(label::APPLICATION.to_owned(), "another".to_owned())]);
        let found = runtime.list_owned(kind, &other).await.expect("a list");
        assert!(found.iter().all(|object| object.name != name), "{kind:?}");
    }
}

pub async fn what_is_in_use_is_not_removed(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("used");
    runtime.ensure_network(&name).await.expect("a network");
    runtime
        .ensure_secret(&name, &"value".into(), &labels(fixture))
        .await
        .expect("a secret");
    runtime
        .ensure_volume(&name, &labels(fixture))
        .await
        .expect("a volume");
    let mut spec = service_of(fixture, &name, Workload::Steady);
    spec.networks = vec![name.clone()];
    spec.secrets = vec![SecretMount {
        secret_name: name.clone(),
        file_name: "KEY".to_owned(),
    }];
    spec.volumes = vec![Volume {
        source: name.clone(),
        target: "/data".to_owned(),
        read_only: false,
    }];
    run(&*runtime, &spec).await;
    for kind in [OwnedKind::Network, OwnedKind::Secret, OwnedKind::Volume] {
        let object = find(fixture, kind, &name).await.expect("it is there");
        let removed = runtime
            .remove_owned(&object)
            .await
            .expect("in use is no error");
        assert!(!removed, "{kind:?}");
        assert!(find(fixture, kind, &name).await.is_some(), "{kind:?}");
    }
}

pub async fn what_is_foreign_is_never_removed(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let name = fixture.name("foreign-object");
    fixture.create_foreign_service(&name).await;
    let service = eventually(&*runtime, &name, |_| true).await;
    assert_eq!(find(fixture, OwnedKind::Service, &name).await, None);
    let object = OwnedObject {
        kind: OwnedKind::Service,
        id: service.id,
        name: name.clone(),
        // What the caller says about its labels does not count.
        labels: BTreeMap::from([(label::MANAGED_BY.to_owned(), label::OURS.to_owned())]),
    };
    let refused = runtime
        .remove_owned(&object)
        .await
        .expect_err("it is foreign");
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    eventually(&*runtime, &name, |_| true).await;
}

pub async fn removing_what_is_absent_is_ok(fixture: &dyn Fixture) {
    for kind in [
        OwnedKind::Service,
        OwnedKind::Secret,
        OwnedKind::Network,
        OwnedKind::Volume,
    ] {
        let object = OwnedObject {
            kind,
            id: fixture.name("absent"),
            name: fixture.name("absent"),
            labels: BTreeMap::new(),
        };
        let removed = fixture.runtime().remove_owned(&object).await;
        assert!(removed.expect("it is gone"), "{kind:?}");
    }
}

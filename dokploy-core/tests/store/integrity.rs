//! What a database itself refuses and knows, whatever the program around it does.

use std::sync::Arc;

use dokploy_core::conformance::store::scene::{Scene, claimed, entry, user};
use dokploy_core::error::ErrorKind;
use dokploy_core::model::{EnvDelivery, EnvValue, EnvVar, Role};
use dokploy_core::secret::Secret;
use dokploy_core::store::{ApplicationStore, AuditStore, SqlStore, UserStore};

/// Each of these breaks a promise about the rows of [`rows`].
pub(crate) const FORBIDDEN: [&str; 11] = [
    "UPDATE deployments SET status = 'failed' WHERE status = 'success'",
    "UPDATE deployments SET status = 'pending', queue = 'blocked' WHERE status = 'success'",
    "UPDATE deployments SET status = 'rolled_back' WHERE status = 'failed'",
    "UPDATE deployments SET queue = 'active', lease_until = 0 WHERE queue = 'blocked'",
    "UPDATE deployments SET status = 'failed' WHERE queue = 'blocked'",
    "UPDATE events SET fact = '{}'",
    "DELETE FROM projects",
    "UPDATE audit SET actor = 'somebody else'",
    "DELETE FROM audit",
    "INSERT INTO audit SELECT 9, happened_at, actor, actor_name, action, resource, outcome, address, request_id,
        detail, previous, hash FROM audit",
    "UPDATE users SET is_first = TRUE",
];

/// Tables that grow without end, or with the number of users: no statement reads one from its beginning to its end.
pub(crate) const LARGE: [&str; 12] = [
    "applications",
    "audit",
    "databases",
    "deployments",
    "events",
    "identities",
    "members",
    "projects",
    "releases",
    "requests",
    "sessions",
    "tokens",
];

/// One deployment that succeeded, one that failed, one that runs and one that waits behind it; two users and a record
/// of the audit log.
pub(crate) async fn rows(store: &SqlStore) {
    let scene = Scene::new(Arc::new(store.clone())).await;
    scene.released().await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    scene.deploy().await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim)]).await;
    for role in [Role::Owner, Role::Viewer] {
        store.create_user(&user(role), None).await.unwrap();
    }
    store.append_audit(&entry("project.create")).await.unwrap();
}

/// A secret that was not sealed is refused, and no error shows it.
pub(crate) async fn an_unsealed_secret_is_never_stored(store: &SqlStore) {
    let scene = Scene::new(Arc::new(store.clone())).await;
    let mut application = scene.application.clone();
    application.spec.env_vars.push(EnvVar {
        key: "PASSWORD".to_owned(),
        value: EnvValue::Secret {
            secret: Secret::new("do-not-show-me"),
        },
        delivery: EnvDelivery::Env,
    });
    let error = store.update_application(&application).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert!(!format!("{error:?}").contains("do-not-show-me"));
    let found = store.find_application(application.id).await.unwrap();
    assert_eq!(found, Some(scene.application));
}

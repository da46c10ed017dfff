//! What a database keeps when processes come and go.

use std::sync::Arc;

use dokploy_core::conformance::store::scene::{
    SHORT_LEASE, Scene, claimed, new_deployment, warned,
};
use dokploy_core::model::SupersedePolicy;
use dokploy_core::store::{
    ApplicationStore, DeploymentStore, NewDeployment, SettingStore, SqlStore,
};

/// Opens one database four times at once, while it is still empty.
pub(crate) async fn processes_that_start_together_share_one_schema(
    open: impl AsyncFn() -> SqlStore,
) {
    let stores = futures::future::join_all((0..4).map(|_| open())).await;
    for store in &stores {
        store.ping().await.unwrap();
    }
    let scene = Scene::new(Arc::new(stores[0].clone())).await;
    let found = stores[3].find_application(scene.application.id).await;
    assert_eq!(found.unwrap(), Some(scene.application));
    for store in stores {
        store.close().await;
    }
}

/// The first process ends without closing anything, as a killed one does.
pub(crate) async fn what_was_accepted_outlives_the_process(open: impl AsyncFn() -> SqlStore) {
    let scene = Scene::new(Arc::new(open().await)).await;
    let keyed = NewDeployment {
        idempotency_key: Some("delivery-1".to_owned()),
        supersede: SupersedePolicy::Queued,
        ..new_deployment(&scene.application)
    };
    let accepted = scene.accept(&keyed).await;
    let claim = scene.try_claim(SHORT_LEASE).await.unwrap();
    scene
        .work(&claim, [claimed(&claim), warned("half-way")])
        .await;
    let before = scene.find(accepted.id).await;
    let log = scene.log(accepted.id).await;

    let store = open().await;
    let later = Scene {
        store: Arc::new(store.clone()),
        ..scene
    };
    assert_eq!(later.find(accepted.id).await, before);
    assert_eq!(later.log(accepted.id).await, log);
    let again = store.create_deployment(&keyed).await.unwrap();
    assert!(again.existed);
    assert_eq!(again.deployment.id, accepted.id);
    // Nobody holds it any more: it goes on where it was.
    let resumed = later.take_over().await;
    assert_eq!(resumed.deployment, before);
    later.fail(&resumed).await;
    store.close().await;
}

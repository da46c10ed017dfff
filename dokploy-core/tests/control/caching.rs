//! The cache: exact where it is told, and never a door.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dokploy_core::cache::{Cache, MemoryCache};
use dokploy_core::control::ProjectChange;
use dokploy_core::model::{ApplicationSpec, PageRequest, Role};
use dokploy_core::{Error, ErrorKind, Result};

use crate::scene::{Scene, application_in, code, fresh_name, image_spec, project_of, system};

#[tokio::test]
async fn a_change_is_seen_at_once_in_lists_and_details() {
    for scene in Scene::each().await {
        // A second process shares the cache.
        let (here, there) = (scene.control().await, scene.control().await);
        let anna = scene.person(&here, Role::Developer).await;
        let project = project_of(&here, &anna).await.id;
        let page = PageRequest::first();
        let count = || async {
            there
                .applications(&anna, None, page)
                .await
                .unwrap()
                .items
                .len()
        };
        assert_eq!(count().await, 0);
        let made = here
            .create_application(&anna, project, image_spec())
            .await
            .unwrap();
        assert_eq!(count().await, 1);
        let replicas = || async {
            let one = there.application(&anna, made.id).await.unwrap().application;
            let list = there
                .applications(&anna, Some(project), page)
                .await
                .unwrap();
            (one.spec.replicas, list.items[0].application.spec.replicas)
        };
        assert_eq!(replicas().await, (1, 1));
        let spec = ApplicationSpec {
            replicas: 5,
            ..made.spec.clone()
        };
        here.update_application(&anna, made.id, None, spec)
            .await
            .unwrap();
        assert_eq!(replicas().await, (5, 5));
        here.delete_application(&anna, made.id).await.unwrap();
        assert_eq!(count().await, 0);
        assert_eq!(code(there.application(&anna, made.id).await), "not_found");
    }
}

/// A shared cache that forgets nothing that it is told to forget: another process was cut off from it.
#[derive(Debug, Default)]
struct Stubborn(MemoryCache);

#[async_trait]
impl Cache for Stubborn {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.0.get(key).await
    }
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()> {
        self.0.put(key, value, ttl).await
    }
    async fn forget(&self, _: &[String]) -> Result<()> {
        Err(Error::new(ErrorKind::Unavailable, "the cache is away"))
    }
    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64> {
        self.0.increment(key, ttl).await
    }
}

#[tokio::test]
async fn a_cache_that_forgets_nothing_opens_no_door() {
    let mut scene = Scene::in_memory();
    scene.cache = Arc::new(Stubborn::default());
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let bert = scene.person(&control, Role::Developer).await;
    let team = control.create_team(&system(), &fresh_name()).await.unwrap();
    control
        .add_member(&system(), team.id, bert.user_id().unwrap())
        .await
        .unwrap();
    let project = project_of(&control, &anna).await.id;
    let shared = |team_id| ProjectChange {
        team_id: Some(team_id),
        ..ProjectChange::default()
    };
    control
        .update_project(&system(), project, None, shared(Some(team.id)))
        .await
        .unwrap();
    let application = application_in(&control, project).await.id;
    let page = PageRequest::first();
    assert_eq!(
        control
            .applications(&bert, None, page)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    control.application(&bert, application).await.unwrap();
    control.service(&bert, application).await.unwrap();

    control
        .update_project(&system(), project, None, shared(None))
        .await
        .unwrap();
    assert_eq!(
        control
            .applications(&bert, None, page)
            .await
            .unwrap()
            .items
            .len(),
        0
    );
    assert_eq!(
        code(control.applications(&bert, Some(project), page).await),
        "not_found"
    );
    assert_eq!(
        code(control.application(&bert, application).await),
        "not_found"
    );
    assert_eq!(code(control.service(&bert, application).await), "not_found");
    assert_eq!(
        control
            .applications(&anna, None, page)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

#[tokio::test]
async fn what_was_read_before_a_change_and_kept_after_it_is_never_shown() {
    let mut scene = Scene::in_memory();
    let slow = Arc::new(Slow::default());
    scene.cache = slow.clone();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let project = project_of(&control, &anna).await.id;
    let made = application_in(&control, project).await;
    let page = PageRequest::first();
    slow.hold(true);
    control.application(&anna, made.id).await.unwrap();
    control.applications(&anna, None, page).await.unwrap();
    let spec = ApplicationSpec {
        replicas: 5,
        ..made.spec
    };
    control
        .update_application(&anna, made.id, None, spec)
        .await
        .unwrap();
    // What was read before arrives in the cache after the change.
    slow.hold(false);
    slow.keep_held().await;
    let one = control.application(&anna, made.id).await.unwrap();
    let list = control.applications(&anna, None, page).await.unwrap();
    assert_eq!(one.application.spec.replicas, 5);
    assert_eq!(list.items[0].application.spec.replicas, 5);
}

/// A cache that keeps large values only later; what is small, the generations, it keeps at once.
#[derive(Debug, Default)]
struct Slow {
    inner: MemoryCache,
    holds: std::sync::atomic::AtomicBool,
    held: std::sync::Mutex<Vec<(String, Bytes, Duration)>>,
}

impl Slow {
    fn hold(&self, holds: bool) {
        self.holds.store(holds, std::sync::atomic::Ordering::SeqCst);
    }

    async fn keep_held(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        assert!(!held.is_empty());
        for (key, value, ttl) in held {
            self.inner.put(&key, value, ttl).await.unwrap();
        }
    }
}

#[async_trait]
impl Cache for Slow {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.inner.get(key).await
    }
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()> {
        if self.holds.load(std::sync::atomic::Ordering::SeqCst) && value.len() > 100 {
            self.held.lock().unwrap().push((key.to_owned(), value, ttl));
            return Ok(());
        }
        self.inner.put(key, value, ttl).await
    }
    async fn forget(&self, keys: &[String]) -> Result<()> {
        self.inner.forget(keys).await
    }
    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64> {
        self.inner.increment(key, ttl).await
    }
}

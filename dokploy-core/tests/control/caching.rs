//! The cache: exact where it is told, and never a door.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dokploy_core::cache::{Cache, MemoryCache};
use dokploy_core::control::{ApplicationView, ProjectChange};
use dokploy_core::model::{
    ApplicationSpec, EnvDelivery, EnvValue, EnvVar, Page, PageRequest, Role,
};
use dokploy_core::{DeployRequest, Error, ErrorKind, Result, Secret};

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

#[tokio::test]
async fn a_list_is_written_again_when_something_on_it_has_changed_and_only_then() {
    for scene in Scene::each().await {
        let (here, there) = (scene.control().await, scene.control().await);
        let anna = scene.person(&here, Role::Admin).await;
        let project = project_of(&here, &anna).await.id;
        let application = application_in(&here, project).await;
        let written = async |actor| {
            let mut is_new = false;
            let render = |page: Page<ApplicationView>| {
                is_new = true;
                Ok(Bytes::from(format!("{:?}", page.items)))
            };
            let page = PageRequest::first();
            let list = there.applications_rendered(actor, Some(project), page, render);
            (list.await.unwrap(), is_new)
        };
        let (first, is_new) = written(&anna).await;
        assert!(is_new);
        assert_eq!(written(&anna).await, (first.clone(), false));

        let spec = ApplicationSpec {
            replicas: 5,
            ..application.spec.clone()
        };
        let update = here.update_application(&anna, application.id, None, spec);
        update.await.unwrap();
        let (second, is_new) = written(&anna).await;
        assert!(is_new && second != first);

        let deployed = here.deploy(&anna, DeployRequest::of(application.id)).await;
        let (third, is_new) = written(&anna).await;
        assert!(is_new && third != second);
        assert_eq!(written(&anna).await, (third.clone(), false));
        let deployed = deployed.unwrap().id;
        here.cancel(&anna, deployed).await.unwrap();
        let (fourth, is_new) = written(&anna).await;
        assert!(is_new && fourth != third);

        scene.clock.advance(Duration::from_mins(5));
        assert_eq!(written(&anna).await, (fourth, true));
    }
}

#[tokio::test]
async fn a_list_that_was_written_for_one_is_given_to_nobody_who_sees_less() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Admin).await;
        let bert = scene.person(&control, Role::Viewer).await;
        let team = control.create_team(&system(), &fresh_name()).await.unwrap();
        let member = bert.user_id().unwrap();
        control
            .add_member(&system(), team.id, member)
            .await
            .unwrap();
        let project = project_of(&control, &anna).await.id;
        let mut spec = image_spec();
        spec.env_vars = vec![EnvVar {
            key: "TOKEN".to_owned(),
            value: EnvValue::Secret {
                secret: Secret::new("a value of eighteen".to_owned()),
            },
            delivery: EnvDelivery::Env,
        }];
        control
            .create_application(&anna, project, spec)
            .await
            .unwrap();
        let share = async |team_id| {
            let change = ProjectChange {
                team_id: Some(team_id),
                ..ProjectChange::default()
            };
            control
                .update_project(&system(), project, None, change)
                .await
                .unwrap();
        };
        share(Some(team.id)).await;
        let written = async |actor| {
            let render = |page: Page<ApplicationView>| Ok(Bytes::from(format!("{:?}", page.items)));
            let page = PageRequest::first();
            let list = control.applications_rendered(actor, None, page, render);
            String::from_utf8(list.await.unwrap().to_vec()).unwrap()
        };
        assert!(written(&anna).await.contains("TOKEN"));
        let seen = written(&bert).await;
        assert!(
            seen.contains("ApplicationView") && !seen.contains("TOKEN"),
            "{seen}"
        );
        share(None).await;
        assert_eq!(written(&bert).await, "[]");
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

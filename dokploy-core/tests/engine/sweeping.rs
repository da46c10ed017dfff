//! What clean-up keeps and what it takes away.

use std::collections::{BTreeMap, HashMap};

use dokploy_core::ContainerRuntime;
use dokploy_core::Deployer;
use dokploy_core::RollbackRequest;
use dokploy_core::deployment::Status;
use dokploy_core::model::{CommandLine, EnvDelivery, EnvValue, EnvVar, PageRequest};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, OwnedKind, label};

use crate::world::{App, SECOND, World, end, texts};

fn certificate(value: &str) -> Vec<EnvVar> {
    vec![EnvVar {
        key: "CERTIFICATE".to_owned(),
        value: EnvValue::Secret {
            secret: value.into(),
        },
        delivery: EnvDelivery::File,
    }]
}

/// Every retained release can be gone back to: image and secrets are there.
async fn assert_targets_exist(app: &App<'_>) {
    let world = app.world;
    let page = PageRequest {
        limit: 200,
        before: None,
    };
    let releases = world
        .store
        .list_releases(app.application.id, page)
        .await
        .unwrap();
    let current = app.stored().await.current_release_id;
    for release in releases.items {
        if release.retired_at.is_some()
            || release.stable_at.is_none()
            || Some(release.id) == current
        {
            continue;
        }
        let id = release.image_reference.rsplit('@').next().unwrap();
        let image = world.runtime.find_image(id).await.unwrap();
        assert!(image.is_some(), "the image of {} is gone", release.id);
    }
}

#[tokio::test(start_paused = true)]
async fn images_and_secrets_of_the_last_ten_releases_are_kept_and_older_ones_go() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    for version in 1..=15 {
        app.update(|spec| spec.env_vars = certificate(&format!("value-{version}")))
            .await;
        let done = app.deploy_version(&format!("v{version}")).await;
        assert_eq!(done.state.status, Status::Success);
        assert_targets_exist(&app).await;
    }
    for kind in [OwnedKind::Image, OwnedKind::Secret] {
        let left = world.owned(kind).await.len();
        assert!((10..=12).contains(&left), "{left} of {kind:?}");
    }
    // The oldest one that is retained still runs, with its secret.
    let page = PageRequest {
        limit: 200,
        before: None,
    };
    let releases = world
        .store
        .list_releases(app.application.id, page)
        .await
        .unwrap()
        .items;
    let oldest = releases
        .iter()
        .rfind(|release| release.retired_at.is_none())
        .unwrap();
    let request = RollbackRequest {
        application: app.application.id,
        release: Some(oldest.id),
        actor: None,
        idempotency_key: None,
    };
    let back = end(&engine.roll_back(request).await.unwrap()).await;
    assert_eq!(
        back.state.status,
        Status::Success,
        "{:?}",
        back.state.failure
    );
}

#[tokio::test(start_paused = true)]
async fn what_failed_deployments_built_goes_and_the_serving_release_stays() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    for number in 0..20 {
        let crash = FakeBehavior::crashes_after(SECOND);
        let bad = app.deploy_that(&format!("bad-{number}"), crash).await;
        assert_eq!(bad.state.status, Status::RolledBack);
        assert_eq!(app.serving().await, texts(["v1"]));
        assert_targets_exist(&app).await;
    }
    app.deploy_version("v2").await;
    app.deploy_version("v3").await;
    let images = world.owned(OwnedKind::Image).await;
    assert!(images.len() <= 4, "{images:?}");
}

#[tokio::test(start_paused = true)]
async fn two_applications_of_one_repository_keep_images_of_their_own() {
    let world = World::new();
    let engine = world.engine().await;
    let mut apps = Vec::new();
    for project in ["shop", "blog"] {
        let project = world.project(&engine, project).await;
        let app = world
            .app_in(&engine, &project, "web", |spec| {
                let source = spec.git_source.as_mut().unwrap();
                source.repo_url = "https://git.example/shared.git".to_owned();
            })
            .await;
        apps.push(App {
            url: "https://git.example/shared.git".to_owned(),
            ..app
        });
    }
    let mut first = Vec::new();
    for app in &apps {
        first.push(app.deploy_version("shared-1").await.state.release_id);
    }
    assert_eq!(world.builds(), 2);
    // One of them goes on and forgets; the other one still has what it could go back to.
    for version in 2..=14 {
        app_deploys(&apps[0], version).await;
    }
    apps[1].commit("other");
    assert_eq!(
        end(&apps[1].deploy().await).await.state.status,
        Status::Success
    );
    let request = RollbackRequest {
        application: apps[1].application.id,
        release: first[1],
        actor: None,
        idempotency_key: None,
    };
    let back = end(&engine.roll_back(request).await.unwrap()).await;
    assert_eq!(
        back.state.status,
        Status::Success,
        "{:?}",
        back.state.failure
    );
    assert_eq!(apps[1].serving().await, texts(["shared-1"]));
}

async fn app_deploys(app: &App<'_>, version: u32) {
    let done = app.deploy_version(&format!("shared-{version}")).await;
    assert_eq!(done.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_like_ours_survives() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    let id = app.application.id.to_string();
    // It has the labels of the application, but not the one that makes it ours.
    let labels = BTreeMap::from([(label::APPLICATION.to_owned(), id)]);
    world.runtime.add_image_with("look-alike:1", labels, false);
    world.runtime.add_image("web:by-hand");
    app.deploy_version("v2").await;
    app.deploy_version("v3").await;
    for name in ["look-alike:1", "web:by-hand"] {
        assert!(
            world.runtime.find_image(name).await.unwrap().is_some(),
            "{name}"
        );
    }
    engine.delete_application(app.application.id).await.unwrap();
    for name in ["look-alike:1", "web:by-hand"] {
        assert!(
            world.runtime.find_image(name).await.unwrap().is_some(),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_hangs_or_fails_holds_up_nothing() {
    use dokploy_core::runtime::{FakeMoment, FakeVerb};
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let hang = world
        .runtime
        .hang(FakeVerb::ListOwned, 1, FakeMoment::Before);
    let started = tokio::time::Instant::now();
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
    assert!(started.elapsed() < 120 * SECOND);
    drop(hang);
    let broken = dokploy_core::Error::new(dokploy_core::ErrorKind::Unexpected, "broken");
    world
        .runtime
        .fail(FakeVerb::ListOwned, 1, FakeMoment::Before, broken);
    assert_eq!(app.deploy_version("v3").await.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_mixed_deployments_leave_nothing() {
    let world = World::new();
    let engine = world.engine().await;
    let project = world.project(&engine, "shop").await;
    let mut apps = Vec::new();
    for number in 0..5 {
        let app = world
            .app_in(&engine, &project, &format!("app-{number}"), |spec| {
                spec.release_command =
                    (number % 2 == 0).then(|| CommandLine::Shell("migrate".into()));
                spec.registry = (number == 1).then(|| "registry.example/team".to_owned());
            })
            .await;
        app.update(|spec| spec.env_vars = certificate("first"))
            .await;
        apps.push(app);
    }
    let mut ends: HashMap<Status, usize> = HashMap::new();
    let mut last_good = vec![None; apps.len()];
    for round in 0..40 {
        let mut handles = Vec::new();
        for (number, app) in apps.iter().enumerate() {
            let text = format!("app-{number}-v{round}");
            let kind = (round * 7 + number * 3) % 8;
            app.update(|spec| spec.env_vars = certificate(&format!("value-{}", round / 3)))
                .await;
            commit_of_kind(app, &text, kind);
            let handle = app.deploy().await;
            handles.push((number, text, handle.clone()));
            if kind == 3 {
                tokio::time::sleep(SECOND / 2).await;
                handle.cancel(None).await.unwrap();
            }
        }
        for (number, text, handle) in handles {
            let ended = end(&handle).await;
            *ends.entry(ended.state.status).or_default() += 1;
            if ended.state.status == Status::Success {
                last_good[number] = Some(text);
            }
        }
    }
    assert_eq!(ends.values().sum::<usize>(), 200);
    assert!(ends.len() >= 4, "not mixed enough: {ends:?}");
    for (app, text) in apps.iter().zip(&last_good) {
        assert_eq!(app.serving().await, texts([text.as_deref().unwrap()]));
        assert_targets_exist(app).await;
    }
    assert_eq!(world.one_offs().1, 0);
    assert_eq!(world.owned(OwnedKind::Service).await.len(), apps.len());
    assert!(world.owned(OwnedKind::Image).await.len() <= apps.len() * 13);
    assert!(world.owned(OwnedKind::Secret).await.len() <= apps.len() * 13);
    for app in &apps {
        engine.delete_application(app.application.id).await.unwrap();
    }
    for kind in [OwnedKind::Service, OwnedKind::Image, OwnedKind::Secret] {
        assert_eq!(world.owned(kind).await, Vec::<String>::new(), "{kind:?}");
    }
    let stats = engine.queue_stats().await.unwrap();
    assert_eq!((stats.waiting, stats.active), (0, 0));
}

/// A version that is good, crashes, cannot be run or cannot be built.
fn commit_of_kind(app: &App<'_>, text: &str, kind: usize) {
    let behavior = match kind {
        0 => FakeBehavior::crashes_after(SECOND),
        1 => FakeBehavior::ImageNotFound,
        _ => FakeBehavior::healthy(),
    };
    app.commit_that(text, behavior);
    if kind == 2 {
        let build = FakeBuild {
            failure: Some("broken".to_owned()),
            ..FakeBuild::default()
        };
        app.world.script_build(text, build);
    }
}

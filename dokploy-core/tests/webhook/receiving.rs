//! What an engine makes of deliveries, with everything but the engine in memory.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::deployment::Status;
use dokploy_core::model::{
    Application, ApplicationSpec, DeploymentTrigger, GitSource, PageRequest, Project,
};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::{DeploymentFilter, MemoryStore};
use dokploy_core::webhook::{Delivery, Provider};
use dokploy_core::{Deployer, Engine, EngineOptions, ErrorKind, Store};
use serde_json::Value;

use super::sending::{sample, signed, unsigned};

/// What outlives an engine.
struct World {
    store: Arc<MemoryStore>,
    directory: tempfile::TempDir,
    key: [u8; 32],
}

impl World {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            directory: tempfile::tempdir().unwrap(),
            key: rand::random(),
        }
    }

    /// An engine that accepts and works on nothing, so that what was accepted waits.
    async fn engine(&self) -> Engine {
        Engine::builder()
            .store(Arc::clone(&self.store) as Arc<dyn Store>)
            .runtime(Arc::new(FakeRuntime::new()))
            .source(Arc::new(FakeSource::new()))
            .keyring(Keyring::new("test", self.key).unwrap())
            .data_dir(self.directory.path())
            .options(EngineOptions {
                concurrency: 0,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap()
    }
}

async fn project(engine: &Engine) -> Project {
    let store = engine.store();
    match store.find_project_by_name("shop").await.unwrap() {
        Some(project) => project,
        None => engine.create_project("shop", "").await.unwrap(),
    }
}

/// An application of the repository in the sample of GitHub.
async fn application(
    engine: &Engine,
    name: &str,
    change: impl FnOnce(&mut ApplicationSpec),
) -> Application {
    let mut spec = ApplicationSpec::named(name);
    spec.git_source = Some(GitSource::branch("git@github.com:team/web.git", "main"));
    change(&mut spec);
    let project = project(engine).await;
    engine.create_application(project.id, spec).await.unwrap()
}

fn secret(engine: &Engine, application: &Application) -> String {
    let secret = engine.webhook_secret(application).unwrap().unwrap();
    secret.expose().to_owned()
}

fn github(engine: &Engine, application: &Application, id: &str, body: &str) -> Delivery {
    signed(
        Provider::GitHub,
        "push",
        id,
        body,
        &secret(engine, application),
    )
}

/// A push of the sample with other commits, taken at another time.
fn between(before: char, after: char, pushed_at: Option<i64>) -> String {
    let mut body: Value = serde_json::from_str(sample::GITHUB_PUSH).unwrap();
    body["before"] = Value::from(before.to_string().repeat(40));
    body["after"] = Value::from(after.to_string().repeat(40));
    body["repository"]["pushed_at"] = pushed_at.map_or(Value::Null, Value::from);
    body.to_string()
}

async fn count(engine: &Engine, application: &Application) -> usize {
    let filter = DeploymentFilter {
        application: Some(application.id),
        ..DeploymentFilter::default()
    };
    let page = engine.deployments(&filter, PageRequest::first()).await;
    page.unwrap().items.len()
}

#[tokio::test]
async fn a_push_deploys_the_head_of_the_branch_and_remembers_what_it_was() {
    let engine = World::new().engine().await;
    let web = application(&engine, "web", |_| {}).await;
    let delivery = github(&engine, &web, "one", sample::GITHUB_PUSH);
    let answer = engine.receive_webhook(&delivery).await.unwrap();
    assert_eq!(answer.ignored, None);
    let deployment = engine.find(answer.deployments[0]).await.unwrap().unwrap();
    assert_eq!(deployment.application_id, web.id);
    let request = deployment.request;
    assert_eq!(request.trigger, DeploymentTrigger::Webhook);
    assert_eq!(request.title.as_deref(), Some("Count the basket"));
    assert_eq!((request.branch, request.commit_sha), (None, None));
    let push = request.push.unwrap();
    assert!(push.after.unwrap().starts_with("59b20b8"));
}

#[tokio::test]
async fn a_hundred_identical_deliveries_at_once_make_one_deployment_also_after_a_restart() {
    let world = World::new();
    let engine = world.engine().await;
    let web = application(&engine, "web", |_| {}).await;
    let delivery = github(&engine, &web, "one", sample::GITHUB_PUSH);
    let burst = async |engine: &Engine| {
        let calls = (0..100).map(|_| engine.receive_webhook(&delivery));
        futures::future::join_all(calls).await
    };
    let mut answers = burst(&engine).await;
    engine.abort();
    let restarted = world.engine().await;
    answers.extend(burst(&restarted).await);
    let mut ids: Vec<_> = answers
        .into_iter()
        .flat_map(|answer| answer.unwrap().deployments)
        .collect();
    assert_eq!(ids.len(), 200);
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(count(&restarted, &web).await, 1);
}

#[tokio::test]
async fn each_application_answers_to_its_own_secret() {
    let engine = World::new().engine().await;
    let web = application(&engine, "web", |_| {}).await;
    let api = application(&engine, "api", |_| {}).await;
    let delivery = github(&engine, &api, "one", sample::GITHUB_PUSH);
    let answer = engine.receive_webhook(&delivery).await.unwrap();
    assert_eq!(answer.deployments.len(), 1);
    assert_eq!(
        (count(&engine, &web).await, count(&engine, &api).await),
        (0, 1)
    );
}

#[tokio::test]
async fn what_nobody_has_signed_is_refused_alike_whether_there_is_an_application_or_not() {
    let world = World::new();
    let engine = world.engine().await;
    let unknown = signed(Provider::GitHub, "push", "1", sample::GITHUB_PUSH, "guess");
    let absent = engine.receive_webhook(&unknown).await.unwrap_err();
    let web = application(&engine, "web", |_| {}).await;
    let bare = unsigned(Provider::GitHub, "push", "1", sample::GITHUB_PUSH);
    let mut tampered = github(&engine, &web, "1", sample::GITHUB_PUSH);
    tampered.body = sample::GITHUB_PUSH.replace("Add", "Odd").into();
    let wrong_event = signed(Provider::GitHub, "ping", "1", sample::GITHUB_PING, "guess");
    for delivery in [unknown, bare, tampered, wrong_event] {
        let error = engine.receive_webhook(&delivery).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(error.message(), absent.message());
        assert_eq!(error.hint(), absent.hint());
    }
    assert_eq!(count(&engine, &web).await, 0);
}

#[tokio::test]
async fn a_rotated_secret_ends_the_old_one() {
    let engine = World::new().engine().await;
    let web = application(&engine, "web", |_| {}).await;
    let old = github(&engine, &web, "1", sample::GITHUB_PUSH);
    let rotated = engine
        .rotate_webhook_secret(web.id, web.version)
        .await
        .unwrap();
    let error = engine.receive_webhook(&old).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let new = github(&engine, &rotated, "1", sample::GITHUB_PUSH);
    assert_eq!(
        engine
            .receive_webhook(&new)
            .await
            .unwrap()
            .deployments
            .len(),
        1
    );
}

#[tokio::test]
async fn what_deploys_nothing_says_why_and_the_same_delivery_deploys_later() {
    let engine = World::new().engine().await;
    let web = application(&engine, "web", |spec| spec.auto_deploy = false).await;
    let delivery = github(&engine, &web, "one", sample::GITHUB_PUSH);
    let answer = engine.receive_webhook(&delivery).await.unwrap();
    assert_eq!(answer.deployments, []);
    let why = "automatic deployment is off";
    assert_eq!(answer.ignored.as_deref(), Some(why));
    let mut spec = web.spec.clone();
    spec.auto_deploy = true;
    engine
        .update_application(web.id, web.version, spec)
        .await
        .unwrap();
    let answer = engine.receive_webhook(&delivery).await.unwrap();
    assert_eq!(answer.deployments.len(), 1);

    let ping = signed(
        Provider::GitHub,
        "ping",
        "two",
        sample::GITHUB_PING,
        &secret(&engine, &web),
    );
    let answer = engine.receive_webhook(&ping).await.unwrap();
    assert!(answer.ignored.unwrap().contains("ping"));
}

#[tokio::test]
async fn an_older_push_never_takes_the_place_of_a_newer_one() {
    let engine = World::new().engine().await;
    let send = async |web: &Application, id: &str, body: &str| {
        let delivery = github(&engine, web, id, body);
        engine.receive_webhook(&delivery).await.unwrap()
    };
    for (name, times) in [("timed", [Some(10), Some(20)]), ("untimed", [None, None])] {
        let web = application(&engine, name, |_| {}).await;
        let (old, new) = (between('1', '2', times[0]), between('2', '3', times[1]));
        let newer = send(&web, &format!("{name}-new"), &new).await.deployments;
        let answer = send(&web, &format!("{name}-old"), &old).await;
        let why = "a newer push was taken before";
        assert_eq!(answer.ignored.as_deref(), Some(why), "{name}");
        let waiting = engine.find(newer[0]).await.unwrap().unwrap();
        assert_eq!(waiting.state.status, Status::Pending, "{name}");
        // The newer one that is sent once more is still the one that it was.
        let again = send(&web, &format!("{name}-new"), &new).await.deployments;
        assert_eq!(again, newer, "{name}");
    }
}

#[tokio::test]
async fn a_newer_push_takes_the_place_of_the_waiting_one() {
    let engine = World::new().engine().await;
    let web = application(&engine, "web", |_| {}).await;
    let mut ids = Vec::new();
    for (number, [before, after]) in [['1', '2'], ['2', '3'], ['3', '4']].iter().enumerate() {
        let body = between(*before, *after, None);
        let delivery = github(&engine, &web, &number.to_string(), &body);
        ids.extend(engine.receive_webhook(&delivery).await.unwrap().deployments);
    }
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(engine.find(id).await.unwrap().unwrap().state.status);
    }
    assert_eq!(
        statuses,
        [Status::Superseded, Status::Superseded, Status::Pending]
    );
}

#[tokio::test]
async fn a_push_to_a_registry_deploys_the_applications_that_run_its_tag() {
    let engine = World::new().engine().await;
    let image = |name: &'static str| {
        move |spec: &mut ApplicationSpec| {
            spec.git_source = None;
            spec.image = Some(name.to_owned());
        }
    };
    let running = application(&engine, "web", image("registry.example:5000/team/web:1.2")).await;
    let other = application(&engine, "old", image("registry.example:5000/team/web:1.1")).await;
    let delivery = signed(
        Provider::Docker,
        "application/json",
        "",
        sample::DOCKER_REGISTRY,
        &secret(&engine, &running),
    );
    for _ in 0..2 {
        let answer = engine.receive_webhook(&delivery).await.unwrap();
        assert_eq!(answer.deployments.len(), 1);
    }
    assert_eq!(count(&engine, &running).await, 1);
    let delivery = signed(
        Provider::Docker,
        "application/json",
        "",
        sample::DOCKER_REGISTRY,
        &secret(&engine, &other),
    );
    let answer = engine.receive_webhook(&delivery).await.unwrap();
    assert_eq!(
        answer.ignored.as_deref(),
        Some("no application follows 1.2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_a_delivery_and_takes_it_when_it_is_sent_again() {
    let world = World::new();
    let first = world.engine().await;
    let web = application(&first, "web", |_| {}).await;
    let full = Engine::builder()
        .store(Arc::clone(&world.store) as Arc<dyn Store>)
        .runtime(Arc::new(FakeRuntime::new()))
        .source(Arc::new(FakeSource::new()))
        .keyring(Keyring::new("test", world.key).unwrap())
        .data_dir(world.directory.path())
        .options(EngineOptions {
            concurrency: 0,
            queue_max: 0,
            poll_interval: Duration::from_secs(1),
            ..EngineOptions::default()
        })
        .start()
        .await
        .unwrap();
    let delivery = github(&first, &web, "one", sample::GITHUB_PUSH);
    let error = full.receive_webhook(&delivery).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let answer = first.receive_webhook(&delivery).await.unwrap();
    assert_eq!(answer.deployments.len(), 1);
}

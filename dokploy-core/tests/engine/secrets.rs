//! Secret values are nowhere in clear but where they are meant to go.

use std::path::Path;

use base64::Engine as _;
use dokploy_core::deployment::{Status, Step};
use dokploy_core::model::{
    CommandLine, CredentialKind, CredentialSecret, EnvDelivery, EnvValue, EnvVar, PageRequest,
};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeMoment, FakeTask, FakeVerb};
use dokploy_core::source::FakeCall;
use dokploy_core::store::DeploymentFilter;
use dokploy_core::{DeployRequest, Deployer, Error, ErrorKind};
use futures::StreamExt;

use crate::world::{App, SECOND, World, end};

const ENVIRONMENT: &str = "s3cret-of-the-environment/+=";
const FILE: &str = "s3cret-in-a-file%20&?";
const BUILD: &str = "s3cret-of-the-build\"\\";
const GIT: &str = "s3cret-of-the-git-host";
const REGISTRY: &str = "s3cret-of-the-registry";
const ALL: [&str; 5] = [ENVIRONMENT, FILE, BUILD, GIT, REGISTRY];

/// Every form in which a value would be readable.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap();
    let standard = base64::engine::general_purpose::STANDARD;
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    vec![
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        standard.encode(value).trim_end_matches('=').to_owned(),
        url_safe.encode(value),
        url,
    ]
}

fn assert_holds_no_secret(what: &str, bytes: &[u8]) {
    for value in ALL {
        for form in forms(value) {
            let found = bytes
                .windows(form.len())
                .any(|window| window == form.as_bytes());
            assert!(
                !found,
                "{what} holds {form}: {}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}

fn secret(key: &str, value: &str, delivery: EnvDelivery) -> EnvVar {
    EnvVar {
        key: key.to_owned(),
        value: EnvValue::Secret {
            secret: value.into(),
        },
        delivery,
    }
}

/// An application with a secret of every kind.
async fn prepared<'a>(world: &'a World, engine: &dokploy_core::Engine) -> App<'a> {
    let token = CredentialSecret::Token { token: GIT.into() };
    let git = engine
        .create_credential(CredentialKind::Git, "git", "git.example", &token)
        .await
        .unwrap();
    let basic = CredentialSecret::Basic {
        username: "robot".to_owned(),
        password: REGISTRY.into(),
    };
    let registry = engine
        .create_credential(
            CredentialKind::Registry,
            "registry",
            "registry.example",
            &basic,
        )
        .await
        .unwrap();
    world
        .app(engine, |spec| {
            spec.git_source.as_mut().unwrap().credential_id = Some(git.id);
            spec.registry = Some("registry.example/team".to_owned());
            spec.registry_credential_id = Some(registry.id);
            spec.env_vars = vec![
                secret("TOKEN", ENVIRONMENT, EnvDelivery::Env),
                secret("CERTIFICATE", FILE, EnvDelivery::File),
            ];
            let build = EnvValue::Secret {
                secret: BUILD.into(),
            };
            spec.build_secrets.insert("npm".to_owned(), build);
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
        })
        .await
}

/// Lines that show every secret in every form.
fn treacherous_lines() -> Vec<String> {
    // Credentials are not known to the log, because no output of a build or a container can have them.
    let values = [ENVIRONMENT, FILE, BUILD];
    let lines = values
        .into_iter()
        .flat_map(forms)
        .map(|form| format!("it is <{form}>!"));
    lines.collect()
}

fn treacherous_text() -> String {
    treacherous_lines().join(" and ")
}

/// An error that shows every secret.
fn broken() -> Error {
    let cause = std::io::Error::other(treacherous_text());
    Error::new(ErrorKind::Unexpected, treacherous_text())
        .with_source(cause)
        .with_hint(treacherous_text())
}

/// Makes a step of the next deployment fail and tell all that it knows.
fn bait(world: &World, step: Step) {
    match step {
        Step::ResolveSource => {
            world.source.fail(
                FakeCall::Resolve,
                1,
                ErrorKind::SourceFailed,
                treacherous_text(),
            );
        }
        Step::BuildImage => {
            let build = FakeBuild {
                lines: treacherous_lines(),
                failure: Some(treacherous_text()),
                ..FakeBuild::default()
            };
            world.script_build("v2", build);
        }
        Step::PushImage => {
            world
                .runtime
                .fail(FakeVerb::PushImage, 1, FakeMoment::Before, broken());
        }
        Step::RunReleaseCommand => world.runtime.choose_task(|_| {
            Some(FakeTask {
                lines: treacherous_lines(),
                exit_code: 1,
                ..FakeTask::default()
            })
        }),
        Step::ApplyService => {
            world
                .runtime
                .fail(FakeVerb::ApplyService, 1, FakeMoment::Before, broken());
        }
        _ => {}
    }
}

async fn search(world: &World, app: &App<'_>, what: &str) {
    let store = &world.store;
    let filter = DeploymentFilter::default();
    let deployments = store
        .list_deployments(&filter, PageRequest::first())
        .await
        .unwrap();
    for deployment in &deployments.items {
        let handle = app.engine_handle(deployment.id);
        let events: Vec<_> = handle.events(0).map(Result::unwrap).collect().await;
        assert_holds_no_secret(what, serde_json::to_string(&events).unwrap().as_bytes());
        assert_holds_no_secret(what, format!("{events:?}").as_bytes());
        assert_holds_no_secret(what, serde_json::to_string(deployment).unwrap().as_bytes());
        assert_holds_no_secret(what, format!("{deployment:?}").as_bytes());
        let lines: Vec<_> = handle.logs(0, false).map(Result::unwrap).collect().await;
        assert!(!lines.is_empty());
        assert_holds_no_secret(what, serde_json::to_string(&lines).unwrap().as_bytes());
    }
    let application = app.stored().await;
    assert_holds_no_secret(
        what,
        serde_json::to_string(&application).unwrap().as_bytes(),
    );
    let releases = store
        .list_releases(application.id, PageRequest::first())
        .await
        .unwrap();
    assert_holds_no_secret(
        what,
        serde_json::to_string(&releases.items).unwrap().as_bytes(),
    );
    let credentials = store.list_credentials(PageRequest::first()).await.unwrap();
    assert_holds_no_secret(what, format!("{:?}", credentials.items).as_bytes());
    let request = DeployRequest::of(application.id);
    let plan = app.engine.plan(request).await;
    assert_holds_no_secret(what, format!("{plan:?}").as_bytes());
    search_files(what, world.directory.path());
    let service = app.service().await;
    assert_holds_no_secret(
        what,
        format!("{:?}", service.map(|service| service.labels)).as_bytes(),
    );
    assert_holds_no_secret(what, format!("{:?}", app.engine).as_bytes());
}

fn search_files(what: &str, directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search_files(what, &path);
        } else {
            assert_holds_no_secret(
                &format!("{what}: {}", path.display()),
                &std::fs::read(&path).unwrap(),
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_what_a_success_leaves() {
    let world = World::new();
    let engine = world.engine().await;
    let app = prepared(&world, &engine).await;
    app.commit("v1");
    let build = FakeBuild {
        lines: treacherous_lines(),
        ..FakeBuild::default()
    };
    world.script_build("v1", build);
    world.runtime.choose_task(|_| {
        Some(FakeTask {
            lines: treacherous_lines(),
            ..FakeTask::default()
        })
    });
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
    search(&world, &app, "a success").await;
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_what_a_failure_leaves() {
    for step in [
        Step::ResolveSource,
        Step::BuildImage,
        Step::PushImage,
        Step::RunReleaseCommand,
        Step::ApplyService,
        Step::AwaitHealthy,
    ] {
        let world = World::new();
        let engine = world.engine().await;
        let app = prepared(&world, &engine).await;
        app.deploy_version("v1").await;
        app.commit_that("v2", FakeBehavior::crashes_after(5 * SECOND));
        bait(&world, step);
        let handle = app.deploy().await;
        if step == Step::AwaitHealthy {
            tokio::time::sleep(2 * SECOND).await;
            for line in treacherous_lines() {
                world
                    .runtime
                    .write_line(&app.application.service_name, &line)
                    .unwrap();
            }
            world
                .runtime
                .fail(FakeVerb::EnsureSecret, 1, FakeMoment::Before, broken());
        }
        let bad = end(&handle).await;
        assert_ne!(bad.state.status, Status::Success, "{step}");
        let failure = bad.state.failure.as_ref().unwrap();
        assert_eq!(failure.step, Some(step));
        let spoke = format!("{failure:?}");
        assert!(
            spoke.contains("it is <"),
            "{step}: the bait was not taken: {spoke}"
        );
        search(&world, &app, step.as_str()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_wrong_key_stops_the_start_and_says_why() {
    let world = World::new();
    world.engine().await;
    let other = dokploy_core::secret::Keyring::generate().unwrap();
    let refused = dokploy_core::Engine::builder()
        .store(world.store.clone())
        .runtime(std::sync::Arc::new(world.runtime.clone()))
        .source(std::sync::Arc::new(world.source.clone()))
        .keyring(other)
        .data_dir(world.directory.path())
        .start()
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSpec);
    assert_eq!(refused.violations()[0].field, "secretKey");
    assert!(refused.message().contains("wrong key"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_sealed_value_of_another_application_is_refused() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.env_vars = vec![secret("TOKEN", ENVIRONMENT, EnvDelivery::Env)];
        })
        .await;
    let stolen = app.stored().await.spec.env_vars;
    let project = world.project(&engine, "shop").await;
    let mut spec = app.stored().await.spec;
    spec.name = "thief".to_owned();
    spec.env_vars = stolen;
    let refused = engine
        .create_application(project.id, spec)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSpec);
    assert_eq!(refused.violations()[0].field, "envVars[0].value");
}

//! What takes too long, and what breaks. Time is the test's own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use dokploy_core::Result;
use dokploy_core::access::Actor;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{ApplicationSpec, GitSource, Revision, Role};
use dokploy_core::source::{SourceFetcher, SourceRequest, SourceTree};
use futures::{Stream, StreamExt as _, stream};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{Answer, Call};
use super::world::{Person, SECRET, Scene, Settings, World};

/// How long a request may take, and how long an upload may stand still.
const PATIENCE: Duration = Duration::from_secs(30);

type Chunk = std::result::Result<Bytes, Infallible>;

/// Sends a request with another body.
async fn send(call: Call, body: impl Stream<Item = Chunk> + Send + 'static) -> Answer {
    let (router, request) = call.request();
    let request = request.map(|_| Body::from_stream(body));
    let answered = async {
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        Answer::of(response).await
    };
    let answered = tokio::time::timeout(PATIENCE * 10, answered).await;
    answered.expect("it waits for ever")
}

/// The beginning of an object, and then nothing more.
fn unfinished() -> impl Stream<Item = Chunk> {
    stream::iter([Ok(Bytes::from_static(b"{\"name\": "))]).chain(stream::pending())
}

/// A part of a file, now and then.
fn slow(pause: Duration, parts: usize) -> impl Stream<Item = Chunk> {
    stream::iter(0..parts).then(move |_| async move {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from_static(b"a part of an archive"))
    })
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_waited_for_half_a_minute() {
    let world = World::new().await;
    let olivia = world.person("olivia", Role::Owner).await;
    let create = || {
        let call = world.call("POST", "/api/projects").bearer(&olivia.token);
        call.header("content-type", "application/json")
    };
    for call in [create(), create().header("idempotency-key", "slow")] {
        let begun = Instant::now();
        let answer = send(call, unfinished()).await;
        answer.problem(504, "timed_out");
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }
    // The key was not used up by what never arrived.
    let again = create().header("idempotency-key", "slow");
    again
        .bytes(json!({"name": "shop"}).to_string())
        .send()
        .await
        .expect(201);
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_long_but_not_stand_still() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/archive");
    let upload = |media_type: &str| {
        let call = scene.world.call("POST", &path);
        call.bearer(&scene.developer.token)
            .header("content-type", media_type)
    };
    let bytes = || upload("application/octet-stream");
    let begun = Instant::now();
    let done = send(bytes(), slow(PATIENCE * 2 / 3, 6)).await;
    assert_eq!(done.expect(200)["bytes"], 6 * 20);
    assert!(begun.elapsed() >= PATIENCE * 4);

    let form = || upload("multipart/form-data; boundary=x");
    let head = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let head = move || stream::iter([Ok(Bytes::from_static(head))]);
    for answer in [
        send(bytes(), slow(PATIENCE * 2 / 3, 2).chain(stream::pending())).await,
        send(form(), stream::pending()).await,
        send(form(), head().chain(stream::pending())).await,
    ] {
        answer.problem(422, "invalid_spec");
    }
    let read = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.developer);
    let version = read.send().await.expect(200)["version"].clone();
    assert_eq!(
        version,
        done.json()["version"],
        "what broke off changed nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_lasts_as_long_as_it_lasts() {
    let scene = Scene::new().await;
    let path = scene.path("/api/deployments/{id}/events");
    let call = scene.world.get(&path, &scene.viewer);
    let (router, request) = call.header("accept", "text/event-stream").request();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut chunks = response.into_body().into_data_stream();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE * 4 {
        chunks.next().await.expect("the stream goes on").unwrap();
    }
}

/// A source with a bug, or with endless patience.
#[derive(Debug)]
enum Broken {
    Panics,
    Hangs,
}

#[async_trait::async_trait]
impl SourceFetcher for Broken {
    async fn resolve(&self, _: &SourceRequest, _: &CancellationToken) -> Result<Revision> {
        match self {
            Self::Panics => panic!("it knows {SECRET}"),
            Self::Hangs => std::future::pending().await,
        }
    }

    async fn fetch(
        &self,
        _: &SourceRequest,
        _: &Revision,
        _: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        panic!("nothing was resolved")
    }

    async fn forget(&self, _: ApplicationId) -> Result<()> {
        Ok(())
    }
}

/// A world with such a source, and an application of it.
async fn broken(source: Broken) -> (World, Person, ApplicationId) {
    let world = World::with(Settings {
        source: Some(Arc::new(source)),
        ..Settings::default()
    })
    .await;
    let olivia = world.person("olivia", Role::Owner).await;
    let project = world.project(&olivia, "shop", None).await;
    let spec = ApplicationSpec {
        git_source: Some(GitSource::branch("https://git.example.com/web.git", "main")),
        ..ApplicationSpec::named("web")
    };
    let system = Actor::system("test");
    let made = world
        .control
        .create_application(&system, project, spec)
        .await;
    (world, olivia, made.unwrap().id)
}

#[tokio::test]
async fn a_bug_in_a_handler_is_a_problem_that_says_nothing_and_the_server_goes_on() {
    let (world, olivia, id) = broken(Broken::Panics).await;
    let path = format!("/api/applications/{id}/plan");
    for key in [None, Some("once")] {
        let mut call = world.post(&path, &olivia, &json!({}));
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        let answer = call.header("x-request-id", "abc-1").send().await;
        let problem = answer.problem(500, "unexpected");
        assert_eq!(problem["requestId"], "abc-1");
        assert!(
            !answer.text.contains(SECRET) && !answer.text.contains("panic"),
            "{answer:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    world.get("/api/projects", &olivia).send().await.expect(200);
    // It was counted as what it was.
    let metrics = world.get("/api/metrics/prometheus", &olivia).send().await;
    let counted = metrics.text.lines().find(|line| {
        line.contains("/api/applications/{id}/plan") && line.contains("500") && line.ends_with(" 2")
    });
    assert!(counted.is_some(), "{}", metrics.text);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up_and_the_server_goes_on() {
    let (world, olivia, id) = broken(Broken::Hangs).await;
    let path = format!("/api/applications/{id}/plan");
    let begun = Instant::now();
    let answer = world.post(&path, &olivia, &json!({})).send().await;
    answer.problem(504, "timed_out");
    assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    world.get("/api/projects", &olivia).send().await.expect(200);
}

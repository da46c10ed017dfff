//! A web program that deploys: `POST /deploy` starts a deployment, `GET /deployments/{id}/events` follows it live, as
//! server-sent events that go on after `Last-Event-ID`.
//!
//! `cargo run -p dokploy-examples --example embed_in_axum -- <path or URL of a repository with a Dockerfile>`

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use dokploy_core::id::{ApplicationId, DeploymentId};
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{DeployRequest, Deployer, Engine, OpenOptions};
use futures::{Stream, StreamExt};

#[derive(Clone)]
struct Platform {
    engine: Engine,
    application: ApplicationId,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[expect(clippy::disallowed_methods, reason = "a program reads its environment")]
async fn main() -> Result<()> {
    let repo_url = std::env::args()
        .nth(1)
        .context("the URL of a repository is expected")?;
    let data = tempfile::tempdir()?;
    let engine = Engine::open(OpenOptions {
        data_dir: data.path().to_path_buf(),
        docker_host: std::env::var("DOCKER_HOST").ok(),
        network: NetworkPolicy::trusting(),
        ..OpenOptions::default()
    })
    .await?;
    let project = engine.create_project("examples", "").await?;
    let mut spec = ApplicationSpec::named(format!("axum-{}", std::process::id()));
    spec.git_source = Some(GitSource::branch(&repo_url, "main"));
    spec.update.monitor = Duration::from_secs(2);
    // A small init process passes the signal to stop on: without it, many programs are only killed after 30 seconds.
    spec.init = true;
    let application = engine.create_application(project.id, spec).await?.id;

    let platform = Platform {
        engine: engine.clone(),
        application,
    };
    let router = Router::new()
        .route("/deploy", post(deploy))
        .route("/deployments/{id}/events", get(events))
        .with_state(platform);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // The program ends when its input does, so that what it made can be taken away again.
    let end = async {
        let _ = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(end)
        .await?;
    engine.delete_application(application).await?;
    engine.shutdown().await;
    Ok(())
}

/// Accepts and answers at once: the work goes on when the client has gone.
async fn deploy(
    State(platform): State<Platform>,
) -> Result<(StatusCode, Json<serde_json::Value>), (StatusCode, String)> {
    let accepted = platform
        .engine
        .deploy(DeployRequest::of(platform.application))
        .await;
    let deployment = accepted.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok((
        StatusCode::ACCEPTED,
        Json(serde_json::json!({ "id": deployment.id() })),
    ))
}

async fn events(
    State(platform): State<Platform>,
    Path(id): Path<DeploymentId>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let events = platform.engine.watch(id, seen.unwrap_or(0)).map(|event| {
        let sent = match event {
            Ok(event) => Event::default()
                .id(event.seq.to_string())
                .event(event.kind.name())
                .json_data(&event)
                .unwrap_or_default(),
            Err(error) => Event::default().event("error").data(error.to_string()),
        };
        Ok(sent)
    });
    Sse::new(events)
}

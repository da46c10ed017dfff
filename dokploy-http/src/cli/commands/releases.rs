//! `dokploy releases`

use dokploy_core::model::{Application, PageRequest, Release};
use dokploy_core::{Engine, Result};
use serde_json::json;

use crate::cli::arguments::{NameArguments, WaitArguments};
use crate::cli::exit::Exit;
use crate::cli::session::{Session, Work, age, write_json};
use crate::cli::view::clean;
use crate::cli::{lookup, table};

pub(crate) async fn run(mut session: Session, arguments: &NameArguments) -> Result<Exit> {
    let engine = session.open(Work::Look, &WaitArguments::default()).await?;
    let found = find(&session, &engine, &arguments.application).await;
    session.close(&engine).await;
    let (application, releases) = found?;
    if session.json {
        for release in &releases {
            write_json(&json!({
                "releaseId": release.id,
                "deploymentId": release.deployment_id,
                "current": application.current_release_id == Some(release.id),
                "stable": release.stable_at.is_some(),
                "image": release.image,
                "imageReference": release.image_reference,
                "revision": release.revision,
                "createdAt": release.created_at,
            }))?;
        }
        return Ok(Exit::Success);
    }
    let mut rows = vec![
        ["RELEASE", "STATE", "IMAGE", "AGE", "COMMIT"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(releases.iter().map(|release| row(&application, release)));
    for line in table::lines(&rows) {
        session.print(&line)?;
    }
    Ok(Exit::Success)
}

async fn find(
    session: &Session,
    engine: &Engine,
    name: &str,
) -> Result<(Application, Vec<Release>)> {
    let application = lookup::application(engine, &session.project, name).await?;
    let page = PageRequest {
        limit: PageRequest::LIMIT_MAX,
        before: None,
    };
    let releases = engine
        .store()
        .list_releases(application.id, page)
        .await?
        .items;
    let retained = releases
        .into_iter()
        .filter(|release| release.retired_at.is_none());
    Ok((application, retained.collect()))
}

fn row(application: &Application, release: &Release) -> Vec<String> {
    let state = match (
        application.current_release_id == Some(release.id),
        release.stable_at,
    ) {
        (true, _) => "current",
        (false, Some(_)) => "healthy before",
        (false, None) => "never healthy",
    };
    let commit = release.revision.as_ref().map(|revision| {
        format!(
            "{} {}",
            revision.short(),
            revision.message.as_deref().map(clean).unwrap_or_default()
        )
    });
    vec![
        release.id.to_string(),
        state.to_owned(),
        release.image.clone(),
        age(release.created_at),
        commit.unwrap_or_default(),
    ]
}

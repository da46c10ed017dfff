//! `dokploy ps`

use dokploy_core::model::{Application, Deployment, PageRequest};
use dokploy_core::runtime::{ObservedService, TaskHealth, TaskState};
use dokploy_core::store::ApplicationFilter;
use dokploy_core::{Engine, Error, Result};
use serde_json::json;

use crate::cli::arguments::WaitArguments;
use crate::cli::exit::Exit;
use crate::cli::session::{Session, Work, age, write_json};
use crate::cli::source::describe;
use crate::cli::{lookup, table};
use crate::shape::DeploymentShape;

/// An application, with what was found out about it.
struct Found {
    project: String,
    application: Application,
    deployment: Option<Deployment>,
    /// What runs; an error when the container engine does not answer.
    service: Result<Option<ObservedService>>,
}

/// Shows what the store knows also while the container engine is away, but does not pretend that it is there.
pub(crate) async fn run(mut session: Session) -> Result<Exit> {
    let engine = session.open(Work::Look, &WaitArguments::default()).await?;
    let found = find(&engine).await;
    session.close(&engine).await;
    let found = found?;
    if session.json {
        found
            .iter()
            .try_for_each(|found| write_json(&shape(found)))?;
    } else {
        print(&session, &found)?;
    }
    match found.into_iter().find_map(|found| found.service.err()) {
        None => Ok(Exit::Success),
        Some(error) if session.json => Ok(Exit::of_error(&error)),
        Some(error) => Err(error),
    }
}

async fn find(engine: &Engine) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut page = PageRequest {
        limit: PageRequest::LIMIT_MAX,
        before: None,
    };
    let mut away: Option<Error> = None;
    let all = ApplicationFilter {
        with_databases: true,
        ..ApplicationFilter::default()
    };
    loop {
        let applications = engine.store().list_applications(&all, page).await?;
        for application in applications.items {
            let project = engine.store().find_project(application.project_id).await?;
            let service = match &away {
                // Asked once, and not once for each application.
                Some(error) => Err(Error::new(error.kind(), error.message())),
                None => {
                    engine
                        .runtime()
                        .observe_service(&application.service_name)
                        .await
                }
            };
            if let Err(error) = &service {
                away = Some(Error::new(error.kind(), error.message()));
            }
            found.push(Found {
                project: project.map(|project| project.name).unwrap_or_default(),
                deployment: lookup::latest(engine, application.id).await?,
                service,
                application,
            });
        }
        match applications.next {
            Some(next) => page.before = Some(next),
            None => return Ok(found),
        }
    }
}

fn print(session: &Session, found: &[Found]) -> Result<()> {
    if found.is_empty() {
        return session.print("no applications; `dokploy deploy` makes one");
    }
    let head = [
        "APPLICATION",
        "TASKS",
        "IMAGE",
        "LAST DEPLOYMENT",
        "AGE",
        "SOURCE",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(row));
    table::lines(&rows)
        .iter()
        .try_for_each(|line| session.print(line))?;
    for deployment in found.iter().filter_map(|found| found.deployment.as_ref()) {
        if !deployment.state.status.is_terminal() {
            session.print("")?;
            session.print(&format!(
                "{} is under way; see it, or go on with it if it was left unfinished:",
                deployment.spec.name
            ))?;
            session.print(&format!("  dokploy logs --follow {}", deployment.id))?;
        }
    }
    Ok(())
}

fn row(found: &Found) -> Vec<String> {
    let (status, at) = match &found.deployment {
        Some(deployment) => (
            deployment.state.status.to_string(),
            age(deployment.updated_at),
        ),
        None => (
            "never deployed".to_owned(),
            age(found.application.created_at),
        ),
    };
    let image = match &found.service {
        Ok(Some(service)) => short_image(&service.image),
        _ => "-".to_owned(),
    };
    vec![
        format!("{}/{}", found.project, found.application.spec.name),
        tasks(found),
        image,
        status,
        at,
        describe(&found.application.spec),
    ]
}

fn tasks(found: &Found) -> String {
    match &found.service {
        Err(_) => "unknown".to_owned(),
        Ok(None) => "no service".to_owned(),
        Ok(Some(_)) if found.application.stopped => "stopped".to_owned(),
        Ok(Some(service)) => format!("{}/{} healthy", healthy(service), service.replicas),
    }
}

fn healthy(service: &ObservedService) -> usize {
    let healthy = service.tasks.iter().filter(|task| {
        task.wanted
            && task.state == TaskState::Running
            && matches!(task.health, TaskHealth::Healthy | TaskHealth::Unknown)
    });
    healthy.count()
}

/// A digest says nothing to people, and is long.
fn short_image(image: &str) -> String {
    match image.split_once("sha256:") {
        Some(("", digest)) => digest.chars().take(12).collect(),
        Some((name, _)) => name.trim_end_matches('@').to_owned(),
        None => image.to_owned(),
    }
}

fn shape(found: &Found) -> serde_json::Value {
    let service = found.service.as_ref().ok().and_then(Option::as_ref);
    json!({
        "applicationId": found.application.id,
        "project": found.project,
        "name": found.application.spec.name,
        "serviceName": found.application.service_name,
        "stopped": found.application.stopped,
        "replicas": service.map(|service| service.replicas),
        "healthy": service.map(healthy),
        "image": service.map(|service| &service.image),
        "engineReachable": found.service.is_ok(),
        "lastDeployment": found.deployment.as_ref().map(DeploymentShape::of),
    })
}

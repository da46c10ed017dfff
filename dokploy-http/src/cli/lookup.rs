//! Finds and makes the projects and applications that a command names.

use dokploy_core::id::{ApplicationId, DeploymentId};
use dokploy_core::model::{Application, ApplicationSpec, Deployment, PageRequest, Project};
use dokploy_core::store::{ApplicationFilter, DeploymentFilter};
use dokploy_core::{Deployer as _, Engine, Error, ErrorKind, Result};

use super::credentials::Given;
use super::source::describe;
use super::specification::Wanted;

/// How often a change is tried when somebody else changes the application at the same time.
const TRIES_MAX: u32 = 5;

/// The application of this name in a project.
///
/// # Errors
///
/// `not_found` with the names that there are.
pub(crate) async fn application(engine: &Engine, project: &str, name: &str) -> Result<Application> {
    match find(engine, project, name).await? {
        Some(application) => Ok(application),
        None => Err(missing(engine, project, name).await?),
    }
}

pub(crate) async fn find(
    engine: &Engine,
    project: &str,
    name: &str,
) -> Result<Option<Application>> {
    let store = engine.store();
    match store.find_project_by_name(project).await? {
        Some(project) => store.find_application_by_name(project.id, name).await,
        None => Ok(None),
    }
}

async fn missing(engine: &Engine, project: &str, name: &str) -> Result<Error> {
    let error = Error::not_found("application", format!("{project}/{name}"));
    let page = engine
        .store()
        .list_applications(&ApplicationFilter::default(), PageRequest::first())
        .await?;
    let mut names = Vec::new();
    for application in &page.items {
        let project = engine.store().find_project(application.project_id).await?;
        let project = project.map(|project| project.name).unwrap_or_default();
        names.push(format!("{project}/{}", application.spec.name));
    }
    Ok(if names.is_empty() {
        error.with_hint("there is none in this data directory: is it the right one?")
    } else {
        error.with_hint(format!("there are: {}", names.join(", ")))
    })
}

/// The deployment of this id, or the latest one of the application of this name.
///
/// # Errors
///
/// `not_found` when there is none.
pub(crate) async fn deployment(engine: &Engine, project: &str, what: &str) -> Result<Deployment> {
    if let Ok(id) = what.parse::<DeploymentId>() {
        let found = engine.find(id).await?;
        return found.ok_or_else(|| Error::not_found("deployment", id));
    }
    let application = application(engine, project, what).await?;
    let latest = latest(engine, application.id).await?;
    latest.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("application {what} has never been deployed"),
        )
    })
}

/// The latest deployment of an application.
pub(crate) async fn latest(
    engine: &Engine,
    application: ApplicationId,
) -> Result<Option<Deployment>> {
    let filter = DeploymentFilter {
        application: Some(application),
        ..DeploymentFilter::default()
    };
    let page = engine
        .deployments(
            &filter,
            PageRequest {
                limit: 1,
                before: None,
            },
        )
        .await?;
    Ok(page.items.into_iter().next())
}

/// Makes the application, or changes what was typed about it.
///
/// # Errors
///
/// `invalid_spec` for a setting that breaks a rule, and when the name was derived from the source and belongs to an
/// application with another one.
pub(crate) async fn save(
    engine: &Engine,
    project: &str,
    wanted: &Wanted<'_>,
    given: &Given,
) -> Result<Application> {
    for _ in 0..TRIES_MAX {
        match try_save(engine, project, wanted, given).await {
            Err(error) if lost_race(&error) => {}
            outcome => return outcome,
        }
    }
    let message = format!(
        "application {} is changed by somebody else all the time",
        wanted.name
    );
    Err(Error::new(ErrorKind::Conflict, message))
}

async fn try_save(
    engine: &Engine,
    project: &str,
    wanted: &Wanted<'_>,
    given: &Given,
) -> Result<Application> {
    let stored = find(engine, project, &wanted.name).await?;
    let mut spec = draft(project, wanted, stored.as_ref())?;
    // Before anything is stored for it.
    spec.validate()?;
    let credentials = given
        .store(engine, &format!("{project}/{}", wanted.name), &mut spec)
        .await?;
    let saved = match stored {
        Some(stored) if stored.spec == spec => Ok(stored),
        Some(stored) => {
            engine
                .update_application(stored.id, stored.version, spec)
                .await
        }
        None => {
            let project = self::project(engine, project).await?;
            engine.create_application(project.id, spec).await
        }
    };
    match saved {
        Ok(application) => credentials.settle(engine).await.map(|()| application),
        Err(error) => {
            credentials.withdraw(engine).await;
            Err(error)
        }
    }
}

/// The specification that the application would have.
pub(crate) fn draft(
    project: &str,
    wanted: &Wanted<'_>,
    stored: Option<&Application>,
) -> Result<ApplicationSpec> {
    let mut spec = match stored {
        Some(application) => application.spec.clone(),
        None => ApplicationSpec::named(&wanted.name),
    };
    match (&wanted.source, stored) {
        (None, None) => {
            let error = Error::not_found("application", format!("{project}/{}", wanted.name));
            return Err(error.with_hint("give a git URL, a directory or an image to make it"));
        }
        (Some(source), Some(_)) if !wanted.is_named() && !source.resembles(&spec) => {
            let message = format!(
                "application {} is deployed from {}, not from {source}",
                wanted.name,
                describe(&spec)
            );
            let hint = format!(
                "give another --name for a new application, or --name {} to give this one another source",
                wanted.name
            );
            return Err(Error::new(ErrorKind::InvalidSpec, message).with_hint(hint));
        }
        _ => {}
    }
    wanted.put_into(&mut spec)?;
    Ok(spec)
}

async fn project(engine: &Engine, name: &str) -> Result<Project> {
    if let Some(project) = engine.store().find_project_by_name(name).await? {
        return Ok(project);
    }
    engine.create_project(name, "").await
}

/// Somebody else made or changed it between our look and our write.
fn lost_race(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Conflict)
}

//! `dokploy deploy`

use dokploy_core::model::{Application, DeploymentRequest, DeploymentTrigger};
use dokploy_core::{
    DeployRequest, Deployer as _, DeploymentHandle, Engine, Error, ErrorKind, Result,
};
use serde_json::json;

use crate::cli::actor;
use crate::cli::arguments::{DeployArguments, RevisionArguments};
use crate::cli::credentials::Given;
use crate::cli::exit::Exit;
use crate::cli::follow::OnInterrupt;
use crate::cli::lookup;
use crate::cli::secret::SecretReader;
use crate::cli::session::{Session, write_json};
use crate::cli::source::{NamedSource, describe};
use crate::cli::specification::Wanted;
use crate::cli::view::{Line, Tone};
use crate::config::Config;

pub(crate) async fn run(mut session: Session, arguments: &DeployArguments) -> Result<Exit> {
    let environment = session.environment.clone();
    let mut secrets = SecretReader::new(&environment);
    let wanted = Wanted::read(&arguments.application, &mut secrets)?;
    let given = Given::read(
        &arguments.application,
        &secrets,
        session.config.home.as_ref(),
    )?;
    ensure_allowed(
        wanted.source.as_ref(),
        arguments.application.credentials.allow_file,
        &session.config,
    )?;
    let request = request(&arguments.revision);
    request.validate()?;
    let engine = session.open_to_deploy(&arguments.wait).await?;
    let accepted = accept(&session, &engine, &wanted, &given, request).await;
    let announced = accepted.and_then(|(application, handle)| {
        if !arguments.wait.quiet {
            announce(&session, &application, &handle)?;
        }
        Ok(handle)
    });
    let handle = match announced {
        Ok(handle) => handle,
        Err(error) => {
            session.close(&engine).await;
            return Err(error);
        }
    };
    session
        .follow(&engine, &handle, OnInterrupt::Cancel, &arguments.wait)
        .await
}

async fn accept(
    session: &Session,
    engine: &Engine,
    wanted: &Wanted<'_>,
    given: &Given,
    request: DeploymentRequest,
) -> Result<(Application, DeploymentHandle)> {
    let application = lookup::save(engine, &session.project, wanted, given).await?;
    let handle = engine
        .deploy(DeployRequest {
            request,
            ..DeployRequest::of(application.id)
        })
        .await?;
    Ok((application, handle))
}

fn announce(session: &Session, application: &Application, handle: &DeploymentHandle) -> Result<()> {
    let name = &application.spec.name;
    let source = describe(&application.spec);
    if session.json {
        return write_json(&json!({
            "type": "application",
            "applicationId": application.id,
            "project": session.project,
            "name": name,
            "serviceName": application.service_name,
            "deploymentId": handle.id(),
        }));
    }
    session.say(
        &Line::of(Tone::Plain, "Deploying ")
            .with(Tone::Strong, format!("{}/{name}", session.project))
            .with(
                Tone::Plain,
                format!(" from {source} as the service {}", application.service_name),
            ),
    )
}

/// What is asked for beyond what the application says.
pub(crate) fn request(revision: &RevisionArguments) -> DeploymentRequest {
    DeploymentRequest {
        commit_sha: revision
            .commit
            .as_ref()
            .map(|commit| commit.to_ascii_lowercase()),
        force: revision.force,
        trigger: DeploymentTrigger::Cli,
        actor: Some(actor()),
        ..DeploymentRequest::default()
    }
}

/// A repository of this machine's files is a source only where the operator says so.
pub(crate) fn ensure_allowed(
    source: Option<&NamedSource>,
    allow_file: bool,
    config: &Config,
) -> Result<()> {
    let is_file = source.is_some_and(NamedSource::is_file_repository);
    if !is_file || allow_file || config.allow_file_sources {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidSpec, "file:// repositories are not allowed")
        .with_hint("allow them with --allow-file or DOKPLOY_ALLOW_FILE_SOURCES=true, or name the directory itself"))
}

//! `dokploy rollback`

use dokploy_core::id::ReleaseId;
use dokploy_core::{Deployer as _, DeploymentHandle, Engine, Result, RollbackRequest};

use crate::cli::actor;
use crate::cli::arguments::RollbackArguments;
use crate::cli::exit::Exit;
use crate::cli::follow::OnInterrupt;
use crate::cli::lookup;
use crate::cli::session::Session;
use crate::cli::view::{Line, Tone};

pub(crate) async fn run(mut session: Session, arguments: &RollbackArguments) -> Result<Exit> {
    let release = arguments.to.as_deref().map(str::parse).transpose()?;
    let engine = session.open_to_deploy(&arguments.wait).await?;
    let handle = match accept(
        &session,
        &engine,
        &arguments.application,
        release,
        arguments.wait.quiet,
    )
    .await
    {
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
    name: &str,
    release: Option<ReleaseId>,
    quiet: bool,
) -> Result<DeploymentHandle> {
    let application = lookup::application(engine, &session.project, name).await?;
    let request = RollbackRequest {
        application: application.id,
        release,
        actor: Some(actor()),
        idempotency_key: None,
    };
    let handle = engine.roll_back(request).await?;
    if !session.json && !quiet {
        session.say(
            &Line::of(Tone::Plain, "Going back with ")
                .with(Tone::Strong, format!("{}/{name}", session.project)),
        )?;
    }
    Ok(handle)
}

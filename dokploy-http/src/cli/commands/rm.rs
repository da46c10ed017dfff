//! `dokploy rm`

use dokploy_core::{Engine, Result};

use crate::cli::arguments::{NameArguments, WaitArguments};
use crate::cli::exit::Exit;
use crate::cli::lookup;
use crate::cli::session::{Session, Work, write_result};

pub(crate) async fn run(mut session: Session, arguments: &NameArguments) -> Result<Exit> {
    // A deployment that was left unfinished has to be stopped first, which needs an engine that works.
    let engine = session
        .open(Work::Deploy, &WaitArguments::default())
        .await?;
    let removed = remove(&session, &engine, &arguments.application).await;
    session.close(&engine).await;
    let volumes = removed?;
    if session.json {
        write_result("removed", "keptVolumes", volumes)?;
        return Ok(Exit::Success);
    }
    session.print(&format!(
        "removed {}/{}",
        session.project, arguments.application
    ))?;
    if !volumes.is_empty() {
        session.print(&format!(
            "its volumes are still there: {}",
            volumes.join(", ")
        ))?;
    }
    Ok(Exit::Success)
}

/// Returns the volumes that stay.
async fn remove(session: &Session, engine: &Engine, name: &str) -> Result<Vec<String>> {
    let application = lookup::application(engine, &session.project, name).await?;
    engine.delete_application(application.id).await?;
    let git = application
        .spec
        .git_source
        .as_ref()
        .and_then(|git| git.credential_id);
    for credential in git
        .into_iter()
        .chain(application.spec.registry_credential_id)
    {
        engine.delete_credential(credential).await?;
    }
    Ok(application
        .spec
        .volumes
        .into_iter()
        .map(|volume| volume.source)
        .collect())
}

//! `dokploy cancel`

use dokploy_core::{Deployer as _, DeploymentHandle, Engine, Error, ErrorKind, Result};

use crate::cli::actor;
use crate::cli::arguments::CancelArguments;
use crate::cli::exit::Exit;
use crate::cli::follow::OnInterrupt;
use crate::cli::lookup;
use crate::cli::session::{Session, Work};

/// Ends with success when the deployment is cancelled in the end, and with the deployment's own code when it was faster.
pub(crate) async fn run(mut session: Session, arguments: &CancelArguments) -> Result<Exit> {
    // Whoever left the deployment may be gone: this engine brings it to its end.
    let engine = session.open(Work::Deploy, &arguments.wait).await?;
    let handle = match cancel(&session, &engine, &arguments.what).await {
        Ok(handle) => handle,
        Err(error) => {
            session.close(&engine).await;
            return Err(error);
        }
    };
    let exit = session
        .follow(&engine, &handle, OnInterrupt::Leave, &arguments.wait)
        .await?;
    Ok(if exit == Exit::Cancelled {
        Exit::Success
    } else {
        exit
    })
}

async fn cancel(session: &Session, engine: &Engine, what: &str) -> Result<DeploymentHandle> {
    let deployment = lookup::deployment(engine, &session.project, what).await?;
    if deployment.state.status.is_terminal() {
        let message = format!(
            "deployment {} has ended already: {}",
            deployment.id, deployment.state.status
        );
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    engine.cancel(deployment.id, Some(actor())).await?;
    Ok(DeploymentHandle::new(engine.deployer(), deployment.id))
}

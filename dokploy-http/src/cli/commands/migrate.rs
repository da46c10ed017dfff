//! `dokploy migrate`

use dokploy_core::Result;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::session::Session;

pub(crate) async fn run(session: Session) -> Result<Exit> {
    session.migrate().await?;
    if session.json {
        session.write_json(&json!({"type": "result", "exitCode": 0, "status": "migrated"}))?;
    } else {
        session.print("the database is up to date")?;
    }
    Ok(Exit::Success)
}

//! `dokploy migrate`

use dokploy_core::Result;

use crate::cli::exit::Exit;
use crate::cli::session::{Session, write_result};

pub(crate) async fn run(session: Session) -> Result<Exit> {
    session.migrate().await?;
    if session.json {
        write_result("migrated", "dataDir", &session.config.data_dir)?;
    } else {
        session.print("the database is up to date")?;
    }
    Ok(Exit::Success)
}

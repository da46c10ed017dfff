//! `dokploy openapi`

use dokploy_core::Result;

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::server::openapi;

pub(crate) fn run(session: &Session) -> Result<Exit> {
    session.print(openapi::text().trim_end())?;
    Ok(Exit::Success)
}

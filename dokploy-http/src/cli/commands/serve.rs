//! `dokploy serve`

use dokploy_core::Result;

use crate::cli::exit::Exit;
use crate::cli::session::{Session, name_variable, write_result};
use crate::config::ServerConfig;
use crate::server;

pub(crate) async fn run(session: Session) -> Result<Exit> {
    let server = ServerConfig::read(&session.environment)?;
    let json = session.json;
    let Session {
        config,
        mut interrupts,
        ..
    } = session;
    let ready = |address: std::net::SocketAddr| {
        let url = format!("http://{address}");
        if json {
            return write_result("listening", "url", url);
        }
        crate::cli::session::write(&format!("listening on {url}"))
    };
    let stop = async || {
        interrupts.next().await;
    };
    server::run(&config, server, ready, stop)
        .await
        .map_err(name_variable)?;
    Ok(Exit::Success)
}

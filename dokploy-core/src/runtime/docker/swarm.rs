//! What the engine is, and its swarm.

use std::net::IpAddr;

use bollard::Docker;
use bollard::models::{
    LocalNodeState, Node, NodeSpecAvailabilityEnum, NodeState, SwarmInitRequest, SystemInfo,
};
use bollard::query_parameters::ListNodesOptions;

use super::connect::Engine;
use super::error;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::RuntimeInfo;

type BollardError = bollard::errors::Error;

/// Where the engine listens for other nodes: the port that Docker has for it, on every address.
const LISTEN_ADDRESS: &str = "0.0.0.0:2377";

/// What the engine is and can do.
pub(super) async fn info(docker: &Docker, engine: &Engine) -> Result<RuntimeInfo> {
    let during = error::during("info");
    let info = docker.info().await.map_err(&during)?;
    let swarm_manager = is_manager(&info);
    let nodes = if swarm_manager {
        let nodes = docker
            .list_nodes(None::<ListNodesOptions>)
            .await
            .map_err(&during)?;
        nodes.iter().filter(|node| takes_tasks(node)).count()
    } else {
        0
    };
    Ok(RuntimeInfo {
        version: info.server_version.clone().unwrap_or_default(),
        api_version: engine.api_version().await.map_err(&during)?.to_string(),
        swarm_manager,
        nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
        // Every engine of the oldest supported version has it, but for those of Windows.
        build_kit: info.os_type.as_deref() == Some("linux"),
        disk_free: disk_free(engine, info.docker_root_dir).await,
    })
}

fn is_manager(info: &SystemInfo) -> bool {
    info.swarm
        .as_ref()
        .is_some_and(|swarm| swarm.control_available == Some(true))
}

fn takes_tasks(node: &Node) -> bool {
    let state = node.status.as_ref().and_then(|status| status.state);
    let availability = node.spec.as_ref().and_then(|spec| spec.availability);
    state == Some(NodeState::READY) && availability == Some(NodeSpecAvailabilityEnum::ACTIVE)
}

/// The engine tells the folder of its images, not how much room is there: that can be seen only on its machine.
#[cfg(unix)]
async fn disk_free(engine: &Engine, folder: Option<String>) -> Option<u64> {
    let folder = folder.filter(|_| engine.is_local())?;
    tokio::task::spawn_blocking(move || {
        let found = rustix::fs::statvfs(folder).ok()?;
        found.f_bavail.checked_mul(found.f_frsize)
    })
    .await
    .ok()?
}

#[cfg(not(unix))]
async fn disk_free(_: &Engine, _: Option<String>) -> Option<u64> {
    None
}

/// Makes the engine a swarm of one node, unless it is in a swarm as a manager.
pub(super) async fn ensure(docker: &Docker, advertise_address: Option<&str>) -> Result<()> {
    let during = error::during("ensure_swarm");
    let info = docker.info().await.map_err(&during)?;
    if is_manager(&info) {
        return Ok(());
    }
    let swarm = info.swarm.unwrap_or_default();
    match swarm.local_node_state {
        Some(LocalNodeState::ACTIVE) => Err(Error::new(
            ErrorKind::Unsupported,
            "the engine is a worker of a swarm, and only a manager can deploy",
        )
        .with_hint("give the address of a manager, or promote this node with `docker node promote`")
        .with_operation("ensure_swarm")),
        Some(LocalNodeState::LOCKED) => Err(Error::new(
            ErrorKind::Unavailable,
            "the engine's swarm is locked",
        )
        .with_hint("unlock it with `docker swarm unlock`")
        .with_operation("ensure_swarm")),
        Some(state @ (LocalNodeState::PENDING | LocalNodeState::ERROR)) => Err(Error::new(
            ErrorKind::Unavailable,
            format!(
                "the engine's swarm is not ready, it is {state}: {}",
                swarm.error.unwrap_or_default()
            ),
        )
        .with_hint("see `docker info`; a node that cannot join leaves with `docker swarm leave`")
        .with_operation("ensure_swarm")),
        _ => init(docker, advertise_address).await,
    }
}

async fn init(docker: &Docker, advertise_address: Option<&str>) -> Result<()> {
    let first = try_init(docker, advertise_address).await;
    let refusal = match first {
        Err(BollardError::DockerResponseServerError { message, .. })
            if advertise_address.is_none() && is_undecided(&message) =>
        {
            message
        }
        first => return first.map_err(error::during("ensure_swarm")),
    };
    let address = address_in(&refusal);
    tracing::info!(%address, "the engine has several addresses or none; this one is advertised");
    try_init(docker, Some(&address.to_string()))
        .await
        .map_err(error::during("ensure_swarm"))
}

/// How the engine says that it has several addresses, or none but its loopback.
fn is_undecided(refusal: &str) -> bool {
    refusal.contains("could not choose an IP address to advertise")
        || refusal.contains("could not find the system's IP address")
}

async fn try_init(docker: &Docker, advertise_address: Option<&str>) -> Result<(), BollardError> {
    let request = SwarmInitRequest {
        listen_addr: Some(LISTEN_ADDRESS.to_owned()),
        advertise_addr: advertise_address.map(str::to_owned),
        ..SwarmInitRequest::default()
    };
    match docker.init_swarm(request).await {
        // Two that began together: the other one was faster.
        Err(BollardError::DockerResponseServerError { message, .. })
            if message.contains("already part of a swarm") =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}

/// Chooses among the addresses that the engine could not choose among: it names them in its refusal. A machine
/// without any other address still has its loopback, which does for a swarm of one node.
fn address_in(refusal: &str) -> IpAddr {
    let mut addresses: Vec<IpAddr> = refusal
        .split(|char: char| !(char.is_ascii_hexdigit() || matches!(char, '.' | ':')))
        .filter_map(|word| word.trim_matches(['.', ':']).parse().ok())
        .collect();
    // A private address is the one by which the nodes of a swarm usually see each other.
    addresses.sort_by_key(|address| match address {
        IpAddr::V4(address) => (!address.is_private(), false),
        IpAddr::V6(_) => (true, true),
    });
    addresses
        .first()
        .copied()
        .unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_chosen_where_the_engine_could_not() {
        for (refusal, address) in [
            (
                "could not choose an IP address to advertise since this system has multiple addresses on different \
                 interfaces (203.0.113.7 on eth0 and 10.0.0.5 on eth1)",
                "10.0.0.5",
            ),
            (
                "could not choose an IP address to advertise since this system has multiple addresses on interface \
                 eth0 (2001:db8::1 and 2001:db8::2)",
                "2001:db8::1",
            ),
            ("could not find the system's IP address", "127.0.0.1"),
        ] {
            assert!(is_undecided(refusal), "{refusal}");
            assert_eq!(address_in(refusal).to_string(), address, "{refusal}");
        }
    }
}

//! Which nodes of the swarm may run a task: Swarm does not say how many tasks a global service should have.

use bollard::Docker;
use bollard::models::{
    Node, NodeSpecAvailabilityEnum as Availability, NodeSpecRoleEnum as Role, NodeState,
};
use bollard::query_parameters::ListNodesOptions;

use super::super::constraint;
use super::error::during;
use crate::error::{Error, Result};

/// Refuses constraints that no node of the swarm meets, up or down. Swarm would take them, leave the new task pending,
/// and the next time anything about a node changes it would also kill the old task: it judges running tasks by the
/// constraints of the service and not by their own.
pub(super) async fn check(docker: &Docker, constraints: &[String]) -> Result<()> {
    if constraints.is_empty() {
        return Ok(());
    }
    let nodes = list(docker).await?;
    if nodes.iter().any(|node| meets_all(node, constraints)) {
        return Ok(());
    }
    let constraints = constraints.join(" and ");
    let message = format!("no node of the swarm meets {constraints}");
    Err(Error::invalid_field("constraints", message)
        .with_hint("correct the constraint, or give a node that label"))
}

/// All nodes of the swarm.
pub(super) async fn list(docker: &Docker) -> Result<Vec<Node>> {
    let nodes = docker.list_nodes(None::<ListNodesOptions>).await;
    nodes.map_err(during("list_nodes"))
}

/// Whether a node is up, takes tasks and meets all constraints.
pub(super) fn qualifies(node: &Node, constraints: &[String]) -> bool {
    let availability = node.spec.as_ref().and_then(|spec| spec.availability);
    let state = node.status.as_ref().and_then(|status| status.state);
    availability == Some(Availability::ACTIVE)
        && state == Some(NodeState::READY)
        && meets_all(node, constraints)
}

fn meets_all(node: &Node, constraints: &[String]) -> bool {
    let meets = |text: &String| constraint::meets(text, |key| attribute(node, key));
    constraints.iter().all(meets)
}

fn attribute<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let spec = node.spec.as_ref();
    let description = node.description.as_ref();
    let platform = || description?.platform.as_ref();
    match key {
        "node.id" => node.id.as_deref(),
        "node.hostname" => description?.hostname.as_deref(),
        "node.ip" => node.status.as_ref()?.addr.as_deref(),
        "node.role" => match spec?.role? {
            Role::MANAGER => Some("manager"),
            _ => Some("worker"),
        },
        "node.platform.os" => platform()?.os.as_deref(),
        "node.platform.arch" => platform()?.architecture.as_deref(),
        _ => {
            let label = |prefix| key.strip_prefix(prefix);
            if let Some(name) = label("node.labels.") {
                return spec?.labels.as_ref()?.get(name).map(String::as_str);
            }
            let engine = description?.engine.as_ref()?;
            let name = label("engine.labels.")?;
            engine.labels.as_ref()?.get(name).map(String::as_str)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bollard::models::{NodeDescription, NodeSpec, NodeStatus, Platform};

    use super::*;

    fn node() -> Node {
        Node {
            id: Some("n1".to_owned()),
            spec: Some(NodeSpec {
                role: Some(Role::MANAGER),
                availability: Some(Availability::ACTIVE),
                labels: Some(HashMap::from([("disk".to_owned(), "ssd".to_owned())])),
                ..NodeSpec::default()
            }),
            status: Some(NodeStatus {
                state: Some(NodeState::READY),
                addr: Some("10.1.2.3".to_owned()),
                ..NodeStatus::default()
            }),
            description: Some(NodeDescription {
                hostname: Some("one".to_owned()),
                platform: Some(Platform {
                    architecture: Some("x86_64".to_owned()),
                    os: Some("linux".to_owned()),
                }),
                ..NodeDescription::default()
            }),
            ..Node::default()
        }
    }

    #[test]
    fn a_node_qualifies_when_it_meets_every_constraint() {
        for (constraints, expected) in [
            (&[][..], true),
            (&["node.labels.disk==ssd"], true),
            (&["node.labels.disk == SSD"], true),
            (&["node.labels.disk!=ssd"], false),
            (&["node.labels.gpu!=yes"], true),
            (&["node.labels.gpu==yes"], false),
            (&["node.role==manager", "node.hostname==one"], true),
            (&["node.role==worker"], false),
            (&["node.id!=n1"], false),
            (
                &["node.platform.os==linux", "node.platform.arch==x86_64"],
                true,
            ),
            (&["engine.labels.zone==a"], false),
            (&["node.moon==full"], false),
            (&["nonsense"], false),
            (&["node.ip==10.1.2.3"], true),
            (&["node.ip==10.1.0.0/16"], true),
            (&["node.ip!=10.1.0.0/16"], false),
            (&["node.ip==10.2.0.0/16"], false),
            (&["node.ip==0.0.0.0/0"], true),
            (&["node.ip==10.1.2.3/33"], false),
            (&["node.ip==fd00::/8"], false),
        ] {
            let constraints: Vec<_> = constraints.iter().map(ToString::to_string).collect();
            assert_eq!(
                qualifies(&node(), &constraints),
                expected,
                "{constraints:?}"
            );
        }
    }

    #[test]
    fn a_node_that_is_down_or_drained_does_not_qualify() {
        let mut down = node();
        down.status.as_mut().unwrap().state = Some(NodeState::DOWN);
        assert!(!qualifies(&down, &[]));
        let mut drained = node();
        drained.spec.as_mut().unwrap().availability = Some(Availability::DRAIN);
        assert!(!qualifies(&drained, &[]));
    }
}

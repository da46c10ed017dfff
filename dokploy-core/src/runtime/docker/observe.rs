//! What runs now.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{
    ContainerSummary, ContainerSummaryHealthStatusEnum as EngineHealth, EventMessage, Node,
    NodeState, Service, ServiceSpec as EngineSpec, Task, TaskState as EngineState,
};
use bollard::query_parameters::{
    EventsOptionsBuilder, ListContainersOptionsBuilder, ListTasksOptionsBuilder,
};
use futures::stream::{self, BoxStream, StreamExt};
use sha2::{Digest, Sha256};

use super::error::{during, is_not_found};
use super::{placement, refusal, service as services};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::runtime::{ObservedService, ObservedTask, TaskHealth, TaskState, label};

/// How long to wait before the engine is asked again for its events.
const AGAIN: Duration = Duration::from_secs(1);

/// The service, or `None`.
pub(super) async fn service(docker: &Docker, name: &str) -> Result<Option<ObservedService>> {
    let Some(service) = services::find(docker, name).await? else {
        return Ok(None);
    };
    let id = service.id.clone().unwrap_or_default();
    let (tasks, containers, nodes) = tokio::try_join!(
        tasks(docker, &id),
        containers(docker, &id),
        placement::list(docker)
    )?;
    let replicas = replicas(&service, &nodes);
    // Without tasks because it was removed between the two calls.
    let Some(tasks) = tasks else {
        return Ok(None);
    };
    let health = |task: &Task| {
        let id = container_id(task)?;
        containers.get(id).copied()
    };
    let mut tasks: Vec<_> = tasks
        .iter()
        .map(|task| observed_task(task, health(task).unwrap_or(TaskHealth::Unknown)))
        .map(|task| orphaned_with_its_node(task, &nodes))
        .collect();
    tasks.sort_by_key(|task| Reverse(task.created_at));
    Ok(Some(observed(service, replicas, tasks)))
}

fn observed(service: Service, replicas: u32, tasks: Vec<ObservedTask>) -> ObservedService {
    let (version, forced) = (services::version(&service), services::forced(&service));
    let spec = service.spec.unwrap_or_default();
    let spec_digest = digest(&spec);
    let container = spec
        .task_template
        .and_then(|template| template.container_spec);
    let container = container.unwrap_or_default();
    let global = spec.mode.is_some_and(|mode| mode.global.is_some());
    let state = service.update_status.and_then(|status| status.state);
    ObservedService {
        id: service.id.unwrap_or_default(),
        name: spec.name.unwrap_or_default(),
        version,
        spec_digest,
        labels: spec.labels.unwrap_or_default().into_iter().collect(),
        container_labels: container.labels.unwrap_or_default().into_iter().collect(),
        image: container.image.unwrap_or_default(),
        global,
        replicas,
        forced,
        update_state: state
            .map(|state| state.to_string())
            .filter(|state| !state.is_empty()),
        tasks,
    }
}

/// All tasks of a service, or `None` when it is gone.
pub(super) async fn tasks(docker: &Docker, service_id: &str) -> Result<Option<Vec<Task>>> {
    let filters = HashMap::from([("service", vec![service_id])]);
    let options = ListTasksOptionsBuilder::new().filters(&filters).build();
    match docker.list_tasks(Some(options)).await {
        Ok(tasks) => Ok(Some(tasks)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(during("observe_service")(error)),
    }
}

/// Health of the containers of a service that are on this engine, by container.
async fn containers(docker: &Docker, service_id: &str) -> Result<HashMap<String, TaskHealth>> {
    let found = local_containers(docker, service_id, false).await?;
    let health = |container: ContainerSummary| Some((container.id.clone()?, health_of(&container)));
    Ok(found.into_iter().filter_map(health).collect())
}

/// The containers of a service that run on this engine, or `all` that are there.
pub(super) async fn local_containers(
    docker: &Docker,
    service_id: &str,
    all: bool,
) -> Result<Vec<ContainerSummary>> {
    let label = format!("com.docker.swarm.service.id={service_id}");
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListContainersOptionsBuilder::new()
        .all(all)
        .filters(&filters)
        .build();
    let found = docker.list_containers(Some(options)).await;
    found.map_err(during("list_containers"))
}

/// Newer engines say it in a field of its own, older ones in the text: `Up 5 seconds (health: starting)`.
fn health_of(container: &ContainerSummary) -> TaskHealth {
    let field = container.health.as_ref().and_then(|health| health.status);
    match field {
        Some(EngineHealth::HEALTHY) => return TaskHealth::Healthy,
        Some(EngineHealth::UNHEALTHY) => return TaskHealth::Unhealthy,
        Some(EngineHealth::STARTING) => return TaskHealth::Starting,
        Some(EngineHealth::NONE) => return TaskHealth::Unknown,
        Some(EngineHealth::EMPTY) | None => {}
    }
    let text = container.status.as_deref().unwrap_or_default();
    if text.ends_with("(healthy)") {
        TaskHealth::Healthy
    } else if text.ends_with("(unhealthy)") {
        TaskHealth::Unhealthy
    } else if text.ends_with("(health: starting)") {
        TaskHealth::Starting
    } else {
        TaskHealth::Unknown
    }
}

/// Swarm keeps the last state that a lost node reported for a day: a task that it says is running may be long gone.
fn orphaned_with_its_node(mut task: ObservedTask, nodes: &[Node]) -> ObservedTask {
    let node = nodes.iter().find(|node| node.id == task.node);
    let state = node.and_then(|node| node.status.as_ref()?.state);
    if task.state <= TaskState::Running && state == Some(NodeState::DOWN) {
        task.state = TaskState::Orphaned;
    }
    task
}

fn replicas(service: &Service, nodes: &[Node]) -> u32 {
    let spec = service.spec.as_ref();
    let mode = spec.and_then(|spec| spec.mode.as_ref());
    if mode.is_none_or(|mode| mode.global.is_none()) {
        let replicated = mode.and_then(|mode| mode.replicated.as_ref());
        let count = replicated.and_then(|replicated| replicated.replicas);
        return count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default();
    }
    let template = spec.and_then(|spec| spec.task_template.as_ref());
    let placement = template.and_then(|template| template.placement.as_ref());
    let constraints = placement.and_then(|placement| placement.constraints.clone());
    let constraints = constraints.unwrap_or_default();
    let count = nodes
        .iter()
        .filter(|node| placement::qualifies(node, &constraints))
        .count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn container_id(task: &Task) -> Option<&str> {
    let status = task.status.as_ref()?;
    let id = status.container_status.as_ref()?.container_id.as_deref();
    id.filter(|id| !id.is_empty())
}

pub(super) fn observed_task(task: &Task, health: TaskHealth) -> ObservedTask {
    let status = task.status.clone().unwrap_or_default();
    let state = status.state.map_or(TaskState::Pending, state);
    let refusal = refusal::of(state, status.err.as_deref().unwrap_or_default());
    let spec = task.spec.clone().unwrap_or_default();
    let container = spec.container_spec.unwrap_or_default();
    let container_status = status.container_status.unwrap_or_default();
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let has_ended = state > TaskState::Running;
    let id = text(container_status.container_id);
    ObservedTask {
        id: task.id.clone().unwrap_or_default(),
        slot: task
            .slot
            .and_then(|slot| u64::try_from(slot).ok())
            .unwrap_or_default(),
        node: text(task.node_id.clone()),
        image: container.image.unwrap_or_default(),
        labels: container.labels.unwrap_or_default().into_iter().collect(),
        state,
        wanted: is_wanted(task.desired_state),
        health,
        message: text(status.message),
        error: text(status.err),
        // Swarm leaves out a zero, and says zero of a container that never was or still runs.
        exit_code: (has_ended && id.is_some())
            .then(|| container_status.exit_code.unwrap_or_default()),
        refusal,
        forced: spec.force_update.unwrap_or_default(),
        container: id,
        created_at: task.created_at.map(Timestamp::from),
        changed_at: status.timestamp.map(Timestamp::from),
    }
}

/// A task that waits for its turn to restart is `ready` at first; a job's ends as `complete`.
fn is_wanted(desired: Option<EngineState>) -> bool {
    matches!(
        desired,
        Some(EngineState::READY | EngineState::RUNNING | EngineState::COMPLETE)
    )
}

fn state(state: EngineState) -> TaskState {
    match state {
        EngineState::NEW | EngineState::ALLOCATED | EngineState::PENDING => TaskState::Pending,
        EngineState::ASSIGNED
        | EngineState::ACCEPTED
        | EngineState::PREPARING
        | EngineState::READY => TaskState::Preparing,
        EngineState::STARTING => TaskState::Starting,
        EngineState::RUNNING => TaskState::Running,
        EngineState::COMPLETE => TaskState::Complete,
        EngineState::SHUTDOWN => TaskState::Shutdown,
        EngineState::FAILED => TaskState::Failed,
        EngineState::REJECTED => TaskState::Rejected,
        EngineState::ORPHANED => TaskState::Orphaned,
        EngineState::REMOVE => TaskState::Remove,
    }
}

/// Digest of a specification. How often a restart was forced and who of us wrote it is no part of what is wanted, the
/// number of replicas is watched for itself, and the order of keys and fields that are empty say nothing.
fn digest(spec: &EngineSpec) -> String {
    let mut spec = spec.clone();
    if let Some(labels) = &mut spec.labels {
        labels.remove(label::EPOCH);
    }
    if let Some(template) = &mut spec.task_template {
        template.force_update = None;
    }
    if let Some(replicated) = spec.mode.as_mut().and_then(|mode| mode.replicated.as_mut()) {
        replicated.replicas = None;
    }
    let value = serde_json::to_value(&spec).unwrap_or_default();
    let mut text = String::new();
    write_canonical(&value, &mut text);
    hex::encode(Sha256::digest(text))
}

fn write_canonical(value: &serde_json::Value, text: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .filter(|(_, value)| !is_empty(value))
                .collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in fields {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

/// Nothing, as the engine writes it: null, an empty text, and lists of nothing. An empty object is a choice: the mode
/// `global` is one.
fn is_empty(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Yields for each event of the service and of its containers on this engine. It never ends: a lost connection is
/// made again, and counts as a change, because one may have been missed.
pub(super) fn watch(docker: &Docker, name: &str) -> BoxStream<'static, Result<()>> {
    let (docker, name) = (docker.clone(), name.to_owned());
    stream::unfold(true, move |is_first| {
        let (docker, name) = (docker.clone(), name.clone());
        async move {
            if !is_first {
                tokio::time::sleep(AGAIN).await;
            }
            let missed = stream::iter((!is_first).then_some(Ok(())));
            Some((missed.chain(events(&docker, name)), false))
        }
    })
    .flatten()
    .boxed()
}

/// Events until the connection ends.
fn events(docker: &Docker, name: String) -> BoxStream<'static, Result<()>> {
    let actions = [
        "create",
        "update",
        "remove",
        "start",
        "die",
        "oom",
        "kill",
        "destroy",
        "health_status",
    ];
    let filters = HashMap::from([
        ("type", vec!["service", "container"]),
        ("event", actions.to_vec()),
    ]);
    let options = EventsOptionsBuilder::new().filters(&filters).build();
    docker
        .events(Some(options))
        .take_while(|event| std::future::ready(event.is_ok()))
        .filter_map(move |event| {
            let concerns = event.is_ok_and(|event| concerns(&event, &name));
            std::future::ready(concerns.then_some(Ok(())))
        })
        .boxed()
}

/// A service is the actor itself; a container carries the name of its service as a label.
fn concerns(event: &EventMessage, name: &str) -> bool {
    let actor = event.actor.as_ref();
    let attributes = actor.and_then(|actor| actor.attributes.as_ref());
    ["name", "com.docker.swarm.service.name"].iter().any(|key| {
        attributes
            .and_then(|found| found.get(*key))
            .is_some_and(|value| value == name)
    })
}

#[cfg(test)]
mod tests {
    use bollard::models::{ServiceSpecMode, TaskSpec};

    use super::*;

    #[test]
    fn a_digest_leaves_out_forced_restarts_and_what_is_empty() {
        let with = |forced, args| EngineSpec {
            name: Some("shop".to_owned()),
            task_template: Some(TaskSpec {
                force_update: forced,
                container_spec: Some(bollard::models::TaskSpecContainerSpec {
                    args,
                    ..Default::default()
                }),
                ..TaskSpec::default()
            }),
            ..EngineSpec::default()
        };
        let base = digest(&with(None, None));
        assert_eq!(digest(&with(Some(3), Some(Vec::new()))), base);
        assert_ne!(digest(&with(None, Some(vec!["x".to_owned()]))), base);
    }

    #[test]
    fn a_digest_does_not_depend_on_the_order_of_labels() {
        let labels = |names: &[&str]| EngineSpec {
            labels: Some(
                names
                    .iter()
                    .map(|name| ((*name).to_owned(), String::from("1")))
                    .collect(),
            ),
            ..EngineSpec::default()
        };
        let one = digest(&labels(&["a", "b", "c", "d", "e"]));
        assert_eq!(digest(&labels(&["e", "d", "c", "b", "a"])), one);
    }

    #[test]
    #[expect(
        clippy::zero_sized_map_values,
        reason = "the engine's API has an empty object there"
    )]
    fn a_digest_tells_global_from_replicated() {
        let global = EngineSpec {
            mode: Some(ServiceSpecMode {
                global: Some(HashMap::new()),
                ..ServiceSpecMode::default()
            }),
            ..EngineSpec::default()
        };
        assert_ne!(digest(&global), digest(&EngineSpec::default()));
    }

    #[test]
    fn health_is_read_from_the_field_or_from_the_text() {
        let of = |text: &str| {
            health_of(&ContainerSummary {
                status: Some(text.to_owned()),
                ..ContainerSummary::default()
            })
        };
        assert_eq!(of("Up 5 seconds"), TaskHealth::Unknown);
        assert_eq!(of("Up 5 seconds (healthy)"), TaskHealth::Healthy);
        assert_eq!(of("Up 5 seconds (unhealthy)"), TaskHealth::Unhealthy);
        assert_eq!(
            of("Up Less than a second (health: starting)"),
            TaskHealth::Starting
        );
        let field = ContainerSummary {
            health: Some(bollard::models::ContainerSummaryHealth {
                status: Some(EngineHealth::HEALTHY),
                failing_streak: None,
            }),
            ..ContainerSummary::default()
        };
        assert_eq!(health_of(&field), TaskHealth::Healthy);
    }
}

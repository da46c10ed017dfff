//! Use of processor, memory and network.

use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerStatsResponse, ContainerSummary};
use bollard::query_parameters::StatsOptionsBuilder;
use futures::StreamExt;
use futures::future::join_all;

use super::error::{during, is_not_found};
use super::{observe, service as services};
use crate::error::{Error, Result};
use crate::runtime::{ServiceStats, TaskStats};

/// Time between the two looks at the processor's clock that make a rate.
const APART: Duration = Duration::from_millis(500);

/// Statistics of the tasks that run on this engine.
pub(super) async fn service(docker: &Docker, name: &str) -> Result<ServiceStats> {
    let found = services::find(docker, name).await?;
    let found = found.ok_or_else(|| Error::not_found("service", name))?;
    let containers =
        observe::local_containers(docker, &found.id.unwrap_or_default(), false).await?;
    let tasks = containers.iter().map(|container| task(docker, container));
    let looked = join_all(tasks).await.into_iter();
    // What has gone meanwhile uses nothing.
    let mut tasks: Vec<_> = looked
        .filter_map(Result::transpose)
        .collect::<Result<_>>()?;
    tasks.sort_by(|one, other| one.task.cmp(&other.task));
    Ok(ServiceStats::of(tasks))
}

/// Two looks at one container, or `None` when it has gone.
async fn task(docker: &Docker, container: &ContainerSummary) -> Result<Option<TaskStats>> {
    let labels = container.labels.as_ref();
    let label = labels.and_then(|labels| labels.get("com.docker.swarm.task.id"));
    let (Some(id), Some(task)) = (&container.id, label) else {
        return Ok(None);
    };
    let Some(first) = look(docker, id).await? else {
        return Ok(None);
    };
    tokio::time::sleep(APART).await;
    let second = look(docker, id).await?;
    Ok(second.map(|second| between(task, &first, &second)))
}

/// Without `one_shot` the engine itself would take a second look, a whole second later.
async fn look(docker: &Docker, container: &str) -> Result<Option<ContainerStatsResponse>> {
    let options = StatsOptionsBuilder::new()
        .stream(false)
        .one_shot(true)
        .build();
    match docker.stats(container, Some(options)).next().await {
        None => Ok(None),
        Some(Ok(stats)) => Ok(Some(stats)),
        Some(Err(error)) if is_not_found(&error) => Ok(None),
        Some(Err(error)) => Err(during("service_stats")(error)),
    }
}

fn between(
    task: &str,
    first: &ContainerStatsResponse,
    second: &ContainerStatsResponse,
) -> TaskStats {
    let memory = second.memory_stats.clone().unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    // Of the page cache only what was not used lately can go at once: version 1 of control groups has a total of
    // its own for it, version 2 does not.
    let inactive = detail
        .get("total_inactive_file")
        .or(detail.get("inactive_file"));
    let usage = memory.usage.unwrap_or_default();
    let (received, sent) = network(second);
    let (received_before, sent_before) = network(first);
    let rate = |before, after| per_second(first, second, before, after);
    TaskStats {
        task: task.to_owned(),
        cpu: rate(processor(first), processor(second)) / 1e9,
        memory: usage.saturating_sub(inactive.copied().unwrap_or_default()),
        memory_limit: memory.limit.unwrap_or_default(),
        network_received: received.unwrap_or_default(),
        network_sent: sent.unwrap_or_default(),
        receive_rate: rate(received_before, received),
        send_rate: rate(sent_before, sent),
    }
}

/// Nanoseconds of processor time.
fn processor(stats: &ContainerStatsResponse) -> Option<u64> {
    let usage = stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?;
    usage.total_usage
}

/// Bytes received and sent over all networks; nothing for a container without any.
fn network(stats: &ContainerStatsResponse) -> (Option<u64>, Option<u64>) {
    let Some(networks) = &stats.networks else {
        return (None, None);
    };
    let received = networks.values().filter_map(|network| network.rx_bytes);
    let sent = networks.values().filter_map(|network| network.tx_bytes);
    (Some(received.sum()), Some(sent.sum()))
}

/// By how much a counter grew in a second; nothing when it is not known or was set back.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
fn per_second(
    first: &ContainerStatsResponse,
    second: &ContainerStatsResponse,
    before: Option<u64>,
    after: Option<u64>,
) -> f64 {
    let (Some(before), Some(after)) = (before, after) else {
        return 0.0;
    };
    let (Some(since), Some(until)) = (first.read, second.read) else {
        return 0.0;
    };
    let elapsed = (until - since).as_seconds_f64();
    if elapsed <= 0.0 {
        return 0.0;
    }
    after.saturating_sub(before) as f64 / elapsed
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bollard::models::{
        ContainerCpuStats, ContainerCpuUsage, ContainerMemoryStats, ContainerNetworkStats,
    };

    use super::*;

    fn stats(at: i64, cpu: u64, detail: &[(&str, u64)]) -> ContainerStatsResponse {
        let network = |received, sent| ContainerNetworkStats {
            rx_bytes: Some(received),
            tx_bytes: Some(sent),
            ..ContainerNetworkStats::default()
        };
        ContainerStatsResponse {
            read: time::OffsetDateTime::from_unix_timestamp(at).ok(),
            cpu_stats: Some(ContainerCpuStats {
                cpu_usage: Some(ContainerCpuUsage {
                    total_usage: Some(cpu),
                    ..ContainerCpuUsage::default()
                }),
                ..ContainerCpuStats::default()
            }),
            memory_stats: Some(ContainerMemoryStats {
                usage: Some(1000),
                limit: Some(5000),
                stats: Some(
                    detail
                        .iter()
                        .map(|(name, bytes)| ((*name).to_owned(), *bytes))
                        .collect(),
                ),
                ..ContainerMemoryStats::default()
            }),
            networks: Some(HashMap::from([
                ("eth0".to_owned(), network(10, 20)),
                ("eth1".to_owned(), network(1, 2)),
            ])),
            ..ContainerStatsResponse::default()
        }
    }

    #[test]
    fn cores_are_time_used_by_time_passed_and_networks_are_summed() {
        let task = between("t", &stats(10, 0, &[]), &stats(12, 3_000_000_000, &[]));
        assert!((task.cpu - 1.5).abs() < 1e-9, "{}", task.cpu);
        assert_eq!((task.network_received, task.network_sent), (11, 22));
        assert_eq!((task.memory, task.memory_limit), (1000, 5000));
    }

    #[test]
    fn the_page_cache_is_left_out_in_both_versions_of_control_groups() {
        let first = stats(10, 0, &[]);
        let one = stats(
            11,
            0,
            &[("total_inactive_file", 300), ("inactive_file", 200)],
        );
        assert_eq!(between("t", &first, &one).memory, 700);
        let two = stats(11, 0, &[("inactive_file", 200)]);
        assert_eq!(between("t", &first, &two).memory, 800);
    }

    #[test]
    fn a_container_that_was_restarted_in_between_has_no_negative_rate() {
        let task = between("t", &stats(10, 5_000_000_000, &[]), &stats(11, 1, &[]));
        assert!(task.cpu.abs() < 1e-9);
    }
}

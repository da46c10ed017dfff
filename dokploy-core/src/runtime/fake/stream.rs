//! What a fake swarm tells while time passes: changes of a service, and its output.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::super::{ServiceLogLine, ServiceLogQuery};
use super::task::{Line, Task};
use super::world::World;
use super::{FakeRuntime, FakeVerb};
use crate::error::{Error, Result};

/// How long nothing may happen before a stream looks again all the same.
const IDLE: Duration = Duration::from_hours(1);

impl FakeRuntime {
    /// Waits for a change by a call, or for the moment at which something is due.
    pub(super) async fn next_change(&self, changes: &mut watch::Receiver<u64>) {
        let due = self.look(|world| world.wait_for_next(IDLE));
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            _ = changes.changed() => {}
        }
    }

    pub(super) fn changes_of(&self, name: &str) -> BoxStream<'static, Result<()>> {
        let seen = self.look(|world| world.revision(name));
        let state = (
            self.clone(),
            name.to_owned(),
            self.0.changes.subscribe(),
            seen,
        );
        stream::unfold(state, |(runtime, name, mut changes, seen)| async move {
            loop {
                let revision = runtime.look(|world| world.revision(&name));
                if revision != seen {
                    return Some((Ok(()), (runtime, name, changes, revision)));
                }
                runtime.next_change(&mut changes).await;
            }
        })
        .boxed()
    }

    pub(super) fn lines_of(
        &self,
        query: &ServiceLogQuery,
    ) -> BoxStream<'static, Result<ServiceLogLine>> {
        let (runtime, query) = (self.clone(), query.clone());
        stream::once(async move {
            let lines = runtime
                .ask(FakeVerb::ServiceLogs, |world| {
                    Ok((past_lines(world, &query)?, counts(world, &query)))
                })
                .await;
            match lines {
                Err(error) => stream::iter([Err(error)]).boxed(),
                Ok((lines, known)) if query.follow => {
                    let later = runtime.follow(query, known);
                    stream::iter(lines.into_iter().map(Ok)).chain(later).boxed()
                }
                Ok((lines, _)) => stream::iter(lines.into_iter().map(Ok)).boxed(),
            }
        })
        .flatten()
        .boxed()
    }

    fn follow(
        &self,
        query: ServiceLogQuery,
        known: Known,
    ) -> BoxStream<'static, Result<ServiceLogLine>> {
        let state = (self.clone(), query, self.0.changes.subscribe(), known);
        stream::unfold(
            state,
            |(runtime, query, mut changes, mut known)| async move {
                loop {
                    let fresh = runtime.look(|world| fresh_lines(world, &query, &mut known));
                    if !fresh.is_empty() {
                        let fresh = stream::iter(fresh.into_iter().map(Ok));
                        return Some((fresh, (runtime, query, changes, known)));
                    }
                    let is_gone =
                        runtime.look(|world| !world.services.contains_key(&query.service));
                    if is_gone {
                        return None;
                    }
                    runtime.next_change(&mut changes).await;
                }
            },
        )
        .flatten()
        .boxed()
    }
}

/// Lines that were passed on already, by task and place.
type Known = BTreeSet<(String, usize)>;

fn tasks<'a>(world: &'a World, query: &'a ServiceLogQuery) -> impl Iterator<Item = &'a Task> {
    world
        .services
        .get(&query.service)
        .into_iter()
        .flat_map(|service| &service.tasks)
        .filter(|task| query.task.as_ref().is_none_or(|wanted| *wanted == task.id))
}

fn convert(world: &World, task: &Task, line: &Line) -> ServiceLogLine {
    ServiceLogLine {
        at: Some(world.epoch.at(line.at)),
        task: Some(task.id.clone()),
        stream: line.stream,
        text: line.text.clone(),
    }
}

fn past_lines(world: &World, query: &ServiceLogQuery) -> Result<Vec<ServiceLogLine>> {
    if !world.services.contains_key(&query.service) {
        return Err(Error::not_found("service", &query.service));
    }
    let mut lines = Vec::new();
    for task in tasks(world, query) {
        let tail = query.tail.map_or(usize::MAX, |tail| tail as usize);
        let from = task.lines.len().saturating_sub(tail);
        lines.extend(
            task.lines[from..]
                .iter()
                .map(|line| convert(world, task, line)),
        );
    }
    lines.retain(|line| query.since.is_none_or(|since| line.at >= Some(since)));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn counts(world: &World, query: &ServiceLogQuery) -> Known {
    tasks(world, query)
        .flat_map(|task| (0..task.lines.len()).map(|place| (task.id.clone(), place)))
        .collect()
}

fn fresh_lines(world: &World, query: &ServiceLogQuery, known: &mut Known) -> Vec<ServiceLogLine> {
    let mut fresh = Vec::new();
    for task in tasks(world, query) {
        for (place, line) in task.lines.iter().enumerate() {
            if known.insert((task.id.clone(), place)) {
                fresh.push(convert(world, task, line));
            }
        }
    }
    fresh.sort_by_key(|line| line.at);
    fresh
}

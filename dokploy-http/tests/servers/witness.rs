//! What deployments say of themselves, read as clients read it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::api::Api;
use crate::client::{Client, Stream};

const TERMINAL: [&str; 5] = [
    "succeeded",
    "failed",
    "rolled_back",
    "cancelled",
    "superseded",
];

/// The events of a deployment.
#[derive(Debug)]
pub(crate) struct History {
    id: String,
    /// Each with its number, from the first to the last.
    events: Vec<(u64, Value)>,
}

impl History {
    /// Reads them as a stream of server-sent events.
    pub(crate) async fn read(api: &Api, id: &str) -> Result<Self> {
        let path = format!("/api/deployments/{id}/events");
        let accept = [("accept", "text/event-stream")];
        let mut stream = Stream::get(api.address, &path, &api.token, &accept).await;
        let status = stream.status().await;
        ensure!(status == 200, "{status} for the events of {id}");
        let mut events = Vec::new();
        loop {
            let event = stream.event().await;
            if event.name == "end" {
                break;
            }
            let seq = event
                .id
                .with_context(|| format!("no number: {}", event.data))?;
            events.push((seq.parse()?, event.data["change"].clone()));
        }
        Ok(Self {
            id: id.to_owned(),
            events,
        })
    }

    /// Checks that none is missing, that there is one end, and that nothing was done twice.
    pub(crate) fn check(&self) -> Result<()> {
        let numbers: Vec<_> = self.events.iter().map(|(seq, _)| *seq).collect();
        let expected: Vec<_> = (1..=self.events.len() as u64).collect();
        ensure!(numbers == expected, "gaps: {numbers:?}");
        let ends = TERMINAL.iter().flat_map(|end| self.of(end)).count();
        ensure!(ends == 1, "{ends} ends: {self:#?}");
        let mut done = BTreeSet::new();
        for finished in self.of("step_finished") {
            let step = finished["step"].as_str();
            ensure!(done.insert(step), "{step:?} was done twice: {self:#?}");
        }
        let epochs: Vec<_> = self
            .of("claimed")
            .map(|claim| claim["epoch"].as_u64())
            .collect();
        ensure!(epochs.is_sorted_by(|one, next| one < next), "{epochs:?}");
        Ok(())
    }

    /// The events of this type.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Value> {
        let events = self.events.iter().map(|(_, change)| change);
        events.filter(move |change| change["type"] == name)
    }

    /// How many workers began.
    pub(crate) fn claims(&self) -> usize {
        self.of("claimed").count()
    }

    /// Whether a newer deployment took its place.
    pub(crate) fn was_superseded(&self) -> bool {
        self.of("superseded").next().is_some()
    }

    /// Whether it ended well.
    pub(crate) fn succeeded(&self) -> bool {
        self.of("succeeded").next().is_some()
    }
}

/// What somebody saw who watched a deployment over a socket.
pub(crate) struct Seen {
    numbers: Vec<u64>,
    /// When each worker began, counted from when the watching did.
    pub(crate) claims: Vec<Duration>,
}

/// Messages after which the socket is cut, and opened again after the last one that was read.
const CUT_AFTER: usize = 4;

/// Watches a deployment from its first event to its last, over sockets that are cut again and again.
pub(crate) async fn watch(api: Api, id: String) -> Result<Seen> {
    let topic = format!("deployment:{id}");
    let begun = Instant::now();
    let mut seen = Seen {
        numbers: Vec::new(),
        claims: Vec::new(),
    };
    loop {
        let mut client = Client::open(api.address, &api.token).await;
        client
            .watch(&topic, seen.numbers.last().copied().unwrap_or(0))
            .await;
        for _ in 0..CUT_AFTER {
            let message = client.next().await;
            if message["event"] == "end" {
                return Ok(seen);
            }
            ensure!(message["event"] == "deployment.status", "{message}");
            seen.numbers
                .push(message["seq"].as_u64().context("a number")?);
            if message["data"]["change"]["type"] == "claimed" {
                seen.claims.push(begun.elapsed());
            }
        }
        client.cut();
    }
}

impl Seen {
    /// Checks that nothing was missed.
    pub(crate) fn check(&self, history: &History) -> Result<()> {
        let numbers: Vec<_> = history.events.iter().map(|(seq, _)| *seq).collect();
        ensure!(
            self.numbers == numbers,
            "{:?} instead of {numbers:?} of {}",
            self.numbers,
            history.id
        );
        Ok(())
    }
}

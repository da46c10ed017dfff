//! What deployments say of themselves, read as clients read it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::{Api, text};
use crate::client::{Client, Stream};
use crate::installation::{Shop, eventually};
use crate::server::Server;

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
        Ok(Self { events })
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

/// What somebody saw who watched a deployment over sockets.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    id: String,
    numbers: Vec<u64>,
    /// When each worker began, counted from when the watching did.
    pub(crate) claims: Vec<Duration>,
}

impl Seen {
    /// Checks that nothing was missed.
    pub(crate) async fn check(&self, api: &Api) -> Result<()> {
        let history = History::read(api, &self.id).await?;
        let numbers: Vec<_> = history.events.iter().map(|(seq, _)| *seq).collect();
        ensure!(self.numbers == numbers, "{self:?} instead of {numbers:?}");
        Ok(())
    }
}

/// Messages after which a socket is cut, and opened again after the last one that was read.
const CUT_AFTER: usize = 4;

/// How long somebody waits who could not watch.
const LATER: Duration = Duration::from_millis(200);

/// How long it may take until somebody works.
const RUNS_WITHIN: Duration = Duration::from_secs(20);

/// People who watch, over sockets that are cut again and again.
pub(crate) struct Watchers {
    pub(crate) begun: Instant,
    tasks: JoinSet<Result<Seen>>,
}

impl Watchers {
    /// Has everything watched that somebody works on now, through one server.
    pub(crate) async fn of_what_runs(shop: &Shop, server: &Server) -> Result<Self> {
        let owner = shop.owner.at(server.address);
        let path = format!(
            "/api/deployments?projectId={}&status=deploying",
            shop.project
        );
        let running = eventually("something runs", RUNS_WITHIN, async || {
            let page = owner.get(&path).await?.expect(200)?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            Ok((!items.is_empty()).then_some(items))
        });
        let mut watchers = Self {
            begun: Instant::now(),
            tasks: JoinSet::new(),
        };
        for deployment in running.await? {
            let id = text(&deployment["id"])?;
            watchers.tasks.spawn(watch(owner.clone(), id));
        }
        Ok(watchers)
    }

    /// Waits until everything has ended.
    pub(crate) async fn finish(self) -> Result<Vec<Seen>> {
        self.tasks.join_all().await.into_iter().collect()
    }
}

/// Watches a deployment from its first event to its last.
async fn watch(api: Api, id: String) -> Result<Seen> {
    let begun = Instant::now();
    let mut seen = Seen {
        id,
        ..Seen::default()
    };
    while !look(&api, begun, &mut seen).await? {}
    Ok(seen)
}

/// Watches over one socket, and returns whether that was all.
async fn look(api: &Api, begun: Instant, seen: &mut Seen) -> Result<bool> {
    let protocol = format!("bearer, {}", api.token);
    let headers = [("sec-websocket-protocol", protocol.as_str())];
    let mut client = match Client::with(api.address, &headers).await {
        Ok(client) => client,
        Err(503) => {
            tokio::time::sleep(LATER).await;
            return Ok(false);
        }
        Err(status) => bail!("no socket: {status}"),
    };
    let (topic, after) = (format!("deployment:{}", seen.id), seen.numbers.last());
    let subscribe = json!({"type": "subscribe", "topics": [topic], "after": after.unwrap_or(&0)});
    client.say(&subscribe).await;
    for _ in 0..=CUT_AFTER {
        let Ok(message) = client.try_next().await else {
            return Ok(false);
        };
        match message["event"].as_str() {
            Some("subscribed") => {}
            Some("end") => return Ok(true),
            Some("deployment.status") => {
                seen.numbers
                    .push(message["seq"].as_u64().context("a number")?);
                if message["data"]["change"]["type"] == "claimed" {
                    seen.claims.push(begun.elapsed());
                }
            }
            _ if message["data"]["code"] == "unavailable" => {
                tokio::time::sleep(LATER).await;
                return Ok(false);
            }
            _ => bail!("a watcher is told {message}"),
        }
    }
    client.cut();
    Ok(false)
}

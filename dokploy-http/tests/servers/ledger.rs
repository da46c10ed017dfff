//! What was promised, and whether it was kept.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use dokploy_core::runtime::{
    ContainerRuntime as _, DockerOptions, DockerRuntime, TaskState, label,
};
use dokploy_tests::environment::Environment;
use serde_json::Value;

use crate::api::{Api, text};
use crate::installation::{Shop, eventually};
use crate::witness::History;

/// How long the queue may take to be empty, a lease included that has to end by itself.
const DRAINED_WITHIN: Duration = Duration::from_mins(1);

/// Every answer to an order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// What was accepted: 202.
    pub(crate) accepted: BTreeSet<String>,
    /// Orders of which nobody could say what had become of them.
    pub(crate) unsettled: usize,
    /// How often a server could not serve: 503.
    pub(crate) away: usize,
    /// How often there was no answer at all.
    pub(crate) unanswered: usize,
    /// The slowest answer.
    pub(crate) slowest: Duration,
}

impl Ledger {
    pub(crate) fn add(&mut self, mut other: Self) {
        self.accepted.append(&mut other.accepted);
        self.unsettled += other.unsettled;
        self.away += other.away;
        self.unanswered += other.unanswered;
        self.slowest = self.slowest.max(other.slowest);
    }

    /// Waits until everything has ended, and checks that it is what was promised: nothing is missing, nothing is there
    /// twice, nothing ran twice. Returns what each deployment says of itself.
    pub(crate) async fn settle(&self, shop: &Shop, api: &Api) -> Result<Vec<History>> {
        let all = eventually("everything ends", DRAINED_WITHIN, async || {
            let all = deployments(shop, api).await?;
            Ok(all.iter().all(has_ended).then_some(all))
        })
        .await?;
        let ids: BTreeSet<_> = all
            .iter()
            .map(|deployment| text(&deployment["id"]))
            .collect::<Result<_>>()?;
        let lost: Vec<_> = self.accepted.difference(&ids).collect();
        ensure!(lost.is_empty(), "accepted and lost: {lost:?}");
        let surplus = ids.difference(&self.accepted).count();
        ensure!(
            surplus <= self.unsettled,
            "{surplus} deployments that nobody ordered: {self:?}"
        );
        let mut histories = Vec::new();
        for deployment in &all {
            let history = History::read(api, &text(&deployment["id"])?).await?;
            history.check().with_context(|| format!("{deployment}"))?;
            histories.push(history);
        }
        Ok(histories)
    }
}

/// Every deployment of a shop.
async fn deployments(shop: &Shop, api: &Api) -> Result<Vec<Value>> {
    let path = format!("/api/deployments?projectId={}&limit=200", shop.project);
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let more = cursor.map_or(String::new(), |cursor: String| format!("&cursor={cursor}"));
        let mut page = api.get(&format!("{path}{more}")).await?.expect(200)?;
        let items = page["items"].as_array_mut().context("there are items")?;
        all.append(items);
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(all),
        }
    }
}

fn has_ended(deployment: &Value) -> bool {
    let ends = [
        "success",
        "failed",
        "rolled_back",
        "cancelled",
        "superseded",
    ];
    ends.iter().any(|end| deployment["status"] == *end)
}

/// Checks that the container engine runs what was ordered last of each application, and nothing else.
pub(crate) async fn check_services(
    shop: &Shop,
    api: &Api,
    environment: &Environment,
) -> Result<()> {
    let runtime = DockerRuntime::new(DockerOptions {
        host: environment.docker_host.clone(),
        ..DockerOptions::default()
    })?;
    for application in &shop.applications {
        let path = format!("/api/applications/{application}");
        let application = api.get(&path).await?.expect(200)?;
        ensure!(application["status"] == "running", "{application}");
        let last = &application["lastDeployment"];
        ensure!(last["status"] == "success", "{last}");
        let name = text(&application["serviceName"])?;
        let service = runtime.observe_service(&name).await?;
        let service = service.context("there is no service")?;
        let running = service.tasks.iter().filter(|task| task.wanted);
        let states: Vec<_> = running.map(|task| task.state).collect();
        ensure!(states == [TaskState::Running], "{service:#?}");
        let made_by = service.labels.get(label::DEPLOYMENT);
        ensure!(made_by == Some(&text(&last["id"])?), "{service:#?}");
    }
    Ok(())
}

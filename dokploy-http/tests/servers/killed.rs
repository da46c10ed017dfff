//! One of two servers ends while people use both, and the other one goes on with its work.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::installation::{Installation, Shop, works};
use crate::ledger::{Ledger, check_services};
use crate::load::Load;
use crate::server::Server;
use crate::witness::{History, Seen, Watchers};

/// How long the work of a dead worker may lie: its lease, and a moment.
const RECOVERED_WITHIN: Duration = Duration::from_secs(35);

/// What is left of two servers on which orders came in while one of them ended.
struct Scene {
    installation: Installation,
    survivor: Server,
    shop: Shop,
    ledger: Ledger,
    /// What people saw at the survivor who watched what ran when the other one ended.
    watched: Vec<Seen>,
    /// When the other one ended, counted from when they began to watch.
    ended_after: Duration,
}

impl Scene {
    /// Lets orders come in, ends one of the servers in the middle of its work, and lets more come in.
    async fn play(end: impl AsyncFnOnce(Server) -> Result<()>) -> Result<Option<Self>> {
        let Some(installation) = Installation::new().await? else {
            return Ok(None);
        };
        let leaving = installation.server("leaving").await?;
        let survivor = installation.server("survivor").await?;
        let shop = installation.shop(&survivor, 8).await?;
        let mut load = Load::start(&shop, &[leaving.address, survivor.address]);
        load.goes_on(20).await?;
        works(&leaving, 2).await?;
        let watchers = Watchers::of_what_runs(&shop, &survivor).await?;
        works(&leaving, 2).await?;
        end(leaving).await?;
        let ended_after = watchers.begun.elapsed();
        load.goes_on(20).await?;
        let ledger = load.finish().await?;
        Ok(Some(Self {
            watched: watchers.finish().await?,
            installation,
            survivor,
            shop,
            ledger,
            ended_after,
        }))
    }

    /// Checks every promise, and returns what each deployment says of itself.
    async fn check(&self) -> Result<Vec<History>> {
        let owner = self.shop.owner.at(self.survivor.address);
        let histories = self.ledger.settle(&self.shop, &owner).await?;
        for history in &histories {
            let is_right = history.succeeded() || history.was_superseded();
            ensure!(is_right, "{history:#?}");
        }
        for seen in &self.watched {
            seen.check(&owner).await?;
        }
        check_services(&self.shop, &owner, &self.installation.environment).await?;
        Ok(histories)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing_and_the_other_goes_on_with_its_work() -> Result<()> {
    let Some(scene) = Scene::play(Server::kill).await? else {
        return Ok(());
    };
    let histories = scene.check().await?;
    let taken_over = histories
        .iter()
        .filter(|history| history.claims() == 2)
        .count();
    let once = histories
        .iter()
        .filter(|history| history.claims() < 2)
        .count();
    ensure!(taken_over > 0, "it was killed while it worked");
    ensure!(
        taken_over + once == histories.len(),
        "a worker was lost that was not killed"
    );
    let mut late = scene.watched.iter().filter_map(|seen| seen.claims.get(1));
    ensure!(
        late.all(|claimed| *claimed < scene.ended_after + RECOVERED_WITHIN),
        "what lay for too long"
    );
    scene.shop.close(&scene.survivor).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_hands_its_work_over_and_ends_well() -> Result<()> {
    let stop = async |server: Server| {
        let ended = server.stop().await?;
        ensure!(ended.success(), "it ended with {ended}");
        Ok(())
    };
    let Some(scene) = Scene::play(stop).await? else {
        return Ok(());
    };
    let histories = scene.check().await?;
    ensure!(
        scene.ledger.unsettled == 0,
        "each request had its answer: {:?}",
        scene.ledger
    );
    let handed_back = |history: &&History| history.of("handed_back").count() == 1;
    let handed: Vec<_> = histories.iter().filter(handed_back).collect();
    ensure!(!handed.is_empty(), "it stopped while it worked");
    for history in histories.iter().filter(|history| history.claims() > 1) {
        ensure!(
            handed_back(&history),
            "it was taken, not handed over: {history:#?}"
        );
        let attempts = history.of("claimed").all(|claim| claim["attempt"] == 1);
        ensure!(attempts, "handing back is no lost attempt: {history:#?}");
    }
    scene.shop.close(&scene.survivor).await
}

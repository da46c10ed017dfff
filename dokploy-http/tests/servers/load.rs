//! People who order deployments all the time, and do not give up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use dokploy_core::id::RequestId;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, text};
use crate::installation::{Shop, eventually};
use crate::ledger::Ledger;

/// People who order.
const CLERKS: usize = 3;

/// How long each of them rests between two orders.
const REST: Duration = Duration::from_millis(100);

/// How long somebody waits who was told to come back later.
const LATER: Duration = Duration::from_millis(200);

/// Orders under way.
pub(crate) struct Load {
    clerks: JoinSet<Result<Ledger>>,
    stop: CancellationToken,
    accepted: Arc<AtomicUsize>,
}

struct Clerk {
    api: Api,
    servers: Vec<SocketAddr>,
    /// The server that is asked next.
    next: usize,
    ledger: Ledger,
    accepted: Arc<AtomicUsize>,
}

impl Load {
    /// Orders deployments of all applications in turn, at these servers in turn.
    pub(crate) fn start(shop: &Shop, servers: &[SocketAddr]) -> Self {
        let mut load = Self {
            clerks: JoinSet::new(),
            stop: CancellationToken::new(),
            accepted: Arc::default(),
        };
        for number in 0..CLERKS {
            let clerk = Clerk {
                api: shop.owner.clone(),
                servers: servers.to_vec(),
                next: number,
                ledger: Ledger::default(),
                accepted: Arc::clone(&load.accepted),
            };
            let mut applications = shop.applications.clone();
            applications.rotate_left(number * shop.applications.len() / CLERKS);
            load.clerks
                .spawn(clerk.work(applications, load.stop.clone()));
        }
        load
    }

    /// Waits until this many more were accepted.
    pub(crate) async fn goes_on(&mut self, more: usize) -> Result<()> {
        let enough = self.accepted.load(Ordering::Relaxed) + more;
        eventually("orders are accepted", Duration::from_secs(40), async || {
            if let Some(ended) = self.clerks.try_join_next() {
                bail!("somebody gave up: {:?}", ended?.err());
            }
            let accepted = self.accepted.load(Ordering::Relaxed);
            Ok((accepted >= enough).then_some(()))
        })
        .await
    }

    /// Ends the orders, each with its answer.
    pub(crate) async fn finish(mut self) -> Result<Ledger> {
        self.stop.cancel();
        let mut ledger = Ledger::default();
        while let Some(clerk) = self.clerks.join_next().await {
            ledger.add(clerk??);
        }
        Ok(ledger)
    }
}

impl Clerk {
    async fn work(mut self, applications: Vec<String>, stop: CancellationToken) -> Result<Ledger> {
        for application in applications.iter().cycle() {
            if stop.is_cancelled() {
                break;
            }
            self.order(application).await?;
            tokio::time::sleep(REST).await;
        }
        Ok(self.ledger)
    }

    /// Asks with one key until somebody says yes.
    async fn order(&mut self, application: &str) -> Result<()> {
        let path = format!("/api/applications/{application}/deploy");
        let (body, key) = (json!({"force": true}), RequestId::new().to_string());
        loop {
            self.next += 1;
            let server = self.servers[self.next % self.servers.len()];
            let asked = self.api.at(server).post_once(&path, &body, &key).await;
            // A server that is gone answers nothing: another one is asked for the same thing.
            let Ok(answer) = asked else {
                self.ledger.unanswered += 1;
                tokio::time::sleep(LATER).await;
                continue;
            };
            self.ledger.slowest = self.ledger.slowest.max(answer.took);
            match answer.status {
                202 => {
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    self.ledger.accepted.insert(text(&answer.body["id"])?);
                    return Ok(());
                }
                503 => {
                    answer.is_away()?;
                    self.ledger.away += 1;
                    tokio::time::sleep(LATER).await;
                }
                // Whoever carried it out broke off: for some time nobody knows whether it was accepted.
                409 if self.ledger.unanswered + self.ledger.away > 0 => {
                    self.ledger.unsettled += 1;
                    return Ok(());
                }
                _ => bail!("an order is answered with {answer:?}"),
            }
        }
    }
}

//! Many connections that ask at once, and how long each of them waits.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::Method;
use tokio::task::JoinSet;
use tokio::time::interval_at;

use crate::client::Client;

/// How often something took how long.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, one: Duration) {
        self.0.push(one);
    }

    pub(crate) fn join(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// What this share of them did not exceed: 0.5 is the median.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "there are far fewer than 2^52"
        )]
        let rank = ((self.0.len() as f64 * share).ceil() as usize).max(1) - 1;
        self.0.get(rank).copied().unwrap_or_default()
    }
}

/// Asks for a path over many connections until the time is over: each of them once in `every`, or again as soon as it
/// has an answer.
pub(crate) async fn get(
    address: SocketAddr,
    path: &'static str,
    token: &str,
    connections: u32,
    time: Duration,
    every: Option<Duration>,
) -> Result<Latencies> {
    let begun = Instant::now();
    let end = begun + time;
    let mut running = JoinSet::new();
    for number in 0..connections {
        let mut client = Client::connect(address, Some(token)).await?;
        // They do not all ask at the same moment.
        let first = begun + every.unwrap_or_default() * number / connections;
        let mut pace = every.map(|every| interval_at(first.into(), every));
        running.spawn(async move {
            let mut latencies = Latencies::default();
            while Instant::now() < end {
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                }
                let asked = Instant::now();
                let answer = client.request(Method::GET, path, None).await?;
                ensure!(answer.status.is_success(), "{path}: {}", answer.status);
                latencies.add(asked.elapsed());
            }
            Ok(latencies)
        });
    }
    let mut all = Latencies::default();
    for latencies in running.join_all().await {
        all.join(latencies?);
    }
    Ok(all)
}

//! An engine that works on the queue until its standard input ends, or aborts at a point that it was told.

use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;
use dokploy_core::engine::{Injection, Point};
use dokploy_tests::agent::Order;
use dokploy_tests::assembly::point_name;
use tokio::io::AsyncReadExt;

/// Aborts the process at one point: nothing is flushed, nothing is dropped.
#[derive(Debug)]
struct AbortAt(String);

#[async_trait]
impl Injection for AbortAt {
    async fn at(&self, point: Point) -> dokploy_core::Result<()> {
        if point_name(point) == self.0 {
            std::process::abort();
        }
        Ok(())
    }
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "how the parent learns that the engine runs"
)]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let order = std::env::args().nth(1).context("an order is expected")?;
    let order: Order = serde_json::from_str(&order)?;
    let injection = order
        .abort_at
        .map(|point| Arc::new(AbortAt(point)) as Arc<dyn Injection>);
    let engine = order.assembly.start(injection).await?;
    println!("ready");
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    engine.shutdown().await;
    Ok(())
}

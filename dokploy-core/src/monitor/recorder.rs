//! What the deployer itself does, counted, in Prometheus' text format.

use std::fmt;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, Opts, Registry, TextEncoder,
};

use crate::deployment::{EventKind, StepStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Deployment, DeploymentTrigger};
use crate::store::{ConnectionStats, QueueStats};

/// From a moment to the longest deployment that there may be, in seconds.
const DEPLOYMENT_BUCKETS: &[f64] = &[
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0,
];
/// From a cached list to the time limit of a request, in seconds.
const REQUEST_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Counts what happens. Every engine has one; whoever serves HTTP adds what it serves.
pub struct Recorder {
    registry: Registry,
    deployments: HistogramVec,
    phases: HistogramVec,
    waits: HistogramVec,
    superseded: IntCounter,
    renewals: IntCounterVec,
    leases: IntGauge,
    requests: HistogramVec,
    queue: GaugeVec,
    oldest_wait: Gauge,
    connections: GaugeVec,
}

/// What became of an attempt to renew a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Renewal {
    Renewed,
    Lost,
    Failed,
}

impl Recorder {
    /// One that has counted nothing.
    ///
    /// # Errors
    ///
    /// `unexpected` when two metrics have one name.
    pub(crate) fn new() -> Result<Self> {
        Self::assemble().map_err(|error| {
            Error::new(ErrorKind::Unexpected, "the metrics cannot be set up").with_source(error)
        })
    }

    fn assemble() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let histogram = |name: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            kept(&registry, HistogramVec::new(options, labels)?)
        };
        let gauges = |name: &str, help: &str, label: &str| {
            kept(&registry, GaugeVec::new(Opts::new(name, help), &[label])?)
        };
        let renewals = kept(&registry, lease_renewals()?)?;
        let superseded = IntCounter::new(
            "dokploy_deployments_superseded_total",
            "Waiting deployments whose place a newer one took.",
        )?;
        let superseded = kept(&registry, superseded)?;
        let leases = IntGauge::new(
            "dokploy_leases_held",
            "Deployments that this process works on.",
        )?;
        let leases = kept(&registry, leases)?;
        let oldest_wait = Gauge::new(
            "dokploy_queue_oldest_wait_seconds",
            "How long the oldest waiting deployment has waited.",
        )?;
        let oldest_wait = kept(&registry, oldest_wait)?;
        kept(&registry, build_info()?)?;
        Ok(Self {
            deployments: histogram(
                "dokploy_deployment_duration_seconds",
                "From the acceptance of a deployment to its end, by outcome.",
                &["outcome"],
                DEPLOYMENT_BUCKETS,
            )?,
            phases: histogram(
                "dokploy_deployment_phase_duration_seconds",
                "How long a phase of a deployment took, by phase and outcome.",
                &["phase", "outcome"],
                DEPLOYMENT_BUCKETS,
            )?,
            waits: histogram(
                "dokploy_deployment_queue_wait_seconds",
                "From the acceptance of a deployment to its start, by what triggered it.",
                &["trigger"],
                DEPLOYMENT_BUCKETS,
            )?,
            requests: histogram(
                "dokploy_http_request_duration_seconds",
                "How long an HTTP request took, by method, route and status.",
                &["method", "route", "status"],
                REQUEST_BUCKETS,
            )?,
            queue: gauges(
                "dokploy_queue_deployments",
                "Deployments that wait and that are worked on, over all processes.",
                "state",
            )?,
            connections: gauges(
                "dokploy_store_connections",
                "Connections to the database, by what they do.",
                "state",
            )?,
            superseded,
            renewals,
            leases,
            oldest_wait,
            registry,
        })
    }

    /// Counts events of a deployment that were just written. Its state is the one after them.
    pub(crate) fn record(&self, deployment: &Deployment, events: &[EventKind]) {
        let state = &deployment.state;
        for event in events {
            match event {
                EventKind::Claimed { attempt: 1, .. } => {
                    let trigger = trigger(deployment.request.trigger);
                    let started = state.started_at.unwrap_or(deployment.created_at);
                    self.waits
                        .with_label_values(&[trigger])
                        .observe(started.since(deployment.created_at).as_secs_f64());
                }
                EventKind::StepFinished { step, .. } | EventKind::StepFailed { step, .. } => {
                    let Some(record) = state.steps.get(step) else {
                        continue;
                    };
                    let outcome = match record.status {
                        StepStatus::Skipped => "skipped",
                        StepStatus::Failed => "failed",
                        StepStatus::Finished | StepStatus::Running => "done",
                    };
                    let ended = record.finished_at.unwrap_or(record.started_at);
                    self.phases
                        .with_label_values(&[step.as_str(), outcome])
                        .observe(ended.since(record.started_at).as_secs_f64());
                }
                EventKind::Succeeded { .. }
                | EventKind::Failed { .. }
                | EventKind::RolledBack { by: None, .. }
                | EventKind::Cancelled { .. } => self.end(deployment),
                _ => {}
            }
        }
    }

    fn end(&self, deployment: &Deployment) {
        let ended = deployment
            .state
            .finished_at
            .unwrap_or(deployment.created_at);
        self.deployments
            .with_label_values(&[deployment.state.status.as_str()])
            .observe(ended.since(deployment.created_at).as_secs_f64());
    }

    /// Counts waiting deployments whose place a newer one took.
    pub(crate) fn superseded(&self, count: usize) {
        self.superseded.inc_by(count as u64);
    }

    /// Counts an attempt to renew a lease.
    pub(crate) fn renewal(&self, renewal: Renewal) {
        let outcome = match renewal {
            Renewal::Renewed => "renewed",
            Renewal::Lost => "lost",
            Renewal::Failed => "failed",
        };
        self.renewals.with_label_values(&[outcome]).inc();
    }

    /// Counts a lease for as long as the answer is kept.
    pub(crate) fn lease(&self) -> HeldLease {
        self.leases.inc();
        HeldLease(self.leases.clone())
    }

    /// Counts an HTTP request. `route` is the pattern of the route and not the path, so that the number of series is
    /// bounded.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests
            .with_label_values(&[method, route, &status.to_string()])
            .observe(took.as_secs_f64());
    }

    /// Everything that was counted, with what stands in the queue and in the pool now.
    ///
    /// # Errors
    ///
    /// `unexpected` when it cannot be written down.
    #[expect(clippy::cast_precision_loss, reason = "a count needs no 53 bits")]
    pub(crate) fn text(
        &self,
        queue: &QueueStats,
        connections: Option<&ConnectionStats>,
    ) -> Result<String> {
        let waiting = self.queue.with_label_values(&["waiting"]);
        waiting.set(queue.waiting as f64);
        let active = self.queue.with_label_values(&["active"]);
        active.set(queue.active as f64);
        self.oldest_wait.set(queue.oldest_wait.as_secs_f64());
        if let Some(connections) = connections {
            let states = [
                ("idle", connections.idle),
                ("used", connections.used),
                ("max", connections.max),
            ];
            for (state, count) in states {
                let gauge = self.connections.with_label_values(&[state]);
                gauge.set(f64::from(count));
            }
        }
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|error| error.to_string())
            .and_then(|()| String::from_utf8(text).map_err(|error| error.to_string()))
            .map_err(|error| {
                Error::new(ErrorKind::Unexpected, "the metrics cannot be written down")
                    .with_source(error)
            })
    }
}

/// Registers a metric, and gives it back.
fn kept<M: Collector + Clone + 'static>(registry: &Registry, made: M) -> prometheus::Result<M> {
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn lease_renewals() -> prometheus::Result<IntCounterVec> {
    IntCounterVec::new(
        Opts::new(
            "dokploy_lease_renewals_total",
            "Attempts to renew a lease, by outcome.",
        ),
        &["outcome"],
    )
}

fn build_info() -> prometheus::Result<GaugeVec> {
    let options = Opts::new("dokploy_build_info", "Version of the deployer; always 1.");
    let build = GaugeVec::new(options, &["version"])?;
    build
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1.0);
    Ok(build)
}

const fn trigger(trigger: DeploymentTrigger) -> &'static str {
    match trigger {
        DeploymentTrigger::Api => "api",
        DeploymentTrigger::Webhook => "webhook",
        DeploymentTrigger::Cli => "cli",
        DeploymentTrigger::Rollback => "rollback",
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// A lease that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldLease(IntGauge);

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.0.dec();
    }
}

//! What parts of a specification matter to a fake swarm.

use sha2::{Digest, Sha256};

use super::super::{ServiceSpec, label};

/// A specification and how often a restart was forced. Two templates of the same `task_digest` need no new tasks.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) spec: ServiceSpec,
    pub(super) forced: u64,
    pub(super) task_digest: String,
}

impl Template {
    pub(super) fn new(spec: ServiceSpec, forced: u64) -> Self {
        let task_digest = task_digest(&spec, forced);
        Self {
            spec,
            forced,
            task_digest,
        }
    }
}

/// Digest by which a change by somebody else is found: everything but the number of tasks and which worker wrote it.
pub(super) fn kept_digest(spec: &ServiceSpec) -> String {
    let mut same_for_all = spec.clone();
    same_for_all.replicas = 0;
    same_for_all.labels.remove(label::EPOCH);
    spec_digest(&same_for_all)
}

/// Digest of everything in a specification. Secrets hide themselves from `Debug`, hence are added by hand.
fn spec_digest(spec: &ServiceSpec) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{spec:?}"));
    for (name, value) in &spec.env {
        digest.update(format!("{name}={}\0", value.expose()));
    }
    hex::encode(digest.finalize())
}

/// Digest of what a change of which replaces the tasks, as Swarm sees it.
fn task_digest(spec: &ServiceSpec, forced: u64) -> String {
    let mut same_for_all = spec.clone();
    same_for_all.labels.clear();
    same_for_all.replicas = 0;
    same_for_all.parallelism = 1;
    same_for_all.delay = std::time::Duration::ZERO;
    same_for_all.monitor = std::time::Duration::ZERO;
    same_for_all.order = crate::model::UpdateOrder::StopFirst;
    format!("{forced}:{}", spec_digest(&same_for_all))
}

//! Rules of volumes and in-memory file systems.

use std::collections::BTreeSet;

use super::Rules;
use super::syntax::{is_absolute_path, is_object_name};
use crate::model::limits::{ENTRIES_MAX, MEMORY_MIB_MAX};
use crate::model::{ApplicationSpec, ServiceMode, UpdateOrder};

/// File systems that the engine mounts itself.
const ENGINE_PATHS: [&str; 4] = ["/proc", "/sys", "/dev", "/run/secrets"];

pub(super) fn check(spec: &ApplicationSpec, rules: &mut Rules) {
    rules.count("volumes", spec.volumes.len());
    rules.count("tmpfs", spec.tmpfs.len());
    let mut targets = BTreeSet::new();
    for (index, volume) in spec.volumes.iter().enumerate().take(ENTRIES_MAX) {
        let expected = "is not the name of a volume; paths of the host cannot be mounted";
        let is_volume = is_object_name(&volume.source) && volume.source.len() > 1;
        rules.require(is_volume, format!("volumes[{index}].source"), expected);
        let field = format!("volumes[{index}].target");
        check_target(field, &volume.target, &mut targets, rules);
    }
    for (index, tmpfs) in spec.tmpfs.iter().enumerate().take(ENTRIES_MAX) {
        let field = format!("tmpfs[{index}].target");
        check_target(field, &tmpfs.target, &mut targets, rules);
        let is_size = tmpfs
            .size_limit
            .is_none_or(|size| (1..=MEMORY_MIB_MAX).contains(&size));
        let field = format!("tmpfs[{index}].sizeLimit");
        rules.require(is_size, field, "is less than 1 MiB or more than 1 PiB");
    }
    if spec.volumes.iter().any(|volume| !volume.read_only) {
        check_single_writer(spec, rules);
    }
}

fn check_target<'a>(
    field: String,
    target: &'a str,
    targets: &mut BTreeSet<&'a str>,
    rules: &mut Rules,
) {
    let expected =
        "is not an absolute path in the container without `.`, `..` and a slash at its end";
    rules.require(is_absolute_path(target), &field, expected);
    let is_engines = ENGINE_PATHS.iter().any(|path| {
        target
            .strip_prefix(path)
            .is_some_and(|below| below.is_empty() || below.starts_with('/'))
    });
    // Shared memory is the one thing below these that an application may want larger.
    let is_allowed = !is_engines || target == "/dev/shm";
    rules.require(
        is_allowed,
        &field,
        "is a place that the engine mounts itself",
    );
    rules.require(targets.insert(target), field, "is mounted twice");
}

/// Two tasks never write to one volume, not even while one replaces the other.
fn check_single_writer(spec: &ApplicationSpec, rules: &mut Rules) {
    let is_replicated = spec.mode == ServiceMode::Replicated;
    let expected = "is global, but only one task may write to a volume: mount it read-only or choose replicated";
    rules.require(is_replicated, "mode", expected);
    let is_single = !is_replicated || spec.replicas <= 1;
    let expected =
        "is more than 1, but only one task may write to a volume: mount it read-only or run one";
    rules.require(is_single, "replicas", expected);
    let is_start_first = spec.update.order == Some(UpdateOrder::StartFirst);
    let expected = "is start-first, but two tasks must not write to a volume: leave it out";
    rules.require(!is_start_first, "update.order", expected);
}

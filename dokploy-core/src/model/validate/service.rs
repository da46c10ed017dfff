//! Rules of how the service runs.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Rules;
use super::syntax::{is_constraint, is_of, is_user};
use crate::model::limits::{
    CONSTRAINT_LEN_MAX, CPU_MAX, CPU_MIN, DEADLINE_MAX, ENTRIES_MAX, HEALTH_RETRIES_MAX,
    LABEL_VALUE_LEN_MAX, MEMORY_MIB_MAX, MEMORY_MIB_MIN, OBJECT_NAME_LEN_MAX, PAUSE_MAX,
    REPLICAS_MAX, TIME_MIN,
};
use crate::model::{ApplicationSpec, HealthCheck};

/// Labels of ours, of the engine and of the router, which routes by what `domains` says and by nothing else.
const RESERVED_LABELS: [&str; 3] = ["dokploy", "com.docker", "traefik"];

const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

pub(super) fn check(spec: &ApplicationSpec, rules: &mut Rules) {
    let is_possible = (1..=REPLICAS_MAX).contains(&spec.replicas);
    rules.require(
        is_possible,
        "replicas",
        "is not between 1 and 1000: stop the application to run none",
    );
    if let Some(command) = &spec.command {
        rules.words("command", command);
    }
    if let Some(command) = &spec.release_command {
        rules.command("releaseCommand", command);
    }
    if let Some(health) = &spec.health_check {
        check_health(health, rules);
    }
    check_resources(spec, rules);
    check_labels(spec, rules);
    check_placement(spec, rules);
    check_privileges(spec, rules);
    check_times(spec, rules);
}

fn check_health(health: &HealthCheck, rules: &mut Rules) {
    rules.command("healthCheck.command", &health.command);
    rules.within("healthCheck.interval", health.interval, TIME_MIN, PAUSE_MAX);
    rules.within("healthCheck.timeout", health.timeout, TIME_MIN, PAUSE_MAX);
    let is_possible = (1..=HEALTH_RETRIES_MAX).contains(&health.retries);
    rules.require(
        is_possible,
        "healthCheck.retries",
        "is not between 1 and 100",
    );
    if let Some(period) = health.start_period {
        rules.within("healthCheck.startPeriod", period, Duration::ZERO, PAUSE_MAX);
    }
}

fn check_resources(spec: &ApplicationSpec, rules: &mut Rules) {
    for (field, memory) in [
        ("memoryLimit", spec.memory_limit),
        ("memoryReservation", spec.memory_reservation),
    ] {
        let is_possible = memory.is_none_or(|mib| (MEMORY_MIB_MIN..=MEMORY_MIB_MAX).contains(&mib));
        rules.require(is_possible, field, "is less than 6 MiB or more than 1 PiB");
    }
    for (field, cores) in [
        ("cpuLimit", spec.cpu_limit),
        ("cpuReservation", spec.cpu_reservation),
    ] {
        let is_possible = cores.is_none_or(|cores| (CPU_MIN..=CPU_MAX).contains(&cores));
        rules.require(is_possible, field, "is not between 0.01 and 10000 cores");
    }
    let expected = "is more than the limit";
    if let (Some(reserved), Some(limit)) = (spec.memory_reservation, spec.memory_limit) {
        rules.require(reserved <= limit, "memoryReservation", expected);
    }
    if let (Some(reserved), Some(limit)) = (spec.cpu_reservation, spec.cpu_limit) {
        rules.require(reserved <= limit, "cpuReservation", expected);
    }
}

fn check_labels(spec: &ApplicationSpec, rules: &mut Rules) {
    rules.count("labels", spec.labels.len());
    for (key, value) in spec.labels.iter().take(ENTRIES_MAX) {
        if key.len() > OBJECT_NAME_LEN_MAX || !is_of(key, "_./-") {
            rules.refuse(
                "labels",
                "has a name that is not letters, digits and `_./-`",
            );
            continue;
        }
        let field = format!("labels.{key}");
        let name = key.to_ascii_lowercase();
        let is_reserved = RESERVED_LABELS.iter().any(|namespace| {
            name.strip_prefix(namespace)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        rules.require(
            !is_reserved,
            &field,
            "is reserved: dokploy, com.docker and traefik are not yours",
        );
        let is_value = value.len() <= LABEL_VALUE_LEN_MAX && !value.contains('\0');
        rules.require(
            is_value,
            field,
            "is longer than 16 KiB or holds a zero byte",
        );
    }
}

fn check_placement(spec: &ApplicationSpec, rules: &mut Rules) {
    rules.count("constraints", spec.constraints.len());
    for (index, constraint) in spec.constraints.iter().enumerate().take(ENTRIES_MAX) {
        let is_known = constraint.len() <= CONSTRAINT_LEN_MAX && is_constraint(constraint);
        let expected = "is not a constraint such as node.labels.disk==ssd";
        rules.require(is_known, format!("constraints[{index}]"), expected);
    }
}

fn check_privileges(spec: &ApplicationSpec, rules: &mut Rules) {
    if let Some(user) = &spec.user {
        rules.require(
            is_user(user),
            "user",
            "is not a user or user:group, by name or by number",
        );
    }
    rules.count("dropCapabilities", spec.drop_capabilities.len());
    let mut names = BTreeSet::new();
    for (index, name) in spec.drop_capabilities.iter().enumerate().take(ENTRIES_MAX) {
        let field = format!("dropCapabilities[{index}]");
        let short = name.strip_prefix("CAP_").unwrap_or(name);
        rules.require(
            CAPABILITIES.contains(&short),
            &field,
            "is not the name of a capability",
        );
        rules.require(names.insert(short), field, "is there twice");
    }
}

fn check_times(spec: &ApplicationSpec, rules: &mut Rules) {
    let zero = Duration::ZERO;
    rules.within("stopGrace", spec.stop_grace, zero, PAUSE_MAX);
    rules.within("restart.delay", spec.restart.delay, zero, PAUSE_MAX);
    rules.within("restart.window", spec.restart.window, zero, DEADLINE_MAX);
    let update = &spec.update;
    let is_possible = (1..=REPLICAS_MAX).contains(&update.parallelism);
    rules.require(
        is_possible,
        "update.parallelism",
        "is not between 1 and 1000",
    );
    rules.within("update.delay", update.delay, zero, PAUSE_MAX);
    rules.within("update.monitor", update.monitor, zero, PAUSE_MAX);
    rules.deadline("update.progressDeadline", update.progress_deadline);
    rules.deadline("update.healthyDeadline", update.healthy_deadline);
    let deadlines = &spec.deadlines;
    rules.deadline("deadlines.fetch", deadlines.fetch);
    rules.deadline("deadlines.build", deadlines.build);
    rules.deadline("deadlines.push", deadlines.push);
    rules.deadline("deadlines.releaseCommand", deadlines.release_command);
    rules.deadline("deadlines.total", deadlines.total);
    let expected = "is not shorter than deadlines.total: no deployment could succeed";
    rules.require(update.monitor < deadlines.total, "update.monitor", expected);
}

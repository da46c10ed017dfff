//! How a deployment ended, and what there is to know and to do about it.

use dokploy_core::deployment::{Failure, Reason, Status, Step};
use dokploy_core::model::{Deployment, DeploymentKind};

use super::board::{seconds, step_name};
use super::text::{Line, Tone, clean};
use crate::cli::exit::Exit;

/// The last lines about a deployment. `shown` tells whether the output of a step is right above, so that its last lines
/// need not be repeated as evidence.
pub fn outcome(deployment: &Deployment, exit: Exit, shown: impl Fn(Step) -> bool) -> Vec<Line> {
    let state = &deployment.state;
    if !state.status.is_terminal() {
        return unfinished(deployment, exit);
    }
    let (tone, sign) = match state.status {
        Status::Success => (Tone::Good, '✔'),
        Status::Superseded | Status::Cancelled => (Tone::Warn, '–'),
        _ => (Tone::Bad, '✘'),
    };
    let took = match (state.started_at, state.finished_at) {
        (Some(started), Some(finished)) => format!("  ({})", seconds(finished.since(started))),
        _ => String::new(),
    };
    let mut lines = vec![
        Line::of(tone, format!("{sign} {}  ", state.status))
            .with(Tone::Strong, headline(deployment))
            .with(Tone::Dim, took),
    ];
    if let Some(failure) = &state.failure {
        lines.extend(explain(failure, &shown));
    }
    lines.extend(serving(deployment).map(|text| detail("serving", &text)));
    let id = deployment.id;
    lines.push(detail("deployment", &id.to_string()));
    if matches!(state.status, Status::Failed | Status::RolledBack) {
        lines.push(detail("whole log", &format!("dokploy logs {id}")));
    }
    lines
}

/// A failure as people read it: step, cause, evidence, what to do.
fn explain(failure: &Failure, shown: &impl Fn(Step) -> bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(step) = failure.step {
        lines.push(detail("step", &step_name(step)));
    }
    lines.push(detail("code", failure.code.code()));
    let causes = failure.causes.iter().map(|cause| clean(cause));
    lines.extend(block("because", causes));
    if !failure.step.is_some_and(shown) {
        let evidence = failure
            .evidence
            .iter()
            .map(|line| format!("| {}", clean(line)));
        lines.extend(block("evidence", evidence));
    }
    lines.extend(
        failure
            .hint
            .as_ref()
            .map(|hint| detail("next", &clean(hint))),
    );
    lines
}

fn headline(deployment: &Deployment) -> String {
    let state = &deployment.state;
    let name = &deployment.spec.name;
    if let Some(failure) = &state.failure {
        return clean(&failure.message);
    }
    match (state.status, deployment.kind, state.reason) {
        (Status::Success, _, Reason::Unchanged) => {
            format!("{name}: nothing has changed, and what runs is healthy")
        }
        (Status::Success, DeploymentKind::Rollback, _) => {
            format!("{name} is back at the earlier release")
        }
        (Status::Success, DeploymentKind::Deploy, _) => format!("{name} runs and is healthy"),
        (Status::Superseded, ..) => {
            let by = state
                .superseded_by
                .map(|by| format!(" {by}"))
                .unwrap_or_default();
            format!("{name}: a newer deployment{by} took its place")
        }
        _ => format!("{name}: {}", clean(&state.message)),
    }
}

/// What serves after a failure.
fn serving(deployment: &Deployment) -> Option<String> {
    let state = &deployment.state;
    let text = match (state.status, state.reason) {
        (Status::RolledBack, _) => "the previous release, which was checked to be healthy",
        (Status::Failed, Reason::RollbackFailed) => {
            "unknown: going back failed too, and nothing more is tried without you"
        }
        (Status::Failed, Reason::NothingToRestore) => {
            "nothing: there was no release to go back to, and the broken one is stopped"
        }
        (Status::Failed, Reason::LeftInPlace) => {
            "what the failed rollout has left, as the application asks"
        }
        (Status::Failed, Reason::ChangedOutside) => "what somebody else has made of the service",
        (Status::Failed, _) if !state.touched_service() => {
            "what served before: the service was not touched"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn unfinished(deployment: &Deployment, exit: Exit) -> Vec<Line> {
    let id = deployment.id;
    let status = deployment.state.status;
    let why = match exit {
        Exit::TimedOut => "the time to wait has passed",
        _ => "left unfinished",
    };
    let goes_on = if deployment.state.cancel_requested {
        "its cancellation goes on as soon as an engine runs again"
    } else {
        "it goes on as soon as an engine runs again"
    };
    vec![
        Line::of(Tone::Warn, format!("… {status}  "))
            .with(Tone::Strong, format!("{}: {why}", deployment.spec.name)),
        detail("then", goes_on),
        detail("look", "dokploy ps"),
        detail("go on", &format!("dokploy logs --follow {id}")),
    ]
}

fn detail(name: &str, text: &str) -> Line {
    Line::of(Tone::Dim, format!("  {name:<11}")).with(Tone::Plain, text)
}

fn block(name: &str, texts: impl Iterator<Item = String>) -> Vec<Line> {
    let lines = texts
        .enumerate()
        .map(|(index, text)| detail(if index == 0 { name } else { "" }, &text));
    lines.collect()
}

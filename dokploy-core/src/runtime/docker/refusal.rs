//! Why a task never ran.
//!
//! There is no end of what an engine may say that is not quite back from a crash: that the swarm is not active, that an
//! address is missing, that a network is not there. What says something about the release is a short list. Everything
//! else is taken for passing: a mistake in that direction costs time, one in the other fails a good release.

use crate::runtime::{Refusal, TaskState};

/// How the engine begins when a process has ended. Where it has other words for a failure, there was none that could.
const ENDED: &str = "task: non-zero exit";

/// What an engine says of an image or a configuration that no second try makes any better.
const LASTING: &[&str] = &[
    // The image.
    "no such image",
    "manifest unknown",
    "name unknown",
    "no matching manifest",
    "pull access denied",
    "access to the resource is denied",
    "unauthorized",
    "authentication required",
    // The command and the user in it.
    "exec: \"",
    "exec format error",
    "unable to find user",
    "unable to find group",
    // What it asks of the host.
    "invalid mount",
    "bind source path",
    "no longer meets constraints",
    "no space left on device",
];

/// Why a task in this state never ran; `None` of one that did, or still may.
pub(super) fn of(state: TaskState, error: &str) -> Option<Refusal> {
    let never_ran = match state {
        TaskState::Rejected => true,
        TaskState::Failed => !error.starts_with(ENDED),
        _ => false,
    };
    let error = error.to_lowercase();
    never_ran.then(|| {
        if LASTING.iter().any(|words| error.contains(words)) {
            Refusal::Lasting
        } else {
            Refusal::Passing
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_after_a_crash_is_passing_and_what_concerns_the_release_is_lasting() {
        use Refusal::{Lasting, Passing};
        use TaskState::{Complete, Failed, Rejected, Running};
        for (state, error, expected) in [
            (Rejected, "swarm is not active", Some(Passing)),
            (
                Rejected,
                "node is missing network attachments, ip addresses may be exhausted",
                Some(Passing),
            ),
            (
                Failed,
                "failed to find a load balancer IP to use for network: x1",
                Some(Passing),
            ),
            (
                Failed,
                "starting container failed: context canceled",
                Some(Passing),
            ),
            (Failed, "No such container: x1", Some(Passing)),
            (Rejected, "network dokploy not found", Some(Passing)),
            (
                Rejected,
                "dial unix /run/containerd/containerd.sock: connect: no such file or directory",
                Some(Passing),
            ),
            (Rejected, "words that nobody has seen yet", Some(Passing)),
            (Rejected, "No such image: app:1", Some(Lasting)),
            (
                Failed,
                "starting container failed: OCI runtime create failed: exec: \"/app\": stat /app: no such file or directory",
                Some(Lasting),
            ),
            (
                Rejected,
                "assigned node no longer meets constraints",
                Some(Lasting),
            ),
            (Failed, "task: non-zero exit (1)", None),
            (
                Failed,
                "task: non-zero exit (137): dockerexec: unhealthy container",
                None,
            ),
            (Complete, "", None),
            (Running, "", None),
        ] {
            assert_eq!(of(state, error), expected, "{error}");
        }
    }
}

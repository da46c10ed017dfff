//! Faults on purpose: errors before and after an effect, and calls that hang.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::Error;

/// A method of the trait, for counting calls and for faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FakeVerb {
    /// `info`.
    Info,
    /// `ensure_swarm`.
    EnsureSwarm,
    /// `build_image`.
    BuildImage,
    /// `find_image`.
    FindImage,
    /// `pull_image`.
    PullImage,
    /// `push_image`.
    PushImage,
    /// `resolve_digest`.
    ResolveDigest,
    /// `apply_service`.
    ApplyService,
    /// `observe_service`.
    ObserveService,
    /// `scale_service`.
    ScaleService,
    /// `restart_service`.
    RestartService,
    /// `remove_service`.
    RemoveService,
    /// `task_tail`.
    TaskTail,
    /// `service_logs`.
    ServiceLogs,
    /// `service_stats`.
    ServiceStats,
    /// `run_task`.
    RunTask,
    /// `remove_task`.
    RemoveTask,
    /// `ensure_network`.
    EnsureNetwork,
    /// `ensure_volume`.
    EnsureVolume,
    /// `ensure_secret`.
    EnsureSecret,
    /// `list_owned`.
    ListOwned,
    /// `remove_owned`.
    RemoveOwned,
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FakeMoment {
    /// Before anything has happened.
    Before,
    /// After the effect took place: the caller cannot tell that it did.
    After,
}

/// A call that hangs until it is told to go on. Dropping it lets the call go on too.
#[derive(Debug)]
pub struct FakeHang {
    entered: watch::Receiver<bool>,
    release: watch::Sender<bool>,
}

impl FakeHang {
    /// Waits until a call hangs here.
    pub async fn entered(&mut self) {
        // An error means that the call was dropped or has gone on: it was here.
        let _ = self.entered.wait_for(|entered| *entered).await;
    }

    /// Lets the call go on.
    pub fn release(self) {
        self.release.send_replace(true);
    }
}

#[derive(Clone, Debug)]
struct Hang {
    entered: Arc<watch::Sender<bool>>,
    release: watch::Receiver<bool>,
}

impl Hang {
    async fn wait(mut self) {
        self.entered.send_replace(true);
        let _ = self.release.wait_for(|released| *released).await;
    }
}

#[derive(Debug)]
enum Strike {
    Fail(Error),
    Hang(Hang),
}

#[derive(Debug)]
struct Fault {
    verb: FakeVerb,
    call: u64,
    moment: FakeMoment,
    strike: Strike,
}

/// What is still to go wrong, and how often each verb was called.
#[derive(Debug, Default)]
pub(super) struct Faults {
    calls: BTreeMap<FakeVerb, u64>,
    planned: Vec<Fault>,
    away: bool,
}

/// What strikes one call.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    before: Vec<Strike>,
    after: Vec<Strike>,
}

impl Faults {
    pub(super) fn calls(&self, verb: FakeVerb) -> u64 {
        self.calls.get(&verb).copied().unwrap_or_default()
    }

    pub(super) fn fail(&mut self, verb: FakeVerb, nth: u64, moment: FakeMoment, error: Error) {
        let call = self.calls(verb) + nth.max(1);
        self.planned.push(Fault {
            verb,
            call,
            moment,
            strike: Strike::Fail(error),
        });
    }

    pub(super) fn hang(&mut self, verb: FakeVerb, nth: u64, moment: FakeMoment) -> FakeHang {
        let call = self.calls(verb) + nth.max(1);
        let (entered_sender, entered) = watch::channel(false);
        let (release, release_receiver) = watch::channel(false);
        self.planned.push(Fault {
            verb,
            call,
            moment,
            strike: Strike::Hang(Hang {
                entered: Arc::new(entered_sender),
                release: release_receiver,
            }),
        });
        FakeHang { entered, release }
    }

    pub(super) fn set_away(&mut self, away: bool) {
        self.away = away;
    }

    /// Counts a call and takes what strikes it.
    pub(super) fn enter(&mut self, verb: FakeVerb) -> Strikes {
        let count = self.calls.entry(verb).or_default();
        *count += 1;
        let call = *count;
        let mut strikes = Strikes::default();
        if self.away {
            strikes.before.push(Strike::Fail(away()));
        }
        let due = |fault: &mut Fault| fault.verb == verb && fault.call == call;
        for fault in self.planned.extract_if(.., due) {
            match fault.moment {
                FakeMoment::Before => strikes.before.push(fault.strike),
                FakeMoment::After => strikes.after.push(fault.strike),
            }
        }
        strikes
    }
}

fn away() -> Error {
    Error::new(
        crate::error::ErrorKind::Unavailable,
        "the engine does not answer",
    )
    .with_hint("start the engine and try again")
}

impl Strikes {
    pub(super) async fn before(&mut self) -> Result<(), Error> {
        strike(std::mem::take(&mut self.before)).await
    }

    pub(super) async fn after(&mut self) -> Result<(), Error> {
        strike(std::mem::take(&mut self.after)).await
    }
}

async fn strike(strikes: Vec<Strike>) -> Result<(), Error> {
    for strike in strikes {
        match strike {
            Strike::Fail(error) => return Err(error),
            Strike::Hang(hang) => hang.wait().await,
        }
    }
    Ok(())
}

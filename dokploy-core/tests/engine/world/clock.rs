//! A calendar that goes with the clock of tokio.

use std::sync::Mutex;
use std::time::Duration;

use dokploy_core::clock::{Clock, Timestamp};
use tokio::time::Instant;

/// The present is the time since the start of the test, plus jumps.
#[derive(Debug)]
pub(crate) struct TestClock {
    origin: Instant,
    ahead: Mutex<Duration>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            ahead: Mutex::default(),
        }
    }

    /// Jumps, as when somebody sets the clock of the machine.
    pub(crate) fn jump(&self, ahead: Duration) {
        *self.ahead.lock().unwrap() += ahead;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        const START: i64 = 1_800_000_000_000_000;
        Timestamp::from_unix_micros(START)
            .unwrap()
            .plus(self.origin.elapsed() + *self.ahead.lock().unwrap())
    }
}

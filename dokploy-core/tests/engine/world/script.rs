//! What happens at points of the saga.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use dokploy_core::deployment::Step;
use dokploy_core::engine::{Injection, Point};
use dokploy_core::{Engine, Error, ErrorKind, Result};
use tokio::sync::{Notify, Semaphore};

/// What happens at a point, once.
#[derive(Debug)]
pub(crate) enum Action {
    /// The step fails.
    Fail,
    /// The process ends.
    Crash,
    /// The saga waits here until it is released.
    Hold,
}

/// Happens at points of the saga of one engine, and remembers which were passed.
#[derive(Debug)]
pub(crate) struct Script {
    actions: Mutex<Vec<(Point, Action)>>,
    repeated: Mutex<Vec<Step>>,
    passed: Mutex<Vec<Point>>,
    engine: OnceLock<Engine>,
    reached: Notify,
    released: Semaphore,
}

impl Script {
    /// Nothing happens.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            actions: Mutex::default(),
            repeated: Mutex::default(),
            passed: Mutex::default(),
            engine: OnceLock::new(),
            reached: Notify::new(),
            released: Semaphore::new(0),
        })
    }

    /// One thing happens.
    pub(crate) fn at_point(point: Point, action: Action) -> Arc<Self> {
        let script = Self::new();
        script.add(point, action);
        script
    }

    /// Another thing happens, the next time that the point is passed.
    pub(crate) fn add(&self, point: Point, action: Action) {
        self.actions.lock().unwrap().push((point, action));
    }

    /// The effect of these steps happens twice.
    pub(crate) fn repeat(&self, steps: &[Step]) {
        self.repeated.lock().unwrap().extend(steps);
    }

    /// The point at which something happens next.
    pub(crate) fn first_planned(&self) -> Option<Point> {
        self.actions
            .lock()
            .unwrap()
            .first()
            .map(|(point, _)| *point)
    }

    /// Nothing more happens.
    pub(crate) fn forget(&self) {
        self.actions.lock().unwrap().clear();
    }

    /// The points that were passed, in order.
    pub(crate) fn passed(&self) -> Vec<Point> {
        self.passed.lock().unwrap().clone()
    }

    /// Waits until something happened at a point.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets a held saga go on.
    pub(crate) fn release(&self) {
        self.released.add_permits(1);
    }

    pub(super) fn belongs_to(&self, engine: &Engine) {
        self.engine.set(engine.clone()).unwrap();
    }
}

#[async_trait]
impl Injection for Script {
    async fn at(&self, point: Point) -> Result<()> {
        self.passed.lock().unwrap().push(point);
        let action = {
            let mut actions = self.actions.lock().unwrap();
            let place = actions.iter().position(|(at, _)| *at == point);
            place.map(|place| actions.remove(place).1)
        };
        match action {
            None => Ok(()),
            Some(Action::Fail) => {
                self.reached.notify_one();
                Err(Error::new(
                    ErrorKind::Unexpected,
                    format!("injected at {point:?}"),
                ))
            }
            Some(Action::Crash) => {
                self.engine.get().unwrap().abort();
                self.reached.notify_one();
                std::future::pending().await
            }
            Some(Action::Hold) => {
                self.reached.notify_one();
                self.released.acquire().await.unwrap().forget();
                Ok(())
            }
        }
    }

    fn repeats(&self, step: Step) -> bool {
        self.repeated.lock().unwrap().contains(&step)
    }
}

//! A container runtime in memory, for tests and examples.
//!
//! It behaves like Docker Swarm on the clock of tokio: tasks go from `pending` to `running`, rolling updates replace
//! them in batches, failed ones are restarted, and a failed update is rolled back. With paused time a rollout of
//! minutes takes no time at all. What containers and builds do is scripted, faults strike on purpose, and a journal
//! tells what has happened.

mod behavior;
mod fault;
mod image;
mod journal;
mod one_off;
mod outside;
mod owned;
mod rollout;
mod service;
mod spec;
mod stream;
mod task;
mod verbs;
mod work;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use self::behavior::FakeOutput;
pub use self::behavior::{FakeBehavior, FakeLaunch, FakeTimings};
pub use self::fault::{FakeHang, FakeMoment, FakeVerb};
pub use self::image::{FakeBuild, FakeBuildInput};
use self::image::{StoredImage, image_id};
pub use self::journal::FakeEffect;
pub use self::one_off::FakeTask;
use self::world::{Node, World};
use super::{Image, TaskSpec};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// A [`ContainerRuntime`](super::ContainerRuntime) in memory. Clones share their state.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use dokploy_core::runtime::{FakeBehavior, FakeRuntime};
///
/// let runtime = FakeRuntime::new();
/// runtime.add_image("shop:good");
/// runtime.add_image("shop:bad");
/// runtime.set_behavior("shop:bad", FakeBehavior::crashes_after(Duration::from_secs(3)));
/// ```
#[derive(Clone)]
pub struct FakeRuntime(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    /// Told of every change that a call makes, so that streams look again.
    changes: watch::Sender<u64>,
}

impl fmt::Debug for FakeRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRuntime").finish_non_exhaustive()
    }
}

impl Default for FakeRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeRuntime {
    /// Makes a swarm of one node without services and images.
    pub fn new() -> Self {
        Self::with_clock(&SystemClock)
    }

    /// The same, with its calendar set by a clock. Time passes as tokio's clock does.
    pub fn with_clock(clock: &dyn Clock) -> Self {
        Self(Arc::new(Shared {
            world: Mutex::new(World::new(clock.now())),
            changes: watch::Sender::new(0),
        }))
    }

    /// Looks at the world after everything has happened that is due by now.
    fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up();
        look(&world)
    }

    /// Changes the world, and wakes whoever watches it.
    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up();
        let result = change(&mut world);
        world.catch_up();
        drop(world);
        self.0.changes.send_modify(|count| *count += 1);
        result
    }

    /// Sets how long the steps take that are the same for every container.
    pub fn set_timings(&self, timings: FakeTimings) {
        self.change(|world| world.around.timings = timings);
    }

    /// Sets the names of the nodes that can run tasks. There is one, `node-1`, at first.
    pub fn set_nodes<N: Into<String>>(&self, nodes: impl IntoIterator<Item = N>) {
        let nodes = nodes.into_iter().map(Node::named).collect();
        self.change(|world| world.around.nodes = nodes);
    }

    /// Gives a node a label, for constraints such as `node.labels.disk==ssd`.
    pub fn label_node(&self, node: &str, name: &str, value: &str) {
        self.change(|world| {
            for present in &mut world.around.nodes {
                if present.name == node {
                    present.labels.insert(name.to_owned(), value.to_owned());
                }
            }
        });
    }

    /// Sets whether the engine is in a swarm. It is at first.
    pub fn set_in_swarm(&self, in_swarm: bool) {
        self.change(|world| world.in_swarm = in_swarm);
    }

    /// Sets cores and bytes that each running task uses.
    pub fn set_usage(&self, cores: f64, bytes: u64) {
        self.change(|world| world.usage = (cores, bytes));
    }

    /// Puts an image on the engine and in the registry that its name points to, and returns its id.
    pub fn add_image(&self, name: &str) -> String {
        self.add_image_with(name, BTreeMap::new(), false)
    }

    /// The same, with labels, and with or without a health check of its own.
    pub fn add_image_with(
        &self,
        name: &str,
        labels: BTreeMap<String, String>,
        has_health_check: bool,
    ) -> String {
        let stored = StoredImage {
            image: Image {
                id: image_id(&["added", name]),
                tags: vec![name.to_owned()],
                labels,
                has_health_check,
                size: 1024,
            },
            behavior: None,
        };
        let id = stored.image.id.clone();
        self.change(|world| {
            world.around.images.add_remote(name, stored.clone());
            world.around.images.add_local(stored);
        });
        id
    }

    /// Says what containers of an image do, by its full name or by its name without a tag. It holds for containers
    /// that start from now on.
    pub fn set_behavior(&self, image: &str, behavior: FakeBehavior) {
        self.change(|world| world.around.behaviors.set_behavior(image, behavior));
    }

    /// Says what containers of an image write, by its full name or by its name without a tag: `lines` when they
    /// start, and then a text again and again. They write that they have started when nothing is said.
    pub fn set_output(&self, image: &str, lines: &[&str], repeated: Option<(Duration, &str)>) {
        let output = FakeOutput {
            lines: lines.iter().map(ToString::to_string).collect(),
            repeated: repeated.map(|(every, text)| (every, text.to_owned())),
        };
        self.change(|world| world.around.behaviors.set_output(image, output));
    }

    /// Asks a closure first what a container does; `None` leaves it to those set before and to
    /// [`FakeRuntime::set_behavior`].
    pub fn choose_behavior(
        &self,
        choose: impl Fn(&FakeLaunch<'_>) -> Option<FakeBehavior> + Send + Sync + 'static,
    ) {
        self.change(|world| world.around.behaviors.push_behavior(Arc::new(choose)));
    }

    /// Asks a closure first how a build goes; `None` leaves it to those set before. A build takes a tenth of a
    /// second and succeeds when nothing is said.
    pub fn choose_build(
        &self,
        choose: impl Fn(&FakeBuildInput<'_>) -> Option<FakeBuild> + Send + Sync + 'static,
    ) {
        self.change(|world| world.around.behaviors.push_build(Arc::new(choose)));
    }

    /// Asks a closure first what a one-off task does; `None` leaves it to those set before. A task takes a tenth of
    /// a second and succeeds when nothing is said.
    pub fn choose_task(
        &self,
        choose: impl Fn(&TaskSpec) -> Option<FakeTask> + Send + Sync + 'static,
    ) {
        self.change(|world| world.one_offs.push_script(Arc::new(choose)));
    }

    /// Lets the `nth` call from now on (1 is the next one) of a method fail, once. After the effect means that the
    /// caller cannot tell that it took place.
    pub fn fail(&self, verb: FakeVerb, nth: u64, moment: FakeMoment, error: Error) {
        self.change(|world| world.faults.fail(verb, nth, moment, error));
    }

    /// Lets the `nth` call from now on (1 is the next one) of a method hang until the returned handle is released
    /// or dropped.
    #[must_use = "the call goes on when this is dropped"]
    pub fn hang(&self, verb: FakeVerb, nth: u64, moment: FakeMoment) -> FakeHang {
        self.change(|world| world.faults.hang(verb, nth, moment))
    }

    /// Takes the engine away, so that every call answers `unavailable`, or brings it back. Its containers go on.
    pub fn set_away(&self, away: bool) {
        self.change(|world| world.faults.set_away(away));
    }

    /// The value of a secret that was made, for a look at what a container would get.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.look(|world| world.secrets.get(name)?.value.clone())
    }

    /// How often a method was called, failed calls included.
    pub fn calls(&self, verb: FakeVerb) -> u64 {
        self.look(|world| world.faults.calls(verb))
    }

    /// Everything that was changed through the trait, in order.
    pub fn journal(&self) -> Vec<FakeEffect> {
        self.look(|world| world.journal.clone())
    }

    /// Counts a call, lets planned faults strike, and runs `act` between them.
    async fn call<T>(
        &self,
        verb: FakeVerb,
        act: impl FnOnce(&mut World) -> Result<T> + Send,
    ) -> Result<T>
    where
        T: Send,
    {
        let mut strikes = self.enter(verb);
        strikes.before().await?;
        let done = self.change(act)?;
        strikes.after().await?;
        Ok(done)
    }

    /// The same for a method that only looks.
    async fn ask<T>(
        &self,
        verb: FakeVerb,
        act: impl FnOnce(&World) -> Result<T> + Send,
    ) -> Result<T>
    where
        T: Send,
    {
        let mut strikes = self.enter(verb);
        strikes.before().await?;
        let seen = self.look(act)?;
        strikes.after().await?;
        Ok(seen)
    }

    /// Counts a call without waking those who watch: looking at the world is no change of it.
    fn enter(&self, verb: FakeVerb) -> fault::Strikes {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.faults.enter(verb)
    }
}

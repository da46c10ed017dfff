//! A runtime in which the whole process freezes, as one does that is stopped by a signal: the thread blocks in a
//! call, so that neither the saga nor the keeper of its lease runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dokploy_core::runtime::{
    BuildRequest, ContainerRuntime, FakeMoment, FakeRuntime, FakeVerb, Image, LogSink,
    ObservedService, OwnedKind, OwnedObject, RegistryCredential, RuntimeInfo, ServiceLogLine,
    ServiceLogQuery, ServiceSpec, ServiceStats, TaskOutcome, TaskSpec,
};
use dokploy_core::{Result, Secret};
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

/// Where the process freezes, once.
#[derive(Debug, Default)]
pub(crate) struct Ice {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<(FakeVerb, bool)>,
    is_frozen: bool,
}

impl Ice {
    /// Freezes in the next call of a method, before or after its effect.
    pub(crate) fn arm(&self, verb: FakeVerb, moment: FakeMoment) {
        self.state.lock().unwrap().armed = Some((verb, moment == FakeMoment::Before));
    }

    /// Waits until the process is frozen. Blocks.
    pub(crate) fn frozen(&self) {
        let state = self.state.lock().unwrap();
        let limit = Duration::from_secs(30);
        let (state, waited) = self
            .changed
            .wait_timeout_while(state, limit, |state| !state.is_frozen)
            .unwrap();
        assert!(!waited.timed_out(), "it never froze: {state:?}");
    }

    /// Lets the process go on.
    pub(crate) fn thaw(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_frozen = false;
        self.changed.notify_all();
    }

    fn pass(&self, verb: FakeVerb, is_before: bool) {
        let mut state = self.state.lock().unwrap();
        if state.armed == Some((verb, is_before)) {
            state.armed = None;
            state.is_frozen = true;
            self.changed.notify_all();
            let limit = Duration::from_mins(1);
            drop(
                self.changed
                    .wait_timeout_while(state, limit, |state| state.is_frozen)
                    .unwrap(),
            );
        }
    }
}

/// The fake swarm, reached by a process that may freeze.
#[derive(Clone, Debug)]
pub(crate) struct FreezingRuntime {
    pub(crate) inner: FakeRuntime,
    pub(crate) ice: Arc<Ice>,
}

macro_rules! freezing {
    ($(async fn $name:ident[$verb:ident](&self $(, $arg:ident: $type:ty)*) -> $out:ty;)*) => {
        #[async_trait]
        impl ContainerRuntime for FreezingRuntime {
            $(
                async fn $name(&self $(, $arg: $type)*) -> $out {
                    self.ice.pass(FakeVerb::$verb, true);
                    let done = self.inner.$name($($arg),*).await;
                    self.ice.pass(FakeVerb::$verb, false);
                    done
                }
            )*

            fn watch_service(&self, name: &str) -> BoxStream<'static, Result<()>> {
                self.inner.watch_service(name)
            }

            fn service_logs(
                &self,
                query: &ServiceLogQuery,
            ) -> BoxStream<'static, Result<ServiceLogLine>> {
                self.inner.service_logs(query)
            }
        }
    };
}

freezing! {
    async fn info[Info](&self) -> Result<RuntimeInfo>;
    async fn ensure_swarm[EnsureSwarm](&self) -> Result<()>;
    async fn build_image[BuildImage](
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken
    ) -> Result<Image>;
    async fn find_image[FindImage](&self, reference: &str) -> Result<Option<Image>>;
    async fn pull_image[PullImage](
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>,
        cancel: &CancellationToken
    ) -> Result<Image>;
    async fn push_image[PushImage](
        &self,
        image_id: &str,
        name: &str,
        credential: Option<&RegistryCredential>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken
    ) -> Result<String>;
    async fn resolve_digest[ResolveDigest](
        &self,
        reference: &str,
        credential: Option<&RegistryCredential>
    ) -> Result<String>;
    async fn apply_service[ApplyService](
        &self,
        spec: &ServiceSpec,
        expected_version: Option<u64>,
        credential: Option<&RegistryCredential>
    ) -> Result<ObservedService>;
    async fn observe_service[ObserveService](&self, name: &str) -> Result<Option<ObservedService>>;
    async fn scale_service[ScaleService](
        &self,
        name: &str,
        replicas: u32,
        expected_version: u64
    ) -> Result<ObservedService>;
    async fn restart_service[RestartService](
        &self,
        name: &str,
        expected_version: u64
    ) -> Result<ObservedService>;
    async fn remove_service[RemoveService](&self, service: &str) -> Result<()>;
    async fn task_tail[TaskTail](&self, task_id: &str, lines: u32) -> Result<Vec<String>>;
    async fn service_stats[ServiceStats](&self, name: &str) -> Result<ServiceStats>;
    async fn run_task[RunTask](
        &self,
        spec: &TaskSpec,
        deadline: Duration,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken
    ) -> Result<TaskOutcome>;
    async fn remove_task[RemoveTask](&self, name: &str) -> Result<()>;
    async fn ensure_network[EnsureNetwork](&self, name: &str) -> Result<()>;
    async fn ensure_volume[EnsureVolume](
        &self,
        name: &str,
        labels: &BTreeMap<String, String>
    ) -> Result<()>;
    async fn ensure_secret[EnsureSecret](
        &self,
        name: &str,
        value: &Secret,
        labels: &BTreeMap<String, String>
    ) -> Result<()>;
    async fn list_owned[ListOwned](
        &self,
        kind: OwnedKind,
        labels: &BTreeMap<String, String>
    ) -> Result<Vec<OwnedObject>>;
    async fn remove_owned[RemoveOwned](&self, object: &OwnedObject) -> Result<bool>;
}

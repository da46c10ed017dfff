//! What the cases are played on: a store with a project and an application, and words for what happens to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::deployment::{DeploymentState, Event, EventKind, Failure, Reason, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{
    ApplicationId, DeploymentId, ProjectId, ReleaseId, SessionId, TeamId, TokenId, UserId, WorkerId,
};
use crate::model::{
    ApiToken, Application, ApplicationSpec, AuditEntry, AuditOutcome, Deployment, DeploymentKind,
    DeploymentRequest, DeploymentTrigger, Project, Release, Role, Scope, Session, SupersedePolicy,
    Team, User,
};
use crate::secret::SealedSecret;
use crate::store::{Append, Claim, Fence, NewDeployment, Store};

/// Long enough for every case.
pub const LEASE: Duration = Duration::from_mins(1);
/// Soon over.
pub const SHORT_LEASE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Scene {
    pub store: Arc<dyn Store>,
    pub project: Project,
    pub application: Application,
    pub worker: WorkerId,
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

/// A name that no other call gives.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub fn project() -> Project {
    Project {
        id: ProjectId::new(),
        version: 1,
        name: unique("project"),
        description: "described".to_owned(),
        owner_id: None,
        team_id: None,
        created_at: now(),
        updated_at: now(),
    }
}

pub fn application(project: ProjectId) -> Application {
    let name = unique("application");
    let mut spec = ApplicationSpec::named(&name);
    spec.image = Some("registry.example.com/app:1".to_owned());
    Application {
        id: ApplicationId::new(),
        version: 1,
        project_id: project,
        service_name: format!("{name}-service"),
        spec,
        stopped: false,
        current_release_id: None,
        webhook_secret: Some(SealedSecret {
            key_id: "first".to_owned(),
            sealed: "bm90IHJlYWxseQ==".to_owned(),
        }),
        database_id: None,
        created_at: now(),
        updated_at: now(),
    }
}

pub fn user(role: Role) -> User {
    User {
        id: UserId::new(),
        version: 1,
        username: unique("user"),
        email: None,
        role,
        disabled: false,
        created_at: now(),
        updated_at: now(),
    }
}

pub fn team() -> Team {
    Team {
        id: TeamId::new(),
        version: 1,
        name: unique("team"),
        created_at: now(),
        updated_at: now(),
    }
}

/// A session that lasts an hour.
pub fn session(user: UserId) -> Session {
    Session {
        id: SessionId::new(),
        user_id: user,
        created_at: now(),
        expires_at: now().plus(Duration::from_hours(1)),
    }
}

/// A token for everything and for ever.
pub fn token(user: UserId) -> ApiToken {
    ApiToken {
        id: TokenId::new(),
        user_id: user,
        name: unique("token"),
        scopes: BTreeSet::from([Scope::Admin]),
        project_ids: None,
        created_at: now(),
        expires_at: None,
        last_used_at: None,
    }
}

/// What an action leaves in the audit log.
pub fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        at: now(),
        actor: "system".to_owned(),
        actor_name: "test".to_owned(),
        action: action.to_owned(),
        resource: "project:1".to_owned(),
        outcome: AuditOutcome::Done,
        address: Some("192.0.2.1".to_owned()),
        request_id: None,
        detail: Some("a line for people".to_owned()),
    }
}

pub fn new_deployment(application: &Application) -> NewDeployment {
    let at = now();
    NewDeployment {
        deployment: Deployment {
            id: DeploymentId::new(),
            application_id: application.id,
            project_id: application.project_id,
            service_name: application.service_name.clone(),
            kind: DeploymentKind::Deploy,
            request: DeploymentRequest {
                title: Some("a line for people".to_owned()),
                ..DeploymentRequest::default()
            },
            spec: application.spec.clone(),
            target_release_id: None,
            state: DeploymentState::accepted(DeploymentKind::Deploy),
            created_at: at,
            updated_at: at,
        },
        accepted: EventKind::Accepted {
            kind: DeploymentKind::Deploy,
            trigger: DeploymentTrigger::Api,
            actor: None,
        },
        supersede: SupersedePolicy::Never,
        idempotency_key: None,
        queue_max: 10_000,
    }
}

pub fn release(deployment: &Deployment) -> Release {
    Release {
        id: ReleaseId::new(),
        application_id: deployment.application_id,
        deployment_id: deployment.id,
        image: "app:1a2b3c4".to_owned(),
        image_reference: "sha256:0123".to_owned(),
        build_fingerprint: Some("fingerprint".to_owned()),
        revision: None,
        spec: deployment.spec.clone(),
        created_at: now(),
        stable_at: None,
        retired_at: None,
    }
}

pub fn claimed(claim: &Claim) -> EventKind {
    EventKind::Claimed {
        worker: claim.fence.worker,
        epoch: claim.fence.epoch,
        attempt: claim.attempt,
    }
}

pub fn verified() -> [EventKind; 2] {
    let step = Step::AwaitHealthy;
    [
        EventKind::StepStarted { step },
        EventKind::StepFinished {
            step,
            output: StepOutput::Done,
        },
    ]
}

pub fn succeeded(release_id: ReleaseId) -> EventKind {
    EventKind::Succeeded {
        release_id,
        reason: Reason::Healthy,
    }
}

pub fn failed() -> EventKind {
    let error = Error::new(ErrorKind::BuildFailed, "the build failed");
    EventKind::Failed {
        reason: Reason::StepFailed,
        failure: Failure::from_error(Some(Step::BuildImage), &error),
    }
}

pub fn warned(message: &str) -> EventKind {
    EventKind::Warned {
        message: message.to_owned(),
    }
}

/// Asserts the kind of an error.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
}

impl Scene {
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let project = project();
        store.create_project(&project).await.unwrap();
        let application = application(project.id);
        store.create_application(&application).await.unwrap();
        Self {
            store,
            project,
            application,
            worker: WorkerId::new(),
        }
    }

    /// One more application in the project.
    pub async fn another_application(&self) -> Application {
        self.application_in(self.project.id).await
    }

    pub async fn application_in(&self, project: ProjectId) -> Application {
        let application = application(project);
        self.store.create_application(&application).await.unwrap();
        application
    }

    pub async fn another_project(&self) -> Project {
        let project = project();
        self.store.create_project(&project).await.unwrap();
        project
    }

    /// A deployment of the application that waits.
    pub async fn deploy(&self) -> Deployment {
        self.deploy_of(&self.application).await
    }

    pub async fn deploy_of(&self, application: &Application) -> Deployment {
        self.accept(&new_deployment(application)).await
    }

    pub async fn accept(&self, new: &NewDeployment) -> Deployment {
        let created = self.store.create_deployment(new).await.unwrap();
        assert!(!created.existed);
        created.deployment
    }

    pub async fn claim(&self) -> Claim {
        self.try_claim(LEASE).await.unwrap()
    }

    pub async fn try_claim(&self, lease: Duration) -> Option<Claim> {
        let claim = self.store.claim_next(self.worker, lease, false);
        claim.await.unwrap()
    }

    /// Claims for another worker, as soon as there is something to claim.
    pub async fn take_over(&self) -> Claim {
        let worker = WorkerId::new();
        let taken = async {
            loop {
                let claim = self.store.claim_next(worker, LEASE, true).await.unwrap();
                if let Some(claim) = claim {
                    return claim;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, taken).await.unwrap()
    }

    /// Waits until a lease is over, by asking the store itself.
    pub async fn outlast(&self, id: DeploymentId, fence: Fence) {
        let over = async {
            loop {
                let before = self.state(id).await;
                // An append of nothing asks whether the fence holds.
                let append = append(id, before, [], Some(fence));
                match self.store.append_events(&append).await {
                    Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    Err(error) => return assert_eq!(error.kind(), ErrorKind::LeaseLost),
                }
            }
        };
        tokio::time::timeout(PATIENCE, over).await.unwrap();
    }

    pub async fn state(&self, id: DeploymentId) -> DeploymentState {
        self.find(id).await.state
    }

    pub async fn find(&self, id: DeploymentId) -> Deployment {
        self.store.find_deployment(id).await.unwrap().unwrap()
    }

    pub async fn log(&self, id: DeploymentId) -> Vec<Event> {
        self.store.events(id, 0, u32::MAX).await.unwrap()
    }

    /// Appends to what is stored now.
    pub async fn append(
        &self,
        id: DeploymentId,
        events: impl Into<Vec<EventKind>>,
        fence: Option<Fence>,
    ) -> Result<DeploymentState> {
        let before = self.state(id).await;
        let append = append(id, before, events, fence);
        Ok(self.store.append_events(&append).await?.1)
    }

    /// Appends as the worker of a claim.
    pub async fn work(&self, claim: &Claim, events: impl Into<Vec<EventKind>>) {
        self.append(claim.deployment.id, events, Some(claim.fence))
            .await
            .unwrap();
    }

    /// Fails what was claimed: the shortest way to an end.
    pub async fn fail(&self, claim: &Claim) {
        self.work(claim, [claimed(claim), failed()]).await;
    }

    /// Makes a release and succeeds with it.
    pub async fn succeed(&self, claim: &Claim) -> Release {
        let release = self.make_release(claim).await;
        self.succeed_with(claim, release.id).await;
        self.store.find_release(release.id).await.unwrap().unwrap()
    }

    pub async fn make_release(&self, claim: &Claim) -> Release {
        let release = release(&claim.deployment);
        let made = self.store.create_release(&release, claim.fence);
        made.await.unwrap()
    }

    pub async fn succeed_with(&self, claim: &Claim, release: ReleaseId) {
        let id = claim.deployment.id;
        let [started, finished] = verified();
        let events = [claimed(claim), started, finished, succeeded(release)];
        let append = Append {
            promote: Some(release),
            ..append(id, self.state(id).await, events, Some(claim.fence))
        };
        self.store.append_events(&append).await.unwrap();
    }

    /// Deploys, claims and succeeds.
    pub async fn released(&self) -> Release {
        let deployment = self.deploy().await;
        let claim = self.claim().await;
        assert_eq!(claim.deployment.id, deployment.id);
        self.succeed(&claim).await
    }
}

pub fn append(
    deployment: DeploymentId,
    before: DeploymentState,
    events: impl Into<Vec<EventKind>>,
    fence: Option<Fence>,
) -> Append {
    Append {
        deployment,
        before,
        events: events.into(),
        fence,
        promote: None,
        at: now(),
    }
}

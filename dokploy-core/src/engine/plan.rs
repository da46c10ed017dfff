//! Dry run: what a deployment would do, found out by looking and never by changing.

mod changes;

use std::time::Duration;

use super::Inner;
use super::apply::baseline;
use super::fingerprint::{Fingerprint, build_fingerprint};
use super::images::Inputs;
use super::order::{Order, update_order};
use super::rollout::is_healthy;
use super::sealing::Opened;
use super::service::command_text;
use crate::deployer::{Plan, PlanAction};
use crate::error::Result;
use crate::model::{
    Application, ApplicationSpec, DeploymentRequest, PortMode, Release, Revision, Source,
    UpdateOrder,
};
use crate::runtime::{Image, ObservedService, RuntimeInfo};
use tokio_util::sync::CancellationToken;

/// What a plan rests on.
struct World {
    revision: Option<Revision>,
    fingerprint: String,
    image_name: String,
    /// The image, where it is there already.
    built: Option<Image>,
    service: Option<ObservedService>,
    current: Option<Release>,
    /// Whether somebody else has changed the service.
    drifted: bool,
    /// Whether fewer of its tasks are healthy than there should be.
    down: bool,
    info: RuntimeInfo,
}

/// Makes a plan.
pub(crate) async fn plan(
    inner: &Inner,
    application: &Application,
    request: &DeploymentRequest,
) -> Result<Plan> {
    let world = look(inner, application, request).await?;
    Ok(draw(application, request, &world))
}

async fn look(
    inner: &Inner,
    application: &Application,
    request: &DeploymentRequest,
) -> Result<World> {
    let spec = &application.spec;
    let info = inner.runtime.info().await?;
    let opened = Opened::of(&inner.keyring, application.id, spec)?;
    let source = spec.source()?;
    let (revision, fingerprint, image_name, built) = if let Source::Image { reference } = source {
        let built = inner.runtime.find_image(&reference).await?;
        let pinned = pinned(inner, spec, &reference, built.as_ref()).await?;
        (None, String::new(), pinned, built)
    } else {
        let source = inner
            .credentials()
            .source_request(application.id, spec, request)
            .await?;
        let revision = inner
            .sources
            .resolve(&source, &CancellationToken::new())
            .await?;
        let digests = opened.build_secret_digests();
        let fingerprint = build_fingerprint(application.id, &revision, spec, digests);
        let inputs = Inputs {
            application: application.id,
            spec,
            revision: &revision,
            fingerprint: &fingerprint,
        };
        let (name, built) = match inputs.find(inner).await? {
            Some(built) => (built.name, Some(built.image)),
            None => (inputs.free_name(inner).await?, None),
        };
        (Some(revision), fingerprint, name, built)
    };
    let service = inner
        .runtime
        .observe_service(&application.service_name)
        .await?;
    let current = match application.current_release_id {
        Some(id) => inner.store.find_release(id).await?,
        None => None,
    };
    let drifted = match &service {
        Some(service) => {
            baseline(inner.store.as_ref(), service).await?.as_ref() != Some(&service.spec_digest)
        }
        None => false,
    };
    let down = service.as_ref().is_some_and(|service| {
        let healthy = service.tasks.iter().filter(|task| is_healthy(task));
        healthy.count() < service.replicas as usize
    });
    Ok(World {
        revision,
        fingerprint,
        image_name,
        built,
        service,
        current,
        drifted,
        down,
        info,
    })
}

/// What a tag means now: the digest that its registry says, or the image that only this engine has.
async fn pinned(
    inner: &Inner,
    spec: &ApplicationSpec,
    reference: &str,
    local: Option<&Image>,
) -> Result<String> {
    let credential = inner.credentials().registry(spec).await?;
    let asked = inner
        .runtime
        .resolve_digest(reference, credential.as_ref())
        .await;
    match (asked, local) {
        (Ok(pinned), _) => Ok(pinned),
        (Err(_), Some(image)) => Ok(image.id.clone()),
        (Err(error), None) => Err(error),
    }
}

fn draw(application: &Application, request: &DeploymentRequest, world: &World) -> Plan {
    let spec = &application.spec;
    let mut changes = changes::of(
        world.current.as_ref().map(|release| &release.spec),
        spec,
        world.current.as_ref().map(|release| match world.revision {
            Some(_) => release.image.as_str(),
            None => release.image_reference.as_str(),
        }),
        &world.image_name,
    );
    if world.service.is_none() {
        for change in &mut changes {
            change.restarts = true;
        }
    }
    let Order { order, reason } = update_order(spec);
    let forced = request.force || world.drifted || world.down;
    let restarting = forced || changes.iter().any(|change| change.restarts);
    let action = action(application, world, forced, !changes.is_empty());
    let restarts = match action {
        PlanAction::Nothing => 0,
        _ if restarting || action != PlanAction::Update => spec.replicas,
        _ => 0,
    };
    let stops = order == UpdateOrder::StopFirst || action == PlanAction::Replace;
    let downtime = if restarts > 0 && stops && world.service.is_some() {
        expected_start(spec)
    } else {
        Duration::ZERO
    };
    Plan {
        digest: digest(application, request, world),
        action,
        revision: world.revision.as_ref().map(|revision| revision.id.clone()),
        image: world.image_name.clone(),
        build: build(spec, request, world),
        changes,
        restarts,
        order,
        order_reason: reason.to_owned(),
        downtime,
        irreversible: irreversible(spec, action),
        warnings: warnings(spec, world),
    }
}

fn action(application: &Application, world: &World, forced: bool, changed: bool) -> PlanAction {
    match &world.service {
        None => PlanAction::Create,
        Some(service)
            if service.global != (application.spec.mode == crate::model::ServiceMode::Global) =>
        {
            PlanAction::Replace
        }
        Some(_) if changed || forced || world.current.is_none() => PlanAction::Update,
        Some(_) => PlanAction::Nothing,
    }
}

/// How long a task takes to become healthy at best: one probe after the first interval.
fn expected_start(spec: &ApplicationSpec) -> Duration {
    spec.health_check
        .as_ref()
        .map_or(Duration::from_secs(1), |check| check.interval)
}

fn build(spec: &ApplicationSpec, request: &DeploymentRequest, world: &World) -> Option<String> {
    if world.revision.is_none() || world.built.is_some() && !request.force {
        return None;
    }
    let limited = spec.build_memory_limit.is_some() || spec.build_cpu_limit.is_some();
    Some(match (limited, world.info.build_kit) {
        (true, _) => "classic builder, because only it keeps the build's limits".to_owned(),
        (false, true) => "BuildKit".to_owned(),
        (false, false) => "classic builder, because the engine has no BuildKit".to_owned(),
    })
}

fn digest(application: &Application, request: &DeploymentRequest, world: &World) -> String {
    let mut fingerprint = Fingerprint::new("plan");
    fingerprint
        .part(application.id.as_uuid().as_bytes())
        .part(&application.version.to_be_bytes())
        .part(world.fingerprint.as_bytes())
        .part(world.image_name.as_bytes())
        .part(&[u8::from(request.force)]);
    let image = world.built.as_ref().map_or("", |image| image.id.as_str());
    let service = world
        .service
        .as_ref()
        .map_or("", |service| service.spec_digest.as_str());
    let current = world
        .current
        .as_ref()
        .map(|release| release.id.to_string())
        .unwrap_or_default();
    fingerprint
        .part(image.as_bytes())
        .part(service.as_bytes())
        .part(current.as_bytes());
    fingerprint.finish()
}

fn irreversible(spec: &ApplicationSpec, action: PlanAction) -> Vec<String> {
    let mut irreversible = Vec::new();
    if let Some(command) = &spec.release_command {
        irreversible.push(format!(
            "the release command runs: {}",
            command_text(command)
        ));
    }
    if action == PlanAction::Replace {
        irreversible.push(
            "the service is removed and made anew, because Swarm refuses to change its mode"
                .to_owned(),
        );
    }
    irreversible
}

fn warnings(spec: &ApplicationSpec, world: &World) -> Vec<String> {
    let mut warnings = Vec::new();
    if world.drifted {
        warnings.push(
            "somebody else has changed the service; this deployment replaces the change".to_owned(),
        );
    }
    if world.down {
        warnings.push("some replicas are not healthy now: all are started again".to_owned());
    }
    let image_checks = world
        .built
        .as_ref()
        .is_some_and(|image| image.has_health_check);
    match &spec.health_check {
        Some(check) if check.start_period.is_none() && check.interval >= Duration::from_secs(10) => {
            warnings.push(format!(
                "the first health probe runs after a whole interval of {} s: a start period with a shorter \
                 interval makes every deployment faster",
                check.interval.as_secs_f64()
            ));
        }
        None if !image_checks => warnings.push(
            "there is no health check: a task counts as healthy when it runs without a restart for the \
             monitor period"
                .to_owned(),
        ),
        _ => {}
    }
    if world.info.nodes > 1 && spec.registry.is_none() && world.revision.is_some() {
        warnings.push(format!(
            "the swarm has {} nodes and no registry is set: the image is only on the node that builds it",
            world.info.nodes
        ));
    }
    let host_port = spec.ports.iter().any(|port| port.mode == PortMode::Host);
    if host_port && spec.replicas > world.info.nodes {
        warnings.push("more replicas than nodes cannot publish the same host port".to_owned());
    }
    warnings
}

//! What on a fake engine is ours, and its clean-up.

use std::collections::BTreeMap;

use super::super::{OwnedKind, OwnedObject, label};
use super::journal::FakeEffect;
use super::service::Service;
use super::task::Task;
use super::verbs::foreign;
use super::world::{Labelled, World};
use crate::error::Result;

pub(super) fn list(
    world: &World,
    kind: OwnedKind,
    wanted: &BTreeMap<String, String>,
) -> Vec<OwnedObject> {
    let mut found = all(world, kind);
    found.retain(|object| {
        let has = |(name, value): (&String, &String)| object.labels.get(name) == Some(value);
        label::is_ours(&object.labels) && wanted.iter().all(has)
    });
    found.sort();
    found
}

fn all(world: &World, kind: OwnedKind) -> Vec<OwnedObject> {
    let object = |id: &str, name: &str, labels: &BTreeMap<String, String>| OwnedObject {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        labels: labels.clone(),
    };
    match kind {
        OwnedKind::Service => {
            let services = world
                .services
                .iter()
                .filter(|(_, service)| !service.removed);
            let services =
                services.map(|(name, service)| object(&service.id, name, &service.spec().labels));
            let one_offs = world.one_offs.all();
            services
                .chain(one_offs.map(|(name, one_off)| object(name, name, &one_off.labels)))
                .collect()
        }
        OwnedKind::Image => world
            .around
            .images
            .local()
            .map(|stored| &stored.image)
            .map(|image| {
                let name = image.tags.first().unwrap_or(&image.id);
                object(&image.id, name, &image.labels)
            })
            .collect(),
        OwnedKind::Secret | OwnedKind::Network | OwnedKind::Volume => things(world, kind)
            .iter()
            .map(|(name, thing)| object(name, name, &thing.labels))
            .collect(),
    }
}

fn things(world: &World, kind: OwnedKind) -> &BTreeMap<String, Labelled> {
    match kind {
        OwnedKind::Secret => &world.secrets,
        OwnedKind::Network => &world.networks,
        _ => &world.volumes,
    }
}

pub(super) fn remove(world: &mut World, object: &OwnedObject) -> Result<bool> {
    let present = all(world, object.kind)
        .into_iter()
        .find(|present| present.id == object.id);
    let Some(present) = present else {
        return Ok(true);
    };
    if !label::is_ours(&present.labels) {
        return Err(foreign(&present.name));
    }
    if is_in_use(world, &present) {
        return Ok(false);
    }
    match object.kind {
        OwnedKind::Service => {
            if !world.one_offs.remove(&present.name) {
                world.service_mut(&present.name)?.removed = true;
                world.touch(&present.name);
            }
        }
        OwnedKind::Image => {
            world.around.images.remove_local(&present.id);
        }
        OwnedKind::Secret => {
            world.secrets.remove(&present.name);
        }
        OwnedKind::Network => {
            world.networks.remove(&present.name);
        }
        OwnedKind::Volume => {
            world.volumes.remove(&present.name);
        }
    }
    world.journal.push(FakeEffect::Removed {
        kind: object.kind,
        name: present.name,
    });
    Ok(true)
}

fn is_in_use(world: &World, object: &OwnedObject) -> bool {
    let services = world.services.values();
    let specs = services.clone().map(Service::spec);
    let mut live_tasks = services
        .flat_map(|service| &service.tasks)
        .filter(|task| !Task::has_ended(task));
    match object.kind {
        OwnedKind::Service => false,
        OwnedKind::Image => live_tasks.any(|task| {
            let image = world.around.images.find_local(&task.template.spec.image);
            image.is_some_and(|found| found.image.id == object.id)
        }),
        OwnedKind::Secret => specs
            .flat_map(|spec| &spec.secrets)
            .any(|mount| mount.secret_name == object.name),
        OwnedKind::Network => specs
            .flat_map(|spec| &spec.networks)
            .any(|name| *name == object.name),
        OwnedKind::Volume => live_tasks
            .flat_map(|task| &task.template.spec.volumes)
            .any(|volume| volume.source == object.name),
    }
}

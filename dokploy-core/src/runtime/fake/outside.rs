//! What other people and the machine do to a fake swarm.

use super::super::{ServiceSpec, TaskState};
use super::FakeRuntime;
use super::service::Service;
use crate::error::{Error, Result};

impl FakeRuntime {
    /// Creates a service as somebody else would: labels are kept as they are, so that it is foreign without ours.
    pub fn create_outside(&self, spec: ServiceSpec) {
        self.change(|world| {
            let name = spec.name.clone();
            let id = world.around.new_id("service");
            let version = world.around.next_version();
            world
                .services
                .insert(name.clone(), Service::new(id, spec, version));
            world.touch(&name);
        });
    }

    /// Changes a service as somebody else would. `not_found` when it does not exist.
    pub fn update_outside(&self, name: &str, change: impl FnOnce(&mut ServiceSpec)) -> Result<()> {
        self.change(|world| {
            let version = world.around.next_version();
            let service = world.service_mut(name)?;
            let mut spec = service.spec().clone();
            change(&mut spec);
            service.write(spec, version);
            world.touch(name);
            Ok(())
        })
    }

    /// Lets the engine write to a service without changing its specification, whereby its version grows.
    pub fn touch_outside(&self, name: &str) -> Result<()> {
        self.change(|world| {
            let version = world.around.next_version();
            world.service_mut(name)?.version = version;
            world.touch(name);
            Ok(())
        })
    }

    /// Removes a service as somebody else would. `not_found` when it does not exist.
    pub fn remove_outside(&self, name: &str) -> Result<()> {
        self.change(|world| {
            world.service_mut(name)?.removed = true;
            world.touch(name);
            Ok(())
        })
    }

    /// Kills a container with exit code 137. `not_found` when the task does not run.
    pub fn kill_task(&self, task: &str) -> Result<()> {
        self.change(|world| {
            let now = world.now();
            let found = world.services.iter_mut().find_map(|(name, service)| {
                let task = service
                    .tasks
                    .iter_mut()
                    .find(|present| present.id == task && !present.has_ended())?;
                let state: TaskState = task.fail(137, "task: non-zero exit (137)");
                task.enter(now, state);
                Some(name.clone())
            });
            let name = found.ok_or_else(|| Error::not_found("task", task))?;
            world.touch(&name);
            Ok(())
        })
    }

    /// Removes an image from the engine and from its registry, as a clean-up by hand does.
    pub fn lose_image(&self, name: &str) {
        self.change(|world| {
            let id = world
                .around
                .images
                .find(name)
                .map(|found| found.image.id.clone());
            if let Some(id) = id {
                world.around.images.remove_local(&id);
            }
            world.around.images.remove_remote(name);
        });
    }

    /// Takes a node away: its tasks are orphaned, and Swarm starts others on the nodes that are left.
    pub fn lose_node(&self, node: &str) {
        self.change(|world| world.lose_node(node));
    }

    /// Kills and restarts the engine: containers end with exit code 137 and are started again, and a running update
    /// counts as `completed`, which is what Swarm says then whatever the truth is.
    pub fn restart_engine(&self) {
        self.change(super::world::World::restart_engine);
    }

    /// Lets every running task of a service write a line.
    pub fn write_line(&self, service: &str, text: &str) -> Result<()> {
        self.change(|world| {
            let now = world.now();
            for task in &mut world.service_mut(service)?.tasks {
                if task.is_running() {
                    task.say(now, super::super::LogStream::Stdout, text);
                }
            }
            world.touch(service);
            Ok(())
        })
    }
}

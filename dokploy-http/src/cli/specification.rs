//! Puts what was typed into the specification of an application. What was not typed stays as it is.

use dokploy_core::model::{
    ApplicationSpec, EndpointMode, EnvDelivery, EnvValue, EnvVar, FailureAction, HealthCheck,
    UpdateOrder,
};
use dokploy_core::{Error, ErrorKind, Result, Secret};

use super::arguments::{
    ApplicationArguments, Assignment, BuildArguments, Choice, EndpointChoice, FailureChoice,
    HealthArguments, OrderChoice, RolloutArguments, SecretAssignment, ServiceArguments, Setting,
};
use super::secret::SecretReader;
use super::source::NamedSource;

/// What was typed about an application, with every value at hand, so that it can be put into a specification more than
/// once: standard input can be read only once.
#[derive(Debug)]
pub struct Wanted<'a> {
    arguments: &'a ApplicationArguments,
    /// The source, where one was named.
    pub source: Option<NamedSource>,
    /// Name of the application.
    pub name: String,
    env_vars: Vec<EnvVar>,
    build_args: Vec<(String, String)>,
    build_secrets: Vec<(String, Secret)>,
}

impl<'a> Wanted<'a> {
    /// Reads what the arguments point at.
    ///
    /// # Errors
    ///
    /// `invalid_spec` that names the argument.
    pub fn read(
        arguments: &'a ApplicationArguments,
        secrets: &mut SecretReader<'_>,
    ) -> Result<Self> {
        let source = arguments
            .source
            .as_deref()
            .map(NamedSource::read)
            .transpose()?;
        let name = match (&arguments.name, &source) {
            (Some(name), _) => name.clone(),
            (None, Some(source)) => source.application_name()?,
            (None, None) => return Err(refused("a source or a --name is expected")),
        };
        let service = &arguments.service;
        let mut env_vars = Vec::new();
        for (key, value) in plain(&service.env, "--env", secrets)? {
            env_vars.push(EnvVar {
                key,
                value: EnvValue::Plain(value),
                delivery: EnvDelivery::Env,
            });
        }
        for (assignments, option, delivery) in [
            (&service.secret, "--secret", EnvDelivery::Env),
            (&service.secret_file, "--secret-file", EnvDelivery::File),
        ] {
            for (key, secret) in secret(assignments, option, secrets)? {
                env_vars.push(EnvVar {
                    key,
                    value: EnvValue::Secret { secret },
                    delivery,
                });
            }
        }
        Ok(Self {
            arguments,
            source,
            name,
            env_vars,
            build_args: plain(&arguments.build.build_arg, "--build-arg", secrets)?,
            build_secrets: secret(&arguments.build.build_secret, "--build-secret", secrets)?,
        })
    }

    /// Whether the name was typed, and not derived from the source.
    pub fn is_named(&self) -> bool {
        self.arguments.name.is_some()
    }

    /// Puts everything but credentials into a specification.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for arguments that do not fit the application.
    pub fn put_into(&self, spec: &mut ApplicationSpec) -> Result<()> {
        if let Some(source) = &self.source {
            source.put_into(spec);
        }
        self.put_git(spec)?;
        self.put_build(spec);
        self.put_environment(spec);
        put_service(&self.arguments.service, spec)?;
        put_health(&self.arguments.health, spec)?;
        put_rollout(&self.arguments.rollout, spec);
        Ok(())
    }

    fn put_git(&self, spec: &mut ApplicationSpec) -> Result<()> {
        let given = &self.arguments.credentials;
        let Some(git) = &mut spec.git_source else {
            if given.branch.is_some() || given.submodules.is_some() {
                return Err(refused(
                    "--branch and --submodules are for a git repository",
                ));
            }
            return Ok(());
        };
        if let Some(branch) = &given.branch {
            git.branch = branch.as_option();
        }
        if let Some(submodules) = given.submodules {
            git.submodules = submodules == Choice::On;
        }
        Ok(())
    }

    fn put_build(&self, spec: &mut ApplicationSpec) {
        let BuildArguments {
            dockerfile,
            context,
            target,
            registry,
            ..
        } = &self.arguments.build;
        put(&mut spec.dockerfile, dockerfile.as_ref());
        put(&mut spec.context, context.as_ref());
        put_setting(&mut spec.target, target.as_ref());
        put_setting(&mut spec.registry, registry.as_ref());
    }

    fn put_environment(&self, spec: &mut ApplicationSpec) {
        for key in &self.arguments.service.unset {
            spec.env_vars.retain(|variable| variable.key != *key);
            spec.build_args.remove(key);
            spec.build_secrets.remove(key);
        }
        for new in &self.env_vars {
            match spec
                .env_vars
                .iter_mut()
                .find(|variable| variable.key == new.key)
            {
                Some(variable) => *variable = new.clone(),
                None => spec.env_vars.push(new.clone()),
            }
        }
        spec.build_args.extend(self.build_args.iter().cloned());
        let secrets = self.build_secrets.iter().cloned();
        let secrets = secrets.map(|(id, secret)| (id, EnvValue::Secret { secret }));
        spec.build_secrets.extend(secrets);
    }
}

fn put_service(given: &ServiceArguments, spec: &mut ApplicationSpec) -> Result<()> {
    put(&mut spec.replicas, given.replicas.as_ref());
    put_list(&mut spec.ports, &given.publish, "--publish")?;
    put_list(&mut spec.volumes, &given.volume, "--volume")?;
    put_list(&mut spec.networks, &given.network, "--network")?;
    put_list(&mut spec.constraints, &given.constraint, "--constraint")?;
    put_setting(&mut spec.memory_limit, given.memory.as_ref());
    put_setting(&mut spec.cpu_limit, given.cpus.as_ref());
    put(&mut spec.stop_grace, given.stop_grace.as_ref());
    if let Some(init) = given.init {
        spec.init = init == Choice::On;
    }
    if let Some(mode) = given.endpoint_mode {
        spec.endpoint_mode = match mode {
            EndpointChoice::Vip => EndpointMode::Vip,
            EndpointChoice::Dnsrr => EndpointMode::Dnsrr,
        };
    }
    Ok(())
}

fn put_health(given: &HealthArguments, spec: &mut ApplicationSpec) -> Result<()> {
    let check = &mut spec.health_check;
    match &given.health_cmd {
        Some(Setting::None) => *check = None,
        Some(Setting::To(command)) => match check {
            Some(check) => check.command = command.clone(),
            None => *check = Some(HealthCheck::new(command.clone())),
        },
        None => {}
    }
    let timed = given.health_interval.is_some()
        || given.health_timeout.is_some()
        || given.health_retries.is_some()
        || given.health_start_period.is_some();
    match check {
        None if timed => Err(refused(
            "--health-interval and the like need a --health-cmd",
        )),
        None => Ok(()),
        Some(check) => {
            put(&mut check.interval, given.health_interval.as_ref());
            put(&mut check.timeout, given.health_timeout.as_ref());
            put(&mut check.retries, given.health_retries.as_ref());
            put_setting(&mut check.start_period, given.health_start_period.as_ref());
            Ok(())
        }
    }
}

fn put_rollout(given: &RolloutArguments, spec: &mut ApplicationSpec) {
    let update = &mut spec.update;
    put(&mut update.monitor, given.monitor.as_ref());
    put(&mut update.delay, given.update_delay.as_ref());
    put(
        &mut update.healthy_deadline,
        given.healthy_deadline.as_ref(),
    );
    if let Some(order) = given.order {
        update.order = match order {
            OrderChoice::Auto => None,
            OrderChoice::StartFirst => Some(UpdateOrder::StartFirst),
            OrderChoice::StopFirst => Some(UpdateOrder::StopFirst),
        };
    }
    if let Some(action) = given.on_failure {
        update.on_failure = match action {
            FailureChoice::Rollback => FailureAction::Rollback,
            FailureChoice::Pause => FailureAction::Pause,
        };
    }
    put_setting(&mut spec.release_command, given.release_command.as_ref());
}

fn put<T: Clone>(field: &mut T, given: Option<&T>) {
    if let Some(given) = given {
        *field = given.clone();
    }
}

fn put_setting<T: Clone>(field: &mut Option<T>, given: Option<&Setting<T>>) {
    if let Some(given) = given {
        *field = given.as_option();
    }
}

/// A list that is given replaces the one that was there.
fn put_list<T: Clone>(field: &mut Vec<T>, given: &[Setting<T>], option: &str) -> Result<()> {
    if given.is_empty() {
        return Ok(());
    }
    let values: Vec<_> = given.iter().filter_map(Setting::as_option).collect();
    if values.len() != given.len() && given.len() > 1 {
        return Err(refused(&format!(
            "{option} is given both as none and with a value"
        )));
    }
    *field = values;
    Ok(())
}

fn plain(
    assignments: &[Assignment],
    option: &str,
    secrets: &SecretReader<'_>,
) -> Result<Vec<(String, String)>> {
    let values = assignments.iter().map(|Assignment { key, value }| {
        let value = match value {
            Some(value) => value.clone(),
            None => secrets
                .variable(&format!("{option} {key}"), key)?
                .expose()
                .to_owned(),
        };
        Ok((key.clone(), value))
    });
    values.collect()
}

fn secret(
    assignments: &[SecretAssignment],
    option: &str,
    secrets: &mut SecretReader<'_>,
) -> Result<Vec<(String, Secret)>> {
    let values = assignments
        .iter()
        .map(|assignment| Ok((assignment.key.clone(), secrets.read(option, assignment)?)));
    values.collect()
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

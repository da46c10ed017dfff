//! The operations that are awaited, by the names of the table of operations: arguments in, one call of the core,
//! answer out. Ids are texts until they are parsed here, because the core says best what is wrong with one.

pub(crate) mod applications;
mod credentials;
mod databases;
pub(crate) mod deployments;
mod projects;
mod webhooks;

use std::time::Duration;

use dokploy_core::id::DeploymentId;
use dokploy_core::model::PageRequest;
use dokploy_core::{Engine, Error, ErrorKind, Result};

use crate::error::write;

/// Reads the named arguments into variables of their names. Those of an optional type may be left out, and others than
/// the named ones are refused.
macro_rules! arguments {
    ($text:expr; $($name:ident: $type:ty),* $(,)?) => {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Arguments { $($name: $type),* }
        let Arguments { $($name),* } = crate::error::read($text)?;
    };
}
pub(crate) use arguments;

/// Carries an operation out and answers what it answers, as JSON.
pub(crate) async fn run(engine: &Engine, operation: &str, text: &str) -> Result<String> {
    match operation {
        "queueStats" => queue_stats(engine).await,
        "metricsText" => write(&engine.metrics_text().await?),
        "runtimeInfo" => write(&engine.runtime_info().await?),
        "createProject" => projects::create(engine, text).await,
        "findProject" => projects::find(engine, text).await,
        "findProjectByName" => projects::find_by_name(engine, text).await,
        "listProjects" => projects::list(engine, text).await,
        "deleteProject" => projects::delete(engine, text).await,
        "createApplication" => applications::create(engine, text).await,
        "findApplication" => applications::find(engine, text).await,
        "findApplicationByName" => applications::find_by_name(engine, text).await,
        "listApplications" => applications::list(engine, text).await,
        "updateApplication" => applications::update(engine, text).await,
        "scale" => applications::scale(engine, text).await,
        "stop" => applications::stop(engine, text).await,
        "start" => applications::start(engine, text).await,
        "restart" => applications::restart(engine, text).await,
        "deleteApplication" => applications::delete(engine, text).await,
        "webhookSecret" => webhooks::secret(engine, text).await,
        "rotateWebhookSecret" => webhooks::rotate_secret(engine, text).await,
        "receiveWebhook" => webhooks::receive(engine, text).await,
        "serviceStats" => applications::stats(engine, text).await,
        "createDatabase" => databases::create(engine, text).await,
        "findDatabase" => databases::find(engine, text).await,
        "listDatabases" => databases::list(engine, text).await,
        "updateDatabase" => databases::update(engine, text).await,
        "deleteDatabase" => databases::delete(engine, text).await,
        "databaseConnection" => databases::connection(engine, text).await,
        "listReleases" => deployments::list_releases(engine, text).await,
        "findRelease" => deployments::find_release(engine, text).await,
        "deploy" => deployments::deploy(engine, text).await,
        "rollBack" => deployments::roll_back(engine, text).await,
        "plan" => deployments::plan(engine, text).await,
        "preview" => deployments::preview(engine, text).await,
        "listDeployments" => deployments::list(engine, text).await,
        "findDeployment" => deployments::find(engine, text).await,
        "get" => deployments::get(engine, text).await,
        "wait" => deployments::wait(engine, text).await,
        "cancel" => deployments::cancel(engine, text).await,
        "createCredential" => credentials::create(engine, text).await,
        "findCredential" => credentials::find(engine, text).await,
        "listCredentials" => credentials::list(engine, text).await,
        "deleteCredential" => credentials::delete(engine, text).await,
        unknown => Err(Error::new(
            ErrorKind::Unexpected,
            format!("there is no operation {unknown}"),
        )),
    }
}

async fn queue_stats(engine: &Engine) -> Result<String> {
    let stats = engine.queue_stats().await?;
    write(&serde_json::json!({
        "waiting": stats.waiting,
        "active": stats.active,
        "oldestWait": stats.oldest_wait.as_secs_f64(),
    }))
}

/// Which part of a list.
fn part(limit: Option<u32>, before: Option<&str>) -> Result<PageRequest> {
    let first = PageRequest::first();
    let place = |text: &str| {
        // Places are ids of any kind, which all have the same form.
        text.parse().map(DeploymentId::as_uuid).map_err(|_| {
            Error::invalid_field(
                "before",
                "is no place in a list: the `next` of the part before is expected",
            )
        })
    };
    Ok(PageRequest {
        limit: limit.unwrap_or(first.limit),
        before: before.map(place).transpose()?,
    })
}

/// A number of seconds.
fn seconds(field: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).map_err(|error| {
        Error::invalid_field(field, "is not a number of seconds, zero or more").with_source(error)
    })
}

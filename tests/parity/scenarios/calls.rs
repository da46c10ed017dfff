//! The operations by their names, with arguments of the wire.

use std::time::Duration;

use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::model::{ActorRef, CredentialSecret, Page, PageRequest};
use dokploy_core::store::DeploymentFilter;
use dokploy_core::{DeployRequest, Deployer, DeploymentHandle, Engine, RollbackRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads an argument; a missing one is null, which an optional argument takes for absent.
fn take<T: DeserializeOwned>(args: &Value, name: &str) -> Result<T> {
    let value = args.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Error::invalid_field(name, error.to_string()))
}

fn id<T: std::str::FromStr<Err = Error>>(args: &Value, name: &str) -> Result<T> {
    take::<String>(args, name)?.parse()
}

fn maybe_id<T: std::str::FromStr<Err = Error>>(args: &Value, name: &str) -> Result<Option<T>> {
    let text: Option<String> = take(args, name)?;
    text.map(|text| text.parse()).transpose()
}

fn value(answer: &impl Serialize) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))
}

fn page<T: Serialize>(page: &Page<T>) -> Result<Value> {
    value(&json!({"items": page.items, "next": page.next}))
}

fn handle_of(handle: &DeploymentHandle) -> Result<Value> {
    value(&json!({"id": handle.id()}))
}

fn request(args: &Value) -> Result<DeployRequest> {
    let asked: Option<Value> = take(args, "request")?;
    let asked = json!({"request": asked.unwrap_or_else(|| json!({}))});
    Ok(DeployRequest {
        request: take(&asked, "request")?,
        idempotency_key: take(args, "idempotencyKey")?,
        plan_digest: take(args, "planDigest")?,
        ..DeployRequest::of(id(args, "application")?)
    })
}

/// Calls an operation of an engine.
pub(super) async fn engine(engine: &Engine, operation: &str, args: &Value) -> Result<Value> {
    let store = engine.store();
    match operation {
        "create_project" => {
            let description: Option<String> = take(args, "description")?;
            let name: String = take(args, "name")?;
            let description = description.unwrap_or_default();
            value(&engine.create_project(&name, &description).await?)
        }
        "find_project" => value(&store.find_project(id(args, "id")?).await?),
        "find_project_by_name" => {
            let name: String = take(args, "name")?;
            value(&store.find_project_by_name(&name).await?)
        }
        "delete_project" => value(&engine.delete_project(id(args, "id")?).await?),
        "queue_stats" => {
            let stats = engine.queue_stats().await?;
            value(&json!({"waiting": stats.waiting, "active": stats.active}))
        }
        "create_credential" => {
            let secret: CredentialSecret = take(args, "secret")?;
            let (name, host): (String, String) = (take(args, "name")?, take(args, "host")?);
            let kind = take(args, "kind")?;
            value(
                &engine
                    .create_credential(kind, &name, &host, &secret)
                    .await?,
            )
        }
        "find_credential" => value(&store.find_credential(id(args, "id")?).await?),
        "list_credentials" => page(&store.list_credentials(PageRequest::first()).await?),
        "delete_credential" => value(&engine.delete_credential(id(args, "id")?).await?),
        _ => application(engine, operation, args).await,
    }
}

async fn application(engine: &Engine, operation: &str, args: &Value) -> Result<Value> {
    let store = engine.store();
    match operation {
        "create_application" => {
            let project = id(args, "project")?;
            value(
                &engine
                    .create_application(project, take(args, "spec")?)
                    .await?,
            )
        }
        "find_application" => value(&store.find_application(id(args, "id")?).await?),
        "update_application" => {
            let (version, spec) = (take(args, "version")?, take(args, "spec")?);
            value(
                &engine
                    .update_application(id(args, "id")?, version, spec)
                    .await?,
            )
        }
        "scale" => value(
            &engine
                .scale(id(args, "id")?, take(args, "replicas")?)
                .await?,
        ),
        "stop" => value(&engine.stop(id(args, "id")?).await?),
        "start" => value(&engine.start(id(args, "id")?).await?),
        "restart" => value(&engine.restart(id(args, "id")?).await?),
        "delete_application" => value(&engine.delete_application(id(args, "id")?).await?),
        "list_releases" => {
            let application = id(args, "application")?;
            page(
                &store
                    .list_releases(application, PageRequest::first())
                    .await?,
            )
        }
        _ => deployment(engine, operation, args).await,
    }
}

async fn deployment(engine: &Engine, operation: &str, args: &Value) -> Result<Value> {
    match operation {
        "deploy" => handle_of(&engine.deploy(request(args)?).await?),
        "plan" => value(&engine.plan(request(args)?).await?),
        "roll_back" => {
            let asked = RollbackRequest {
                application: id(args, "application")?,
                release: maybe_id(args, "release")?,
                actor: take::<Option<String>>(args, "actor")?.map(ActorRef),
                idempotency_key: take(args, "idempotencyKey")?,
            };
            handle_of(&engine.roll_back(asked).await?)
        }
        "list_deployments" => {
            let filter = DeploymentFilter {
                application: maybe_id(args, "application")?,
                project: maybe_id(args, "project")?,
                status: take(args, "status")?,
                ..DeploymentFilter::default()
            };
            page(&engine.deployments(&filter, PageRequest::first()).await?)
        }
        "deployment" => {
            let handle = DeploymentHandle::new(engine.deployer(), id(args, "id")?);
            handle_of(&handle)
        }
        other => Err(unknown(other)),
    }
}

/// Calls an operation of a handle.
pub(super) async fn handle(
    handle: &DeploymentHandle,
    operation: &str,
    args: &Value,
) -> Result<Value> {
    match operation {
        "get" => value(&handle.get().await?),
        "wait" => {
            let timeout = Duration::from_secs_f64(take(args, "timeout")?);
            value(&handle.wait(timeout).await?)
        }
        "cancel" => {
            let actor = take::<Option<String>>(args, "actor")?.map(ActorRef);
            value(&handle.cancel(actor).await?)
        }
        other => Err(unknown(other)),
    }
}

fn unknown(operation: &str) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("the operation {operation} is not called here yet"),
    )
}

//! The operations by their names, with arguments of the wire.

use std::time::Duration;

use dokploy_core::engine::{DatabaseChange, DatabaseLimits, NewDatabase};
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::id::DatabaseId;
use dokploy_core::model::{ActorRef, CredentialSecret, Page, PageRequest, Reach};
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

/// What is left out is kept, and null takes it away.
#[expect(
    clippy::option_option,
    reason = "a limit may be left as it is, taken away, or set"
)]
fn kept<T: DeserializeOwned>(args: &Value, name: &str) -> Result<Option<Option<T>>> {
    args.get(name).map(|_| take(args, name)).transpose()
}

fn actor(args: &Value) -> Result<Option<ActorRef>> {
    Ok(take::<Option<String>>(args, "actor")?.map(ActorRef))
}

fn value(answer: &impl Serialize) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))
}

fn page_of<T: Serialize>(page: &Page<T>) -> Result<Value> {
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
        "list_credentials" => page_of(&store.list_credentials(PageRequest::first()).await?),
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
        "create_database"
        | "find_database"
        | "list_databases"
        | "update_database"
        | "delete_database"
        | "database_connection" => database(engine, operation, args).await,
        "list_releases" => {
            let application = id(args, "application")?;
            page_of(
                &store
                    .list_releases(application, PageRequest::first())
                    .await?,
            )
        }
        _ => deployment(engine, operation, args).await,
    }
}

async fn database(engine: &Engine, operation: &str, args: &Value) -> Result<Value> {
    let store = engine.store();
    let page = PageRequest::first();
    match operation {
        "create_database" => {
            let (project, actor) = (id(args, "project")?, actor(args)?);
            let made = engine.create_database(project, new_database(args)?, actor);
            let (database, handle) = made.await?;
            value(&json!({"database": database, "deployment": {"id": handle.id()}}))
        }
        "find_database" => value(&store.find_database(&Reach::All, id(args, "id")?).await?),
        "list_databases" => {
            let project = maybe_id(args, "project")?;
            page_of(&store.list_databases(&Reach::All, project, page).await?)
        }
        "update_database" => {
            let change = DatabaseChange {
                version: take(args, "tag")?,
                image: take(args, "image")?,
                memory: kept(args, "memoryLimit")?,
                cpu: kept(args, "cpuLimit")?,
            };
            let version = take(args, "version")?;
            let updating = engine.update_database(id(args, "id")?, version, change);
            value(&updating.await?)
        }
        "delete_database" => {
            let volume: Option<String> = take(args, "volume")?;
            let deleting = engine.delete_database(id(args, "id")?, volume.as_deref());
            value(&deleting.await?)
        }
        _ => {
            let id: DatabaseId = id(args, "id")?;
            let found = store.find_database(&Reach::All, id).await?;
            let database = found.ok_or_else(|| Error::not_found("database", id))?;
            let connection = engine.database_connection(&database).await?;
            value(&json!({
                "url": connection.url.expose(),
                "host": connection.host,
                "port": connection.port,
                "username": connection.username,
                "password": connection.password.expose(),
                "database": connection.database,
            }))
        }
    }
}

fn new_database(args: &Value) -> Result<NewDatabase> {
    Ok(NewDatabase {
        name: take(args, "name")?,
        engine: take(args, "engine")?,
        version: take(args, "tag")?,
        image: take(args, "image")?,
        limits: DatabaseLimits {
            memory: take(args, "memoryLimit")?,
            cpu: take(args, "cpuLimit")?,
        },
        endpoint_mode: take::<Option<_>>(args, "endpointMode")?.unwrap_or_default(),
    })
}

async fn deployment(engine: &Engine, operation: &str, args: &Value) -> Result<Value> {
    match operation {
        "deploy" => handle_of(&engine.deploy(request(args)?).await?),
        "plan" => value(&engine.plan(request(args)?).await?),
        "roll_back" => {
            let asked = RollbackRequest {
                application: id(args, "application")?,
                release: maybe_id(args, "release")?,
                actor: actor(args)?,
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
            page_of(&engine.deployments(&filter, PageRequest::first()).await?)
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
        "cancel" => value(&handle.cancel(actor(args)?).await?),
        other => Err(unknown(other)),
    }
}

fn unknown(operation: &str) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("the operation {operation} is not called here yet"),
    )
}

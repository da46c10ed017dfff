//! The operations of an engine. Each converts, calls the core and converts.

use std::time::Duration;

use dokploy_core::error::{Error, Result};
use dokploy_core::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId};
use dokploy_core::model::{ActorRef, Application, CredentialSecret, Reach};
use dokploy_core::runtime::ServiceLogQuery;
use dokploy_core::store::{ApplicationFilter, DeploymentFilter};
use dokploy_core::{DeployRequest, Deployer, RollbackRequest};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use pyo3::prelude::*;
use serde_json::json;

use crate::call::{Call, Reply};
use crate::convert;
use crate::deployment::DeploymentHandle;
use crate::error::to_python;
use crate::options::Options;
use crate::process::{Owned, Process};
use crate::source::{PythonSink, PythonSource};
use crate::stream::Stream;

/// An engine in this process.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct Engine {
    engine: Owned<dokploy_core::Engine>,
}

impl Engine {
    pub(crate) fn new(engine: dokploy_core::Engine) -> Self {
        Self {
            engine: Owned::new(engine),
        }
    }

    /// The engine of the core.
    pub(crate) fn inner(&self, py: Python<'_>) -> PyResult<dokploy_core::Engine> {
        let engine = self.engine.get().map_err(|error| to_python(py, &error))?;
        Ok(engine.clone())
    }

    /// A call that is finished even when nobody waits for it any more.
    pub(crate) fn call<W>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(dokploy_core::Engine) -> W,
    ) -> PyResult<Call>
    where
        W: Future<Output = Result<Reply>> + Send + 'static,
    {
        Call::new(work(self.inner(py)?)).map_err(|error| to_python(py, &error))
    }
}

#[pymethods]
impl Engine {
    /// Opens an engine. `options` is JSON; `source` and `sink` are what `dokploy._parts` makes of the caller's own.
    #[staticmethod]
    fn open(
        py: Python<'_>,
        options: String,
        source: Option<Py<PyAny>>,
        sink: Option<Py<PyAny>>,
    ) -> PyResult<Call> {
        let source = source.map(PythonSource::arc);
        let sink = sink.map(PythonSink::arc);
        let work = async move {
            let options: Options = convert::shape("options", &options)?;
            let engine = dokploy_core::Engine::open(options.into_core(source, sink)?).await?;
            Process::current()?.opened(&engine);
            Ok(Reply::Engine(engine))
        };
        Call::new(work).map_err(|error| to_python(py, &error))
    }

    /// Brings the database to the form that this version needs. `options` is JSON.
    #[staticmethod]
    fn migrate(py: Python<'_>, options: String) -> PyResult<Call> {
        let work = async move {
            let options: Options = convert::shape("options", &options)?;
            dokploy_core::Engine::migrate(&options.into_core(None, None)?).await?;
            Ok(Reply::Nothing)
        };
        Call::new(work).map_err(|error| to_python(py, &error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            engine.shutdown().await;
            Process::current()?.closed(&engine);
            Ok(Reply::Nothing)
        })
    }

    #[getter]
    fn worker(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.inner(py)?.worker().to_string())
    }

    fn queue_stats(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let stats = engine.queue_stats().await?;
            convert::reply(&json!({
                "waiting": stats.waiting,
                "active": stats.active,
                "oldestWait": stats.oldest_wait.as_secs_f64(),
            }))
        })
    }

    fn metrics_text(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            Ok(Reply::Text(engine.metrics_text().await?))
        })
    }

    fn runtime_info(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.runtime_info().await?)
        })
    }

    fn create_project(&self, py: Python<'_>, name: String, description: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.create_project(&name, &description).await?)
        })
    }

    fn find_project(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.store().find_project(id.parse()?).await?)
        })
    }

    fn find_project_by_name(&self, py: Python<'_>, name: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.store().find_project_by_name(&name).await?)
        })
    }

    fn list_projects(&self, py: Python<'_>, limit: u32, before: Option<String>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let page = convert::page_request(limit, before.as_deref())?;
            convert::page(&engine.store().list_projects(&Reach::All, page).await?)
        })
    }

    fn delete_project(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            engine.delete_project(id.parse()?).await?;
            Ok(Reply::Nothing)
        })
    }

    fn create_application(&self, py: Python<'_>, project: String, spec: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let project: ProjectId = project.parse()?;
            let spec = convert::shape("spec", &spec)?;
            convert::reply(&engine.create_application(project, spec).await?)
        })
    }

    fn find_application(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.store().find_application(id.parse()?).await?)
        })
    }

    fn find_application_by_name(
        &self,
        py: Python<'_>,
        project: String,
        name: String,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let project = project.parse()?;
            let store = engine.store();
            convert::found(store.find_application_by_name(project, &name).await?)
        })
    }

    fn list_applications(
        &self,
        py: Python<'_>,
        project: Option<String>,
        limit: u32,
        before: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let page = convert::page_request(limit, before.as_deref())?;
            let filter = ApplicationFilter {
                project: convert::id(project)?,
                ..ApplicationFilter::default()
            };
            convert::page(&engine.store().list_applications(&filter, page).await?)
        })
    }

    fn update_application(
        &self,
        py: Python<'_>,
        id: String,
        version: i64,
        spec: String,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let id: ApplicationId = id.parse()?;
            let spec = convert::shape("spec", &spec)?;
            convert::reply(&engine.update_application(id, version, spec).await?)
        })
    }

    fn scale(&self, py: Python<'_>, id: String, replicas: u32) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.scale(id.parse()?, replicas).await?)
        })
    }

    fn stop(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.stop(id.parse()?).await?)
        })
    }

    fn start(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.start(id.parse()?).await?)
        })
    }

    fn restart(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            engine.restart(id.parse()?).await?;
            Ok(Reply::Nothing)
        })
    }

    fn delete_application(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            engine.delete_application(id.parse()?).await?;
            Ok(Reply::Nothing)
        })
    }

    fn service_logs(
        &self,
        py: Python<'_>,
        id: String,
        tail: Option<u32>,
        since: Option<String>,
        follow: bool,
        task: Option<String>,
    ) -> PyResult<Stream> {
        let engine = self.inner(py)?;
        let lines = async move {
            let service = service_name(&engine, &id).await?;
            let since = since.map(|since| since.parse()).transpose()?;
            let query = ServiceLogQuery {
                service,
                tail,
                since,
                follow,
                task,
            };
            Ok(engine.runtime().service_logs(&query))
        };
        Ok(Stream::new(opened_later(lines)))
    }

    fn service_stats(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let service = service_name(&engine, &id).await?;
            convert::reply(&engine.runtime().service_stats(&service).await?)
        })
    }

    fn list_releases(
        &self,
        py: Python<'_>,
        application: String,
        limit: u32,
        before: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let page = convert::page_request(limit, before.as_deref())?;
            let application = application.parse()?;
            convert::page(&engine.store().list_releases(application, page).await?)
        })
    }

    fn find_release(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.store().find_release(id.parse()?).await?)
        })
    }

    fn deploy(
        &self,
        py: Python<'_>,
        application: String,
        request: String,
        idempotency_key: Option<String>,
        plan_digest: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let request = DeployRequest {
                application: application.parse()?,
                request: convert::shape("request", &request)?,
                idempotency_key,
                plan_digest,
            };
            Ok(Reply::Handle(engine.deploy(request).await?))
        })
    }

    fn roll_back(
        &self,
        py: Python<'_>,
        application: String,
        release: Option<String>,
        actor: Option<String>,
        idempotency_key: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let request = RollbackRequest {
                application: application.parse()?,
                release: convert::id::<ReleaseId>(release)?,
                actor: actor.map(ActorRef),
                idempotency_key,
            };
            Ok(Reply::Handle(engine.roll_back(request).await?))
        })
    }

    fn plan(&self, py: Python<'_>, application: String, request: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let request = DeployRequest {
                request: convert::shape("request", &request)?,
                ..DeployRequest::of(application.parse()?)
            };
            convert::reply(&engine.plan(request).await?)
        })
    }

    fn preview(
        &self,
        py: Python<'_>,
        project: String,
        spec: String,
        request: String,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let spec = convert::shape("spec", &spec)?;
            let request = convert::shape("request", &request)?;
            convert::reply(&engine.preview(&project, spec, &request).await?)
        })
    }

    fn list_deployments(
        &self,
        py: Python<'_>,
        application: Option<String>,
        project: Option<String>,
        status: Option<String>,
        limit: u32,
        before: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let filter = DeploymentFilter {
                application: convert::id(application)?,
                project: convert::id(project)?,
                status: convert::name("status", status)?,
                ..DeploymentFilter::default()
            };
            let page = convert::page_request(limit, before.as_deref())?;
            convert::page(&engine.deployments(&filter, page).await?)
        })
    }

    fn find_deployment(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.find(id.parse()?).await?)
        })
    }

    fn deployment(&self, py: Python<'_>, id: &str) -> PyResult<DeploymentHandle> {
        let engine = self.inner(py)?;
        let id: DeploymentId = id.parse().map_err(|error| to_python(py, &error))?;
        let handle = dokploy_core::DeploymentHandle::new(engine.deployer(), id);
        Ok(DeploymentHandle::new(handle))
    }

    fn create_credential(
        &self,
        py: Python<'_>,
        kind: String,
        name: String,
        host: String,
        secret: String,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let kind = convert::word("kind", kind)?;
            let secret: CredentialSecret = convert::shape("secret", &secret)?;
            convert::reply(
                &engine
                    .create_credential(kind, &name, &host, &secret)
                    .await?,
            )
        })
    }

    fn find_credential(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::found(engine.store().find_credential(id.parse()?).await?)
        })
    }

    fn list_credentials(
        &self,
        py: Python<'_>,
        limit: u32,
        before: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let page = convert::page_request(limit, before.as_deref())?;
            convert::page(&engine.store().list_credentials(page).await?)
        })
    }

    fn delete_credential(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let id: CredentialId = id.parse()?;
            engine.delete_credential(id).await?;
            Ok(Reply::Nothing)
        })
    }
}

async fn service_name(engine: &dokploy_core::Engine, id: &str) -> Result<String> {
    Ok(application(engine, id).await?.service_name)
}

/// The application, or the error that says that there is none.
pub(crate) async fn application(engine: &dokploy_core::Engine, id: &str) -> Result<Application> {
    let id: ApplicationId = id.parse()?;
    let found = engine.store().find_application(id).await?;
    found.ok_or_else(|| Error::not_found("application", id))
}

/// A stream that has to be asked for first.
fn opened_later<T: Send + 'static>(
    opening: impl Future<Output = Result<BoxStream<'static, Result<T>>>> + Send + 'static,
) -> BoxStream<'static, Result<T>> {
    stream::once(opening)
        .flat_map(|opened| match opened {
            Ok(stream) => stream,
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        })
        .boxed()
}

/// A number of seconds that a caller gave.
pub(crate) fn duration(what: &str, seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Error::invalid_field(what, "is not a number of seconds, zero or more"))
}

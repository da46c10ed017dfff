//! A new application.

use axum::extract::{FromRequest, Request};
use dokploy_core::Error;
use dokploy_core::id::ProjectId;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::ApplicationInput;
use super::joined::joined;
use crate::server::extract::{Body, convert};
use crate::server::problem::Problem;

/// A new application: what a person says about it, and the project that it goes into.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// The project.
    pub project_id: ProjectId,
    /// What a person says about it.
    pub input: ApplicationInput,
}

/// The one field that is not the application's own.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it is only described")]
struct Place {
    /// The project that it goes into.
    project_id: ProjectId,
}

impl<S: Send + Sync> FromRequest<S> for NewApplication {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Body(mut fields) = Body::<Map<String, Value>>::from_request(request, state).await?;
        let project = fields.remove("projectId").ok_or_else(|| {
            Error::invalid_field("projectId", "is missing: the id of a project is expected")
        })?;
        let project_id = serde_json::from_value(project)
            .map_err(|error| Error::invalid_field("projectId", error.to_string()))?;
        Ok(Self {
            project_id,
            input: convert(Value::Object(fields))?,
        })
    }
}

impl PartialSchema for NewApplication {
    fn schema() -> RefOr<Schema> {
        joined(Place::schema(), ApplicationInput::schema())
    }
}

impl ToSchema for NewApplication {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewApplication".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApplicationInput::schemas(schemas);
    }
}

//! What the engine is asked to build, as it wants to be asked.

use hyper::Request as HttpRequest;
use url::form_urlencoded::Serializer;

use super::super::connect::Engine;
use super::super::messages::Messages;
use super::super::{error, registry};
use super::context::Context;
use super::failure;
use crate::error::{Error, Result};
use crate::runtime::BuildRequest;
use crate::runtime::reference::Reference;

type BollardError = bollard::errors::Error;

/// One period of the kernel's scheduler, in microseconds.
const CPU_PERIOD: i64 = 100_000;

/// A build and the engine that does it.
pub(super) struct Request<'a> {
    /// The engine.
    pub(super) engine: &'a Engine,
    /// What is to be built.
    pub(super) build: &'a BuildRequest,
    /// Name of the image.
    pub(super) name: Reference,
}

/// Which of the engine's builders.
#[derive(Clone, Copy)]
pub(super) enum Builder<'a> {
    /// `BuildKit`, with the id of its session, which is also the id under which the build is cancelled.
    BuildKit(&'a str),
    /// The classic one.
    Classic,
}

impl Request<'_> {
    /// Starts the build.
    pub(super) async fn send(&self, builder: Builder<'_>, context: &Context) -> Result<Messages> {
        let query = query(self.build, &self.name, builder);
        let mut request = HttpRequest::post(format!("/build?{query}"))
            .header("Content-Type", "application/x-tar");
        if let Builder::Classic = builder {
            let config = registry::config_header(&self.build.credentials);
            request = request.header("X-Registry-Config", config);
        }
        let request = request
            .body(context.body())
            .map_err(|error| refused(error.into(), self.build))?;
        match self.engine.answer(request).await {
            Ok(response) => Ok(Messages::new(response.into_body())),
            Err(error) => Err(refused(error, self.build)),
        }
    }
}

/// A Dockerfile that cannot be understood is refused before anything is built.
fn refused(error: BollardError, build: &BuildRequest) -> Error {
    match error {
        BollardError::DockerResponseServerError {
            status_code: 400 | 404 | 500,
            message,
        } => failure::without_step(&message, build),
        error => error::during("build_image")(error),
    }
}

fn query(build: &BuildRequest, name: &Reference, builder: Builder<'_>) -> String {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("t", &name.to_string())
        .append_pair("dockerfile", &build.dockerfile)
        .append_pair("buildargs", &json(&build.args))
        .append_pair("labels", &json(&build.labels))
        .append_pair("rm", "1")
        .append_pair("forcerm", "1");
    if let Some(target) = &build.target {
        query.append_pair("target", target);
    }
    if build.no_cache {
        query.append_pair("nocache", "1");
    }
    match builder {
        Builder::BuildKit(id) => {
            query
                .append_pair("version", "2")
                .append_pair("session", id)
                .append_pair("buildid", id);
        }
        Builder::Classic => {
            query.append_pair("version", "1");
            if let Some(limit) = build.memory_limit {
                // Both are the same number, so that swap is no way around the limit.
                query
                    .append_pair("memory", &limit.to_string())
                    .append_pair("memswap", &limit.to_string());
            }
            if let Some(limit) = build.nano_cpus {
                let quota = limit.saturating_mul(CPU_PERIOD) / 1_000_000_000;
                query
                    .append_pair("cpuperiod", &CPU_PERIOD.to_string())
                    .append_pair("cpuquota", &quota.max(1_000).to_string());
            }
        }
    }
    query.finish()
}

fn json(map: &std::collections::BTreeMap<String, String>) -> String {
    serde_json::json!(map).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;
    use crate::secret::Secret;

    fn build() -> BuildRequest {
        BuildRequest {
            image: "app:1a2b3c4".to_owned(),
            dockerfile: "deploy/Dockerfile".to_owned(),
            target: Some("web".to_owned()),
            args: BTreeMap::from([("A B".to_owned(), "x&y=z".to_owned())]),
            secrets: BTreeMap::from([("token".to_owned(), Secret::new("hunter2"))]),
            labels: BTreeMap::from([("dokploy.managed".to_owned(), "dokploy".to_owned())]),
            memory_limit: Some(64 << 20),
            nano_cpus: Some(500_000_000),
            no_cache: true,
            credentials: Vec::new(),
        }
    }

    fn asked(builder: Builder<'_>) -> HashMap<String, String> {
        let build = build();
        let name = Reference::parse(&build.image).unwrap();
        let query = query(&build, &name, builder);
        assert!(!query.contains("hunter2"), "{query}");
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    #[test]
    fn buildkit_is_asked_for_with_its_session() {
        let asked = asked(Builder::BuildKit("5e55"));
        assert_eq!(asked["version"], "2");
        assert_eq!(asked["session"], "5e55");
        assert_eq!(asked["t"], "docker.io/library/app:1a2b3c4");
        assert_eq!(asked["dockerfile"], "deploy/Dockerfile");
        assert_eq!(asked["target"], "web");
        assert_eq!(asked["buildargs"], r#"{"A B":"x&y=z"}"#);
        assert_eq!(asked["labels"], r#"{"dokploy.managed":"dokploy"}"#);
        assert_eq!(asked["nocache"], "1");
        assert!(!asked.contains_key("memory"));
    }

    #[test]
    fn the_classic_builder_is_asked_for_with_its_limits() {
        let asked = asked(Builder::Classic);
        assert_eq!(asked["version"], "1");
        assert_eq!(asked["memory"], "67108864");
        assert_eq!(asked["memswap"], "67108864");
        assert_eq!(asked["cpuperiod"], "100000");
        assert_eq!(asked["cpuquota"], "50000");
        assert!(!asked.contains_key("session"));
    }
}

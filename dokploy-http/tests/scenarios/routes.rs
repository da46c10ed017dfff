//! The table of what each operation is over HTTP.

use serde_json::{Map, Value, json};

use crate::answers::Answer;

/// How an operation is asked for. `{name}` in the path is an argument. `version` and `idempotencyKey` become headers; what
/// is left becomes the query of a GET and a DELETE, and otherwise the body.
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) asked: &'static str,
    pub(crate) answer: Answer,
}

const fn route(operation: &'static str, asked: &'static str, answer: Answer) -> Route {
    Route {
        operation,
        asked,
        answer,
    }
}

/// Every operation that HTTP has.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    route("queue_stats", "GET /api/status", Answer::Part("queue")),
    route("runtime_info", "GET /api/status", Answer::Part("engine")),
    route("metrics_text", "GET /api/metrics/prometheus", Answer::AsItIs),

    route("create_project", "POST /api/projects", Answer::AsItIs),
    route("find_project", "GET /api/projects/{id}", Answer::AsItIs),
    route("list_projects", "GET /api/projects", Answer::List),
    route("delete_project", "DELETE /api/projects/{id}", Answer::AsItIs),

    route("create_application", "POST /api/applications", Answer::Application),
    route("find_application", "GET /api/applications/{id}", Answer::Application),
    route("list_applications", "GET /api/applications", Answer::List),
    route("update_application", "PATCH /api/applications/{id}", Answer::Application),
    route("scale", "POST /api/applications/{id}/scale", Answer::Application),
    route("stop", "POST /api/applications/{id}/stop", Answer::Application),
    route("start", "POST /api/applications/{id}/start", Answer::Application),
    route("restart", "POST /api/applications/{id}/restart", Answer::Application),
    route("delete_application", "DELETE /api/applications/{id}", Answer::AsItIs),
    route("service_logs", "GET /api/applications/{id}/logs", Answer::List),
    route("service_stats", "GET /api/applications/{id}/metrics", Answer::AsItIs),

    route("webhook_secret", "GET /api/applications/{application}", Answer::Part("webhookSecret")),
    route("rotate_webhook_secret", "POST /api/applications/{id}/webhook-secret", Answer::Application),
    route("receive_webhook", "POST /api/webhooks/{provider}", Answer::AsItIs),

    route("create_database", "POST /api/databases", Answer::NewDatabase),
    route("find_database", "GET /api/databases/{id}", Answer::AsItIs),
    route("list_databases", "GET /api/databases", Answer::List),
    route("update_database", "PATCH /api/databases/{id}", Answer::AsItIs),
    route("delete_database", "DELETE /api/databases/{id}", Answer::AsItIs),
    route("database_connection", "GET /api/databases/{id}", Answer::Part("connection")),

    route("list_releases", "GET /api/applications/{application}/releases", Answer::List),
    route("deploy", "POST /api/applications/{application}/deploy", Answer::Deployment),
    route("plan", "POST /api/applications/{application}/plan", Answer::AsItIs),
    route("roll_back", "POST /api/deployments/{deployment}/rollback", Answer::Deployment),
    route("list_deployments", "GET /api/deployments", Answer::Deployments),
    route("find_deployment", "GET /api/deployments/{id}", Answer::Deployment),
    route("get", "GET /api/deployments/{deployment}", Answer::Deployment),
    route("cancel", "POST /api/deployments/{deployment}/cancel", Answer::Deployment),
    // Whoever waits reads events until the last one, and looks then.
    route("wait", "GET /api/deployments/{deployment}", Answer::Deployment),
    route("events", "GET /api/deployments/{deployment}/events", Answer::List),
    route("logs", "GET /api/deployments/{deployment}/logs", Answer::List),

    route("create_credential", "POST /api/credentials", Answer::AsItIs),
    route("find_credential", "GET /api/credentials/{id}", Answer::AsItIs),
    route("list_credentials", "GET /api/credentials", Answer::List),
    route("delete_credential", "DELETE /api/credentials/{id}", Answer::AsItIs),
];

/// Arguments that have another name over HTTP.
const NAMES: [(&str, &str); 4] = [
    ("application", "applicationId"),
    ("before", "cursor"),
    ("project", "projectId"),
    ("tag", "version"),
];

/// Arguments that HTTP does not have: who asks is who has signed in.
const NOT_ASKED: [&str; 1] = ["actor"];

/// A request that is ready to be sent.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Route {
    pub(crate) fn of(operation: &str) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.operation == operation)
    }

    /// The request for these arguments.
    pub(crate) fn request(&self, args: &Map<String, Value>) -> Request {
        let (method, pattern) = self.asked.split_once(' ').unwrap();
        let mut request = Request {
            method: method.to_owned(),
            path: pattern.to_owned(),
            ..Request::default()
        };
        let mut rest = Map::new();
        for (name, value) in args {
            let place = format!("{{{name}}}");
            match name.as_str() {
                _ if request.path.contains(&place) => {
                    request.path = request.path.replace(&place, &escaped(value));
                }
                name if NOT_ASKED.contains(&name) => {}
                "version" => request.headers.push(("if-match", text(value))),
                "idempotencyKey" => request.headers.push(("idempotency-key", text(value))),
                "spec" => rest.extend(specification(value)),
                "request" => rest.extend(value.as_object().cloned().unwrap_or_default()),
                _ => {
                    rest.insert(renamed(name).to_owned(), value.clone());
                }
            }
        }
        rest.retain(|name, _| !NOT_ASKED.contains(&name.as_str()));
        if ["GET", "DELETE"].contains(&method) {
            let pairs: Vec<_> = rest
                .iter()
                .map(|(name, value)| format!("{name}={}", escaped(value)))
                .collect();
            if !pairs.is_empty() {
                request.path = format!("{}?{}", request.path, pairs.join("&"));
            }
        } else if !rest.is_empty() {
            request.body = Some(rest.into());
        }
        request
    }
}

fn renamed(name: &str) -> &str {
    let found = NAMES.iter().find(|(here, _)| *here == name);
    found.map_or(name, |(_, there)| there)
}

/// A specification as HTTP has it: the same but for directories, which no client has on the machine of the server, and for
/// how a variable says that it is secret.
fn specification(spec: &Value) -> Map<String, Value> {
    let mut spec = spec.as_object().cloned().unwrap_or_default();
    if let Some(Value::String(directory)) = spec.remove("directory") {
        let url = format!("file://{directory}");
        spec.insert(
            "gitSource".to_owned(),
            json!({"repoUrl": url, "branch": "main"}),
        );
    }
    let variables = spec.get_mut("envVars").and_then(Value::as_array_mut);
    for variable in variables.into_iter().flatten() {
        if let Some(secret) = variable["value"].get("secret").cloned() {
            variable["value"] = secret;
            variable["secret"] = true.into();
        }
    }
    spec
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escaped(value: &Value) -> String {
    url::form_urlencoded::byte_serialize(text(value).as_bytes()).collect()
}

/// Whether two paths differ only in how they name what is in braces.
pub(crate) fn is_like(one: &str, other: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part }.to_owned())
            .collect()
    };
    parts(one) == parts(other)
}

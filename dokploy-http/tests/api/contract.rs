//! What clients were promised, written down once more: the document has it all, and what is shown has these fields.

use std::collections::BTreeSet;

use dokploy_http::server::openapi;
use serde_json::{Value, json};

use super::world::Scene;

/// Each operation, and the status of its success.
const OPERATIONS: [(&str, &str, u16); 74] = [
    ("get", "/healthz", 200),
    ("get", "/readyz", 200),
    ("get", "/api/status", 200),
    ("post", "/api/auth/register", 201),
    ("post", "/api/auth/login", 200),
    ("post", "/api/auth/logout", 204),
    ("get", "/api/auth/me", 200),
    ("post", "/api/auth/password", 200),
    ("get", "/api/auth/oidc/login", 302),
    ("get", "/api/auth/oidc/callback", 302),
    ("get", "/api/auth/tokens", 200),
    ("post", "/api/auth/tokens", 201),
    ("delete", "/api/auth/tokens/{id}", 204),
    ("get", "/api/users", 200),
    ("post", "/api/users", 201),
    ("get", "/api/users/{id}", 200),
    ("patch", "/api/users/{id}", 200),
    ("delete", "/api/users/{id}", 204),
    ("get", "/api/teams", 200),
    ("post", "/api/teams", 201),
    ("get", "/api/teams/{id}", 200),
    ("patch", "/api/teams/{id}", 200),
    ("delete", "/api/teams/{id}", 204),
    ("get", "/api/teams/{id}/members", 200),
    ("put", "/api/teams/{id}/members/{userId}", 204),
    ("delete", "/api/teams/{id}/members/{userId}", 204),
    ("get", "/api/projects", 200),
    ("post", "/api/projects", 201),
    ("get", "/api/projects/{id}", 200),
    ("patch", "/api/projects/{id}", 200),
    ("delete", "/api/projects/{id}", 204),
    ("get", "/api/applications", 200),
    ("post", "/api/applications", 201),
    ("get", "/api/applications/{id}", 200),
    ("patch", "/api/applications/{id}", 200),
    ("delete", "/api/applications/{id}", 204),
    ("post", "/api/applications/bulk", 207),
    ("post", "/api/applications/{id}/deploy", 202),
    ("post", "/api/applications/{id}/plan", 200),
    ("post", "/api/applications/{id}/stop", 200),
    ("post", "/api/applications/{id}/start", 200),
    ("post", "/api/applications/{id}/restart", 200),
    ("post", "/api/applications/{id}/scale", 200),
    ("get", "/api/applications/{id}/logs", 200),
    ("get", "/api/applications/{id}/metrics", 200),
    ("get", "/api/applications/{id}/releases", 200),
    ("get", "/api/applications/{id}/env", 200),
    ("put", "/api/applications/{id}/env", 200),
    ("post", "/api/applications/{id}/archive", 200),
    ("post", "/api/applications/{id}/webhook-secret", 200),
    ("get", "/api/deployments", 200),
    ("get", "/api/deployments/{id}", 200),
    ("post", "/api/deployments/{id}/rollback", 202),
    ("post", "/api/deployments/{id}/cancel", 202),
    ("get", "/api/deployments/{id}/logs", 200),
    ("get", "/api/deployments/{id}/events", 200),
    ("get", "/api/databases", 200),
    ("post", "/api/databases", 201),
    ("get", "/api/databases/{id}", 200),
    ("patch", "/api/databases/{id}", 200),
    ("delete", "/api/databases/{id}", 204),
    ("get", "/api/databases/{id}/backups", 501),
    ("post", "/api/databases/{id}/backups", 501),
    ("post", "/api/databases/{id}/restore", 501),
    ("get", "/api/credentials", 200),
    ("post", "/api/credentials", 201),
    ("get", "/api/credentials/{id}", 200),
    ("delete", "/api/credentials/{id}", 204),
    ("post", "/api/webhooks/{provider}", 202),
    ("get", "/api/metrics", 200),
    ("get", "/api/metrics/prometheus", 200),
    ("get", "/api/audit", 200),
    ("get", "/api/audit/verification", 200),
    ("get", "/api/ws", 101),
];

/// Fields of a shape, those that may be absent included.
const SHAPES: [(&str, &[&str]); 13] = [
    (
        "HealthCheck",
        &["command", "interval", "timeout", "retries", "startPeriod"],
    ),
    ("Port", &["target", "published", "mode"]),
    ("Volume", &["source", "target", "readOnly"]),
    ("Domain", &["host", "port", "path", "https"]),
    ("EnvVar", &["key", "value", "secret"]),
    (
        "DeploymentStep",
        &["name", "status", "startedAt", "finishedAt"],
    ),
    ("Failure", &["step", "code", "message", "hint", "evidence"]),
    (
        "Application",
        &[
            "id",
            "version",
            "projectId",
            "name",
            "serviceName",
            "status",
            "gitSource",
            "image",
            "dockerfile",
            "context",
            "target",
            "buildArgs",
            "envVars",
            "replicas",
            "ports",
            "volumes",
            "healthCheck",
            "memoryLimit",
            "cpuLimit",
            "labels",
            "domains",
            "networks",
            "endpointMode",
            "update",
            "releaseCommand",
            "autoDeploy",
            "webhookSecret",
            "lastDeployment",
            "createdAt",
            "updatedAt",
        ],
    ),
    (
        "Deployment",
        &[
            "id",
            "deploymentId",
            "applicationId",
            "kind",
            "status",
            "progress",
            "reason",
            "message",
            "failure",
            "branch",
            "commitSha",
            "commitMessage",
            "image",
            "digest",
            "releaseId",
            "trigger",
            "supersededBy",
            "attempt",
            "createdAt",
            "startedAt",
            "finishedAt",
            "steps",
        ],
    ),
    (
        "Problem",
        &[
            "type",
            "title",
            "status",
            "detail",
            "code",
            "requestId",
            "errors",
        ],
    ),
    ("Session", &["user", "token", "csrfToken", "expiresAt"]),
    (
        "GitSource",
        &[
            "repoUrl",
            "branch",
            "credentialId",
            "submodules",
            "watchPaths",
        ],
    ),
    (
        "UpdatePolicy",
        &[
            "order",
            "parallelism",
            "delay",
            "monitor",
            "onFailure",
            "progressDeadline",
        ],
    ),
];

/// The words of a shape, all of them.
const WORDS: [(&str, &[&str]); 10] = [
    (
        "ApplicationStatus",
        &["idle", "running", "deploying", "stopped", "error"],
    ),
    (
        "BulkAction",
        &["deploy", "stop", "start", "restart", "delete"],
    ),
    (
        "DatabaseEngine",
        &["postgres", "mysql", "mariadb", "mongo", "redis"],
    ),
    ("DeploymentKind", &["deploy", "rollback"]),
    ("DeploymentTrigger", &["api", "webhook", "cli", "rollback"]),
    ("EndpointMode", &["vip", "dnsrr"]),
    ("PortMode", &["host", "ingress"]),
    ("Role", &["owner", "admin", "developer", "viewer"]),
    ("Scope", &["read", "deploy", "write", "admin"]),
    (
        "Status",
        &[
            "pending",
            "cloning",
            "building",
            "pushing",
            "deploying",
            "success",
            "failed",
            "rolled_back",
            "cancelled",
            "superseded",
        ],
    ),
];

/// Parameters that lists take besides `limit` and `cursor`.
const PARAMETERS: [(&str, &str, &[&str]); 9] = [
    ("get", "/api/applications", &["projectId"]),
    ("get", "/api/databases", &["projectId"]),
    ("get", "/api/credentials", &["projectId"]),
    (
        "get",
        "/api/deployments",
        &["applicationId", "projectId", "status"],
    ),
    ("get", "/api/audit", &["actor", "action", "resource"]),
    (
        "get",
        "/api/applications/{id}/logs",
        &["tail", "since", "follow"],
    ),
    ("get", "/api/deployments/{id}/logs", &["follow"]),
    ("get", "/api/deployments/{id}/events", &["after"]),
    ("get", "/api/metrics", &["projectId"]),
];

fn document() -> Value {
    serde_json::to_value(openapi::document()).unwrap()
}

/// The names of the parameters of an operation.
fn parameters(operation: &Value) -> BTreeSet<&str> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

/// The fields of a schema, those of its parts included.
fn fields<'a>(document: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    if let Some(path) = schema["$ref"].as_str() {
        return fields(document, document.pointer(&path[1..]).unwrap());
    }
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut names: BTreeSet<_> = own.map(|(name, _)| name.as_str()).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        names.extend(fields(document, part));
    }
    names
}

#[test]
fn every_operation_that_was_promised_is_there_and_no_other() {
    let document = document();
    let promised: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let mut there = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        there.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| format!("{method} {path}")),
        );
    }
    assert_eq!(promised, there);
    for (method, path, status) in OPERATIONS {
        let responses = &document["paths"][path][method]["responses"];
        assert!(
            responses[status.to_string()].is_object(),
            "{method} {path}: {responses}"
        );
    }
}

#[test]
fn every_field_and_every_parameter_that_was_promised_is_described() {
    let document = document();
    for (name, promised) in SHAPES {
        let there = fields(&document, &document["components"]["schemas"][name]);
        let missing: Vec<_> = promised
            .iter()
            .filter(|&&field| !there.contains(field))
            .collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}: {there:?}");
    }
    for (method, path, promised) in PARAMETERS {
        let there = parameters(&document["paths"][path][method]);
        let missing: Vec<_> = promised
            .iter()
            .filter(|&&name| !there.contains(name))
            .collect();
        assert!(missing.is_empty(), "{method} {path} lacks {missing:?}");
    }
}

#[test]
fn every_word_that_was_promised_is_one_and_no_other() {
    let document = document();
    for (name, promised) in WORDS {
        let there = document["components"]["schemas"][name]["enum"]
            .as_array()
            .unwrap();
        let there: BTreeSet<_> = there.iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(there, promised.iter().copied().collect(), "{name}");
    }
}

#[test]
fn every_list_has_parts_and_every_write_that_can_race_takes_a_version() {
    let document = document();
    for (method, path, _) in OPERATIONS {
        let operation = &document["paths"][path][method];
        let body = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let is_list = body.to_string().contains("/List_");
        // Lines and events have numbers, with which one goes on.
        let by_number = ["/logs", "/events"].iter().any(|end| path.ends_with(end));
        let there = parameters(operation);
        if is_list && !by_number {
            assert!(
                there.contains("limit") && there.contains("cursor"),
                "{path}: {there:?}"
            );
        }
        if method == "patch" || path.ends_with("/env") && method == "put" {
            assert!(there.contains("If-Match"), "{method} {path}: {there:?}");
        }
        let creates =
            operation["responses"]["201"].is_object() || operation["responses"]["202"].is_object();
        let by_itself = ["/api/auth/", "/api/webhooks/", "/cancel"];
        if method == "post" && creates && !by_itself.iter().any(|part| path.contains(part)) {
            assert!(there.contains("Idempotency-Key"), "{path}: {there:?}");
        }
    }
}

#[tokio::test]
async fn every_code_of_a_problem_is_described_where_its_type_leads() {
    let document = document();
    let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let codes: BTreeSet<_> = codes
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    for code in [
        "malformed",
        "unauthenticated",
        "permission_denied",
        "not_found",
        "conflict",
        "already_exists",
        "too_large",
        "unsupported_media_type",
        "invalid_spec",
        "rate_limited",
        "unavailable",
        "unsupported",
        "unexpected",
    ] {
        assert!(codes.contains(code), "{code} is not described");
    }
    let scene = Scene::new().await;
    let page = scene.world.call("GET", "/api/docs").send().await.text;
    for code in codes {
        assert!(
            page.contains(&format!("id=\"{code}\"")),
            "the page has no place for {code}"
        );
    }
    let problem = scene.world.call("GET", "/api/nothing").send().await;
    assert_eq!(problem.json()["type"], "/api/docs#not_found");
}

#[tokio::test]
async fn what_is_shown_has_the_fields_that_it_always_has() {
    let scene = Scene::new().await;
    for (path, always) in [
        (
            "/api/applications/{id}",
            &[
                "id",
                "version",
                "projectId",
                "name",
                "serviceName",
                "status",
                "dockerfile",
                "context",
                "buildArgs",
                "envVars",
                "replicas",
                "ports",
                "volumes",
                "labels",
                "domains",
                "networks",
                "endpointMode",
                "update",
                "autoDeploy",
                "createdAt",
                "updatedAt",
            ][..],
        ),
        (
            "/api/deployments/{id}",
            &[
                "id",
                "deploymentId",
                "applicationId",
                "kind",
                "status",
                "progress",
                "trigger",
                "attempt",
                "createdAt",
                "steps",
            ],
        ),
    ] {
        let shown = scene
            .world
            .get(&scene.path(path), &scene.developer)
            .send()
            .await
            .expect(200);
        for field in always {
            assert!(shown.get(*field).is_some(), "{path} lacks {field}: {shown}");
        }
    }
    let shown = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.developer);
    let shown = shown.send().await.expect(200);
    assert_eq!(shown["dockerfile"], "Dockerfile");
    assert_eq!(shown["context"], ".");
    assert_eq!(shown["replicas"], 1);
    assert_eq!(shown["autoDeploy"], true);
    assert_eq!(shown["endpointMode"], "vip");
    assert_eq!(
        shown["envVars"][0],
        json!({"key": "PASSWORD", "secret": true, "value": null, "delivery": "env"})
    );
    // The secret of its webhooks is for who may update it.
    let seen = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.viewer);
    assert!(seen.send().await.expect(200).get("webhookSecret").is_none());
}

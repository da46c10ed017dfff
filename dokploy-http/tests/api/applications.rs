//! Applications: what goes in, what comes out, and what never does.

use serde_json::{Value, json};

use super::policy::routes;
use super::world::{SECRET, Scene};

#[tokio::test]
async fn an_application_has_every_field_that_clients_rely_on() {
    let scene = Scene::new().await;
    let body = json!({
        "projectId": scene.project, "name": "api",
        "gitSource": {"repoUrl": "https://git.example.com/api.git", "branch": "main", "submodules": true, "watchPaths": ["src/**"]},
        "dockerfile": "docker/Dockerfile", "context": "service", "target": "release", "buildArgs": {"A": "1"},
        "envVars": [{"key": "PORT", "value": "80"}, {"key": "PASSWORD", "value": SECRET, "secret": true}],
        "replicas": 3,
        "ports": [{"target": 80, "published": 8080, "mode": "host"}],
        "volumes": [{"source": "data", "target": "/data", "readOnly": true}],
        "healthCheck": {"command": "curl -f http://localhost/", "interval": 5, "timeout": 2.5, "retries": 4, "startPeriod": 10},
        "memoryLimit": 256, "cpuLimit": 0.5, "labels": {"team": "crew"},
        "domains": [{"host": "api.example.com", "port": 80, "path": "/v1", "https": true}],
        "networks": [], "endpointMode": "dnsrr",
        "update": {"order": "stop-first", "parallelism": 2, "delay": 1, "monitor": 5, "onFailure": "pause", "progressDeadline": 60},
        "releaseCommand": ["migrate"], "autoDeploy": false,
    });
    let made = scene
        .world
        .post("/api/applications", &scene.developer, &body)
        .send()
        .await;
    let shape = made.expect(201);
    assert!(!made.text.contains(SECRET), "{made:?}");
    for (field, sent) in body.as_object().unwrap() {
        if field == "envVars" {
            continue;
        }
        let returned = &shape[field];
        match sent {
            Value::Object(parts) => {
                for (name, part) in parts {
                    assert_eq!(&returned[name], part, "{field}.{name}");
                }
            }
            other if field == "ports" || field == "domains" => {
                for (name, part) in other[0].as_object().unwrap() {
                    assert_eq!(&returned[0][name], part, "{field}.{name}");
                }
            }
            other => assert_eq!(returned, other, "{field}"),
        }
    }
    assert_eq!(
        shape["envVars"],
        json!([
            {"key": "PORT", "value": "80", "secret": false, "delivery": "env"},
            {"key": "PASSWORD", "value": null, "secret": true, "delivery": "env"},
        ])
    );
    assert_eq!(shape["status"], "idle");
    assert_eq!(shape["source"], "git");
    assert_eq!(shape["version"], 1);
    assert_eq!(shape["serviceName"], "shop-api");
    assert!(
        shape["webhookSecret"]
            .as_str()
            .is_some_and(|secret| secret.len() >= 32),
        "{shape}"
    );
    for field in ["id", "createdAt", "updatedAt"] {
        assert!(shape[field].is_string(), "{field}");
    }
    let path = format!("/api/applications/{}", shape["id"].as_str().unwrap());
    let read = scene.world.get(&path, &scene.developer).send().await;
    assert_eq!(read.expect(200), shape);
    // Who may only look sees neither the webhook secret nor which secrets there are.
    let seen = scene.world.get(&path, &scene.viewer).send().await;
    let body = seen.expect(200);
    assert!(
        body["webhookSecret"].is_null() && !seen.text.contains("PASSWORD"),
        "{body}"
    );
}

#[tokio::test]
async fn an_application_that_cannot_be_one_is_refused_with_every_field() {
    let scene = Scene::new().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"projectId": scene.project, "name": "api", "image": "web:1"});
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("name", json!("Upper")), "name"),
        (with("projectId", json!("7")), "projectId"),
        (with("replicas", json!(-1)), "replicas"),
        (with("replicas", json!(100_000)), "replicas"),
        (with("ports", json!([{"target": 0}])), "ports[0].target"),
        (
            with("ports", json!([{"target": 80, "mode": "bridge"}])),
            "ports[0].mode",
        ),
        (
            with("volumes", json!([{"source": "/etc", "target": "/data"}])),
            "volumes[0].source",
        ),
        (
            with("envVars", json!([{"key": "A-B", "value": "1"}])),
            "envVars[0].key",
        ),
        (with("envVars", json!([{"key": "A"}])), "envVars[0].value"),
        (
            with("envVars", json!([{"key": "A", "secret": true}])),
            "envVars[0].value",
        ),
        (
            with("envVars", json!([{"key": "A", "value": "1", "typo": true}])),
            "envVars[0].typo",
        ),
        (
            with("healthCheck", json!({"command": "x", "interval": -1})),
            "healthCheck.interval",
        ),
        (
            with("domains", json!([{"host": "*.example.com", "port": 80}])),
            "domains[0].host",
        ),
        (with("update", json!({"order": "sideways"})), "update.order"),
        (
            with(
                "gitSource",
                json!({"repoUrl": "https://git.example.com/a.git"}),
            ),
            "gitSource",
        ),
        // What would open the machine is no field at all.
        (with("directory", json!("/etc")), "directory"),
        (with("archive", json!("/etc/passwd")), "archive"),
        (with("privileged", json!(true)), "privileged"),
        (with("capAdd", json!(["SYS_ADMIN"])), "capAdd"),
    ] {
        let answer = scene
            .world
            .post("/api/applications", &scene.developer, &body)
            .send()
            .await;
        let problem = answer.problem(422, "invalid_spec");
        let errors = problem["errors"].as_array().unwrap();
        assert!(
            errors.iter().any(|error| error["field"] == field),
            "{field}: {problem}"
        );
    }
    let missing = json!({"name": "api", "image": "web:1"});
    scene
        .world
        .post("/api/applications", &scene.developer, &missing)
        .send()
        .await
        .wrong("projectId");
}

#[tokio::test]
async fn a_change_touches_only_what_it_names() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    let before = scene
        .world
        .get(&path, &scene.developer)
        .send()
        .await
        .expect(200);
    let change = json!({"replicas": 2, "labels": {"a": "1", "b": "2"}, "update": {"monitor": 5}});
    let after = scene
        .world
        .patch(&path, &scene.developer, &change)
        .send()
        .await
        .expect(200);
    assert_eq!(after["replicas"], 2);
    assert_eq!(after["update"]["monitor"], 5);
    assert_eq!(after["update"]["delay"], before["update"]["delay"]);
    assert_eq!(
        after["envVars"], before["envVars"],
        "the secret is still there"
    );
    let change = json!({"labels": {"a": null}, "replicas": null});
    let after = scene
        .world
        .patch(&path, &scene.developer, &change)
        .send()
        .await
        .expect(200);
    assert_eq!(after["labels"], json!({"b": "2"}));
    assert_eq!(after["replicas"], 1, "null is the default");
    let renamed = scene
        .world
        .patch(&path, &scene.developer, &json!({"name": "other"}));
    renamed.send().await.wrong("name");
    let moved = scene.world.patch(
        &path,
        &scene.developer,
        &json!({"projectId": scene.project}),
    );
    moved.send().await.wrong("projectId");
}

#[tokio::test]
async fn the_environment_is_read_and_replaced_without_showing_a_secret() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/env");
    let read = scene.world.get(&path, &scene.developer).send().await;
    let tag = read.header("etag").to_owned();
    let mut env = read.expect(200);
    assert_eq!(
        env["envVars"],
        json!([{"key": "PASSWORD", "value": null, "secret": true, "delivery": "env"}])
    );
    env["envVars"].as_array_mut().unwrap().push(
        json!({"key": "TOKEN", "value": "another-secret", "secret": true, "delivery": "file"}),
    );
    let put = |body: &Value, tag: &str| {
        let call = scene
            .world
            .call("PUT", &path)
            .bearer(&scene.developer.token);
        call.json(body).header("if-match", tag)
    };
    let replaced = put(&env, &tag).send().await;
    assert!(!replaced.text.contains("another-secret"), "{replaced:?}");
    assert_eq!(replaced.expect(200)["envVars"].as_array().unwrap().len(), 2);
    put(&env, &tag).send().await.problem(409, "conflict");
    let unknown = json!({"envVars": [{"key": "NEW", "secret": true}]});
    put(&unknown, "*").send().await.problem(422, "invalid_spec");
    put(&json!({"envVars": []}), "*").send().await.expect(200);
}

#[tokio::test]
async fn a_secret_is_in_no_answer_whatever_is_asked() {
    let scene = Scene::new().await;
    for route in routes().iter().filter(|route| route.method == "GET") {
        let path = scene.path(route.path);
        let answer = scene.world.get(&path, &scene.owner).send().await;
        assert!(
            answer.status.as_u16() < 500 || answer.status == 501,
            "{path}: {answer:?}"
        );
        assert!(!answer.text.contains(SECRET), "{path}: {answer:?}");
        assert!(
            !answer.text.contains("sealed") && !answer.text.contains("keyId"),
            "{path}: {answer:?}"
        );
    }
    let planned = scene.world.post(
        &scene.path("/api/applications/{id}/plan"),
        &scene.owner,
        &json!({}),
    );
    assert!(!planned.send().await.text.contains(SECRET));
}

#[tokio::test]
async fn several_applications_get_one_answer_each() {
    let scene = Scene::new().await;
    let other = scene.world.project(&scene.stranger, "other", None).await;
    let foreign = scene.world.application(other, "web").await;
    let second = scene.world.application(scene.project, "second").await;
    let body = json!({"action": "deploy", "ids": [second, foreign]});
    let answer = scene
        .world
        .post("/api/applications/bulk", &scene.developer, &body)
        .send()
        .await;
    let results = answer.expect(207)["results"].clone();
    assert_eq!(results[0]["id"], second.to_string());
    assert_eq!(results[0]["status"], 202);
    assert!(results[0]["deploymentId"].is_string(), "{results}");
    assert_eq!(
        (results[1]["status"].as_u64(), results[1]["code"].as_str()),
        (Some(404), Some("not_found"))
    );
    for (body, field) in [
        (json!({"action": "deploy", "ids": []}), "ids"),
        (json!({"action": "explode", "ids": [second]}), "action"),
        (json!({"action": "deploy", "ids": [second, second]}), "ids"),
    ] {
        let answer = scene
            .world
            .post("/api/applications/bulk", &scene.developer, &body)
            .send()
            .await;
        answer.wrong(field);
    }
    let viewer = json!({"action": "delete", "ids": [second]});
    let answer = scene
        .world
        .post("/api/applications/bulk", &scene.viewer, &viewer)
        .send()
        .await;
    assert_eq!(answer.expect(207)["results"][0]["status"], 403);
}

#[tokio::test]
async fn an_uploaded_archive_becomes_the_source() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/archive");
    let upload = || {
        scene
            .world
            .call("POST", &path)
            .bearer(&scene.developer.token)
    };
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.tar\"\r\n\r\nbytes of an archive\r\n--b--\r\n";
    let by_form = upload()
        .header("content-type", "multipart/form-data; boundary=b")
        .bytes(form);
    let by_form = by_form.send().await.expect(200);
    assert_eq!(by_form["bytes"], 19);
    let plain = upload()
        .header("content-type", "application/octet-stream")
        .bytes("bytes of an archive");
    assert_eq!(plain.send().await.expect(200)["digest"], by_form["digest"]);
    let shape = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.developer)
        .send()
        .await;
    assert_eq!(shape.expect(200)["source"], "archive");
    assert!(
        !shape.text.contains("archives/"),
        "no path of the machine: {shape:?}"
    );
    upload().bytes("").send().await.problem(422, "invalid_spec");
    let broken = upload()
        .header("content-type", "multipart/form-data; boundary=b")
        .bytes("--b\r\n");
    assert_eq!(broken.send().await.status, 422);
    let no_boundary = upload()
        .header("content-type", "multipart/form-data")
        .bytes("x");
    no_boundary.send().await.problem(400, "malformed");
}

#[tokio::test]
async fn the_webhook_secret_is_replaced() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    let before = scene
        .world
        .get(&path, &scene.developer)
        .send()
        .await
        .expect(200);
    let rotated = scene
        .world
        .call("POST", &format!("{path}/webhook-secret"))
        .bearer(&scene.developer.token);
    let rotated = rotated.send().await.expect(200);
    assert_ne!(rotated["webhookSecret"], before["webhookSecret"]);
    let after = scene
        .world
        .get(&path, &scene.developer)
        .send()
        .await
        .expect(200);
    assert_eq!(rotated["webhookSecret"], after["webhookSecret"]);
}

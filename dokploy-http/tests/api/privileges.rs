//! What would reach out of a container, asked for by every way that there is.

use serde_json::{Value, json};

use super::world::Scene;

/// Fields and values with which an application would be more than an application.
fn greedy() -> Vec<(&'static str, Value)> {
    let volume = |source: &str| json!([{"source": source, "target": "/data"}]);
    let mut asked = vec![
        ("privileged", json!(true)),
        ("capAdd", json!(["SYS_ADMIN"])),
        ("addCapabilities", json!(["ALL"])),
        ("devices", json!(["/dev/mem"])),
        ("pid", json!("host")),
        ("pidMode", json!("host")),
        ("ipc", json!("host")),
        ("networkMode", json!("host")),
        ("usernsMode", json!("host")),
        ("securityOpt", json!(["seccomp=unconfined"])),
        ("sysctls", json!({"kernel.shm_rmid_forced": "1"})),
        (
            "mounts",
            json!([{"type": "bind", "source": "/", "target": "/host"}]),
        ),
        ("binds", json!(["/:/host"])),
        ("serviceName", json!("dokploy")),
        (
            "volumes",
            json!([{"type": "bind", "source": "data", "target": "/data"}]),
        ),
        ("volumes", json!([{"source": "data", "target": "data"}])),
        (
            "volumes",
            json!([{"source": "data", "target": "/data", "driverOpts": {"device": "/"}}]),
        ),
        ("volumes", json!([{"source": "data", "target": "/var/../"}])),
        ("networks", json!(["host"])),
        ("networks", json!(["none"])),
        ("networks", json!(["bridge"])),
        ("networks", json!(["ingress"])),
        ("networks", json!(["../host"])),
        ("dockerfile", json!("/etc/passwd")),
        ("dockerfile", json!("../Dockerfile")),
        ("context", json!("/")),
        ("context", json!("a/../../b")),
        ("labels", json!({"dokploy.managed": "dokploy"})),
        ("labels", json!({"com.docker.stack.namespace": "other"})),
        ("image", json!("--privileged")),
        ("image", json!("web:1 --privileged")),
        ("image", json!("file:///etc/passwd")),
        ("constraints", json!(["node.role == manager; rm"])),
        ("dropCapabilities", json!(["-ALL"])),
        ("command", json!(["a\u{0}b"])),
        ("user", json!("--user=root")),
        ("envVars", json!([{"key": "A=B", "value": "x"}])),
        ("envVars", json!([{"key": "A\nB", "value": "x"}])),
        ("envVars", json!([{"key": "", "value": "x"}])),
        ("envVars", json!([{"key": "A", "value": "a\u{0}b"}])),
        (
            "domains",
            json!([{"host": "a.example.com`) || Host(`b.example.com", "port": 80}]),
        ),
        ("domains", json!([{"host": "a b", "port": 80}])),
        (
            "domains",
            json!([{"host": "a.example.com", "port": 80, "path": "/a`)"}]),
        ),
    ];
    for source in [
        "/",
        "/etc",
        "/var/run/docker.sock",
        "../data",
        ".",
        "~",
        "C:\\",
        "a/b",
        "\\\\.\\pipe",
        "",
    ] {
        asked.push(("volumes", volume(source)));
    }
    asked
}

#[tokio::test]
async fn no_application_is_made_or_changed_to_reach_out_of_its_container() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    for (field, value) in greedy() {
        let mut new = json!({"projectId": scene.project, "name": "greedy", "image": "web:1"});
        new[field] = value.clone();
        let made = scene.world.post("/api/applications", &scene.owner, &new);
        made.send().await.problem(422, "invalid_spec");
        let change = scene
            .world
            .patch(&path, &scene.owner, &json!({field: value}));
        let problem = change.send().await.problem(422, "invalid_spec");
        let named = problem["errors"][0]["field"].as_str().unwrap().to_owned();
        assert!(named.starts_with(field), "{field}: {problem}");
    }
    let read = scene
        .world
        .get(&path, &scene.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(read["version"], 1, "{read}");
    let list = scene
        .world
        .get("/api/applications", &scene.owner)
        .send()
        .await;
    assert!(!list.text.contains("greedy"), "{list:?}");
}

#[tokio::test]
async fn no_other_way_in_takes_what_the_front_door_refuses() {
    let scene = Scene::new().await;
    let project = scene.project;
    let database = |field: &str, value: Value| {
        let mut body = json!({"projectId": project, "name": "greedy", "engine": "postgres"});
        body[field] = value;
        body
    };
    for (field, value) in [
        ("name", json!("../etc")),
        ("image", json!("--privileged")),
        ("version", json!("16 --privileged")),
        ("version", json!("../16")),
        ("engine", json!("docker")),
        ("volume", json!("/")),
        ("volumes", json!([{"source": "/", "target": "/host"}])),
        ("privileged", json!(true)),
    ] {
        let body = database(field, value);
        let made = scene.world.post("/api/databases", &scene.owner, &body);
        made.send().await.problem(422, "invalid_spec");
    }
    let env = scene.path("/api/applications/{id}/env");
    for key in ["A=B", "A\nB", "", "a\u{0}"] {
        let body = json!({"envVars": [{"key": key, "value": "x"}]});
        let put = scene.world.call("PUT", &env).bearer(&scene.owner.token);
        put.json(&body).send().await.problem(422, "invalid_spec");
    }
    let deploy = scene.path("/api/applications/{id}/deploy");
    for body in [
        json!({"branch": "--upload-pack=id"}),
        json!({"branch": "a..b"}),
        json!({"branch": "a\nb"}),
        json!({"commitSha": "--all"}),
        json!({"commitSha": "main"}),
        json!({"title": "a\nb"}),
        json!({"image": "other:1"}),
        json!({"volumes": []}),
    ] {
        for path in [&deploy, &scene.path("/api/applications/{id}/plan")] {
            let asked = scene.world.post(path, &scene.owner, &body).send().await;
            asked.problem(422, "invalid_spec");
        }
    }
    let scale = scene.path("/api/applications/{id}/scale");
    for replicas in [json!(-1), json!(1_000_000_000_u64), json!(1.5), json!("2")] {
        let asked = scene
            .world
            .post(&scale, &scene.owner, &json!({"replicas": replicas}));
        asked.send().await.problem(422, "invalid_spec");
    }
}

#[tokio::test]
async fn the_name_of_an_uploaded_file_is_nobodys_path() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/archive");
    for name in [
        "../../../../tmp/evil",
        "/etc/passwd",
        "a\\..\\b",
        "",
        "--checkpoint-action=exec=id",
    ] {
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nbytes\r\n--b--\r\n"
        );
        let upload = scene
            .world
            .call("POST", &path)
            .bearer(&scene.developer.token);
        let upload = upload
            .header("content-type", "multipart/form-data; boundary=b")
            .bytes(form);
        let done = upload.send().await;
        assert_eq!(done.expect(200)["bytes"], 5, "{name}");
        assert!(
            !done.text.contains("evil") && !done.text.contains("passwd"),
            "{done:?}"
        );
    }
}

#[tokio::test]
async fn a_body_is_read_as_it_is_and_never_unpacked() {
    let scene = Scene::new().await;
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        // What a bomb of a gigabyte would begin with.
        let call = scene
            .world
            .call("POST", "/api/projects")
            .bearer(&scene.developer.token);
        let answer = call
            .header("content-type", "application/json")
            .header("content-encoding", encoding)
            .bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3])
            .send()
            .await;
        answer.problem(400, "malformed");
    }
}

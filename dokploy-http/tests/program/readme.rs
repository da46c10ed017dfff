//! The walk through the API in the README, as it is written there.

use std::process::Stdio;

use dokploy_tests::environment::Environment;
use dokploy_tests::program::Program;
use tokio::process::Command;

const README: &str = include_str!("../../README.md");

/// A port of the engine's machine that no other test publishes.
const PORT: &str = "18093";

/// The block of shell commands that begins with an account.
fn walk() -> &'static str {
    let mut blocks = README.split("```sh\n").skip(1);
    let block = blocks.find(|block| block.contains("/api/auth/register"));
    block.and_then(|block| block.split("```").next()).unwrap()
}

/// The walk with another image, since none can be pulled, which serves a page as the one of the README does; with the
/// address of this server; and with an end that clears up.
fn adapted(url: &str, environment: &Environment) -> String {
    let image = format!(
        r#"\"image\": \"{}\", \"command\": [\"sh\", \"-c\", \"echo welcome >/www/index.html; exec httpd -f -p 80 -h /www\"], \"stopGrace\": 1"#,
        environment.base_image
    );
    let replaced = [
        ("http://127.0.0.1:3000", url.to_owned()),
        (r#"\"image\": \"nginx:alpine\""#, image),
        (
            "http://127.0.0.1:8080/",
            format!("http://{}:{PORT}/", environment.engine_address),
        ),
        ("8080", PORT.to_owned()),
    ];
    let mut script = walk().to_owned();
    for (written, here) in replaced {
        assert!(script.contains(written), "the README has no {written}");
        script = script.replace(written, &here);
    }
    script
        + "curl -sS -X DELETE $URL/api/applications/$APPLICATION -H \"Authorization: Bearer $TOKEN\"\n"
}

#[tokio::test]
async fn the_walk_of_the_readme_leads_to_a_running_application() {
    let Some(environment) = Environment::find() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let variables = [("DOCKER_HOST", environment.docker_host.as_str())];
    let program = env!("CARGO_BIN_EXE_dokploy");
    let mut program = Program::serve(program, directory.path(), &variables)
        .await
        .unwrap();
    let script = adapted(&program.url(), &environment);
    let mut bash = Command::new("bash");
    let walked = bash
        .args(["-euc", &script])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let walked = walked.await.unwrap();
    let said = String::from_utf8_lossy(&walked.stdout);
    assert!(walked.status.success(), "{walked:?}");
    assert!(said.contains("event: end"), "{said}");
    assert!(said.contains(r#""status":"success""#), "{said}");
    assert!(said.ends_with("welcome\n"), "{said}");
    assert!(program.stop().await.unwrap().success());
}

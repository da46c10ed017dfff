//! A data directory and a project of a test's own, and the program that is run there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dokploy_core::id::DeploymentId;
use dokploy_tests::environment::Environment;
use serde_json::Value;

use crate::repository::{Repository, wait};

/// How long anything of a test may take.
const DEADLINE: Duration = Duration::from_mins(3);

/// A place to work in. What was deployed from it is removed with it.
pub(crate) struct Place {
    directory: tempfile::TempDir,
    /// Names that nobody else has: the engine is shared.
    pub(crate) name: String,
    docker_host: String,
    engine_address: String,
    base_image: String,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) complaints: String,
}

impl Place {
    /// One with the engine of the test environment, or `None` after having said that the test is skipped.
    pub(crate) fn on_the_engine() -> Option<Self> {
        let environment = Environment::find()?;
        let mut place = Self::without_an_engine();
        place.docker_host = environment.docker_host;
        place.engine_address = environment.engine_address;
        place.base_image = environment.base_image;
        Some(place)
    }

    /// One whose engine does not answer.
    pub(crate) fn without_an_engine() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let id = DeploymentId::new().to_string();
        Self {
            name: format!("cli{}", &id[id.len() - 12..]),
            docker_host: format!("unix://{}/nothing.sock", directory.path().display()),
            directory,
            engine_address: String::new(),
            base_image: String::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The program, with nothing of the environment but what finds it and the engine.
    #[expect(clippy::disallowed_methods, reason = "the program itself is tested")]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dokploy"));
        command
            .args(arguments)
            .env_clear()
            .env("DOKPLOY_DATA_DIR", self.path().join("data"))
            .env("DOCKER_HOST", &self.docker_host)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        finish(&mut self.command(arguments))
    }

    /// Runs it and expects success.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        ended.output
    }

    /// Starts it with both outputs in files.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        let output = self.path().join(format!("output-{}", DeploymentId::new()));
        let complaints = output.with_extension("complaints");
        let child = self
            .command(arguments)
            .stdout(std::fs::File::create(&output).unwrap())
            .stderr(std::fs::File::create(&complaints).unwrap())
            .spawn()
            .unwrap();
        Started {
            child,
            output,
            complaints,
        }
    }

    /// A repository with a web application whose page is `text`.
    pub(crate) fn repository(&self, text: &str) -> Repository {
        let repository = wait(Repository::new());
        self.commit(&repository, text, SERVE);
        repository
    }

    /// Commits a version of it that runs `command`.
    pub(crate) fn commit(&self, repository: &Repository, text: &str, command: &str) {
        self.commit_dockerfile(
            repository,
            text,
            &format!("COPY index.html /www/\nCMD {command}\n"),
        );
    }

    /// Commits a version of it with these lines after the first one of its Dockerfile.
    pub(crate) fn commit_dockerfile(&self, repository: &Repository, text: &str, lines: &str) {
        repository.write("index.html", text).unwrap();
        let dockerfile = format!("FROM {}\nSTOPSIGNAL SIGKILL\n{lines}", self.base_image);
        repository.write("Dockerfile", &dockerfile).unwrap();
        wait(repository.commit(text));
    }

    /// Deploys a repository for the first time.
    pub(crate) fn deploy<'a>(&'a self, url: &'a str, more: &[&'a str]) -> Ended {
        self.run(&self.deployment(url, more))
    }

    /// The arguments of that.
    pub(crate) fn deployment<'a>(&'a self, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["deploy", url, "--name", &self.name, "--allow-file"];
        arguments.extend(["--endpoint-mode", "dnsrr", "--update-delay", "0s"]);
        if !more.contains(&"--monitor") {
            arguments.extend(["--monitor", "500ms"]);
        }
        arguments.extend(more);
        arguments
    }

    /// What `ps` says about the application.
    pub(crate) fn seen(&self) -> Value {
        let ended = self.run(&["ps", "--json"]);
        let lines: Vec<Value> = ended
            .output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines
            .into_iter()
            .find(|line| line["name"] == self.name.as_str())
            .unwrap_or_default()
    }

    /// A port of the engine's machine that is free now.
    pub(crate) fn free_port(&self) -> u16 {
        loop {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            if TcpStream::connect((self.engine_address.as_str(), port)).is_err() {
                return port;
            }
        }
    }

    /// The page that the engine's machine serves on a port.
    pub(crate) fn page(&self, port: u16) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((self.engine_address.as_str(), port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer
            .rsplit("\r\n\r\n")
            .next()
            .unwrap_or_default()
            .to_owned())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.engine_address.is_empty() {
            let ended = self.run(&["rm", &self.name]);
            let is_gone = ended.code == 0 || ended.complaints.contains("does not exist");
            assert!(is_gone || std::thread::panicking(), "{ended:?}");
        }
    }
}

/// The command of an application that serves its page.
pub(crate) const SERVE: &str = r#"["httpd", "-f", "-p", "8080", "-h", "/www"]"#;

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8(output.stdout).unwrap(),
        complaints: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A command that runs.
pub(crate) struct Started {
    child: Child,
    output: std::path::PathBuf,
    complaints: std::path::PathBuf,
}

impl Started {
    /// Waits until its output holds a text, and returns the output so far.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let latest = Instant::now() + DEADLINE;
        loop {
            let output = std::fs::read_to_string(&self.output).unwrap();
            if output.contains(text) {
                return output;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                let complaints = std::fs::read_to_string(&self.complaints).unwrap();
                panic!("ended with {status} before it said {text}: {output}{complaints}");
            }
            assert!(Instant::now() < latest, "it does not say {text}: {output}");
            pause();
        }
    }

    /// Sends a signal, as `INT`.
    #[expect(
        clippy::disallowed_methods,
        reason = "signals are sent as a person sends them"
    )]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Ended {
        let latest = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > latest {
                self.child.kill().unwrap();
            }
            pause();
        };
        Ended {
            code: status.code().unwrap_or(-1),
            output: std::fs::read_to_string(&self.output).unwrap(),
            complaints: std::fs::read_to_string(&self.complaints).unwrap(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is looked at, with a deadline"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Every line as JSON.
pub(crate) fn json_lines(output: &str) -> Vec<Value> {
    output
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

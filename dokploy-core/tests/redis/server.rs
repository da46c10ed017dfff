//! A Redis of a test's own, which it may stop, pause and empty.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use dokploy_core::cache::RedisOptions;
use tokio::process::{Child, Command};

use crate::environment;

/// A server on a port of its own that keeps nothing when it stops. It ends with the test.
pub(crate) struct Server {
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts one, or answers nothing where Redis may not be tested.
    pub(crate) async fn start() -> Option<Self> {
        environment::require("redis", "DOKPLOY_TEST_REDIS_URL")?;
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut server = Self {
            port: free.local_addr().unwrap().port(),
            process: None,
        };
        drop(free);
        server.resume().await;
        Some(server)
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions {
            url: format!("redis://127.0.0.1:{}", self.port).into(),
            prefix: "test".to_owned(),
        }
    }

    /// Starts the server again, empty.
    pub(crate) async fn resume(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .kill_on_drop(true);
        self.process = Some(command.spawn().unwrap());
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("redis does not start");
    }

    /// Ends the server as a crash does.
    pub(crate) async fn crash(&mut self) {
        self.process.take().unwrap().kill().await.unwrap();
    }

    /// The server accepts connections, and answers nothing.
    pub(crate) async fn hang(&self) {
        self.signal("-STOP").await;
        // The signal is sent, and the server may answer once more before it gets it.
        let process = self.process.as_ref().unwrap().id().unwrap();
        let stat = format!("/proc/{process}/stat");
        while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
            tokio::task::yield_now().await;
        }
    }

    /// The server goes on after [`Server::hang`].
    pub(crate) async fn go_on(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap().id().unwrap();
        let mut kill = Command::new("kill");
        let status = kill.args([signal, &process.to_string()]).status().await;
        assert!(status.unwrap().success());
    }

    /// Runs a command of Redis, and answers what it says.
    pub(crate) async fn command(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &self.port.to_string()]).args(words);
        let output = command.output().await.unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

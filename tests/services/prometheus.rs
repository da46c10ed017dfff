//! A real Prometheus that reads what a test serves, and the tool that checks the text format.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use dokploy_core::id::{ApplicationId, ProjectId};
use dokploy_core::model::{Application, ApplicationSpec};
use dokploy_core::monitor::{ApplicationMetrics, Monitor, Prometheus};
use dokploy_core::runtime::FakeRuntime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::Instant;

const PROGRAM: &str = "/usr/bin/prometheus";
/// A name that tries to end the text that it is put into.
const ODD: &str = "x\\\"} or vector(1) #";

/// Whether there is a Prometheus; says so where there is none.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests are configured by the environment, and say what they skip"
)]
fn is_there() -> bool {
    let is_there = Path::new(PROGRAM).exists();
    let required = std::env::var("DOKPLOY_TEST_REQUIRE").unwrap_or_default();
    assert!(
        is_there || !required.split(',').any(|word| word == "prometheus"),
        "there is no {PROGRAM}"
    );
    if !is_there {
        println!("skipped: there is no {PROGRAM}");
    }
    is_there
}

/// Checks a text as Prometheus' own tool does.
pub(crate) async fn check_metrics(text: &str) -> Result<()> {
    if !is_there() {
        return Ok(());
    }
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = tool.stdin.take().context("it has an input")?;
    input.write_all(text.as_bytes()).await?;
    drop(input);
    let output = tool.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && said.is_empty(), "{said}\n{text}");
    Ok(())
}

/// A server that reads a target once a second.
struct Server {
    child: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Server {
    async fn start(target: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs: [{{job_name: test, static_configs: [{{targets: ['{target}']}}]}}]\n"
        );
        let file = directory.path().join("prometheus.yml");
        tokio::fs::write(&file, config).await?;
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let child = Command::new(PROGRAM)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            child,
            url: format!("http://{address}"),
            _directory: directory,
        })
    }
}

/// Serves counters that grow evenly, from now on.
async fn serve(listener: TcpListener) {
    let begun = Instant::now();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            return;
        };
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let body = exposition(begun.elapsed().as_secs_f64());
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// Two tasks of one service, and another service that must not be counted.
fn exposition(seconds: f64) -> String {
    let counter = |name: &str, labels: &str, rate: f64| {
        format!("{name}{{{labels}}} {}\n", 1000.0 + rate * seconds)
    };
    let mut text = String::new();
    for task in ["1", "2"] {
        let own = format!("service=\"shop-web\",task=\"{task}\"");
        text += &counter("container_cpu_usage_seconds_total", &own, 0.5);
        text.extend(["container_memory_usage_bytes{", &own, "} 1000\n"]);
        text += &counter("container_network_receive_bytes_total", &own, 100.0);
        text += &counter("container_network_transmit_bytes_total", &own, 200.0);
        text += &counter("http_requests_total", &format!("{own},status=\"200\""), 8.0);
        text += &counter("http_requests_total", &format!("{own},status=\"503\""), 2.0);
    }
    text += "container_memory_usage_bytes{service=\"shop-api\",task=\"1\"} 77777\n";
    text += "container_memory_usage_bytes{service=\"x\\\\\\\"} or vector(1) #\"} 5\n";
    text
}

fn application(service: &str) -> Result<Application> {
    let now = "2026-01-01T00:00:00Z".parse()?;
    Ok(Application {
        id: ApplicationId::new(),
        version: 1,
        project_id: ProjectId::new(),
        service_name: service.to_owned(),
        spec: ApplicationSpec::named("web"),
        stopped: false,
        current_release_id: None,
        webhook_secret: None,
        database_id: None,
        created_at: now,
        updated_at: now,
    })
}

/// Whether a rate is so many times that of the processor, which is one core. A rate over five minutes of which only some
/// seconds are known is smaller than the real one, and all of them by as much.
fn is_times(value: Option<f64>, cpu: Option<f64>, times: f64) -> bool {
    let ratio = value.zip(cpu).map(|(value, cpu)| value / cpu);
    ratio.is_some_and(|ratio| (ratio - times).abs() < times * 0.2)
}

/// Asks until every rate is known: it takes a few readings.
async fn settled(monitor: &Monitor, server: &mut Server) -> Result<ApplicationMetrics> {
    let application = application("shop-web")?;
    let begun = Instant::now();
    loop {
        let metrics = monitor.application(&application).await;
        if metrics.cpu > Some(0.0) && metrics.errors > Some(0.0) {
            return Ok(metrics);
        }
        if begun.elapsed() > Duration::from_mins(1) {
            bail!(
                "{metrics:?}, and the server has ended with {:?}",
                server.child.try_wait()?
            );
        }
        // A real server reads once a second.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_says_what_the_tasks_of_a_service_use_together() -> Result<()> {
    if !is_there() {
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = listener.local_addr()?.to_string();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(serve(listener));
    let mut server = Server::start(&target).await?;
    let monitor =
        Monitor::new(Arc::new(FakeRuntime::new())).with_prometheus(Prometheus::new(&server.url)?);

    let metrics = settled(&monitor, &mut server).await?;
    ensure!(metrics.memory == Some(2000.0), "{metrics:?}");
    ensure!(
        is_times(metrics.network_rx, metrics.cpu, 200.0),
        "{metrics:?}"
    );
    ensure!(
        is_times(metrics.network_tx, metrics.cpu, 400.0),
        "{metrics:?}"
    );
    ensure!(is_times(metrics.requests, metrics.cpu, 20.0), "{metrics:?}");
    ensure!(is_times(metrics.errors, metrics.cpu, 4.0), "{metrics:?}");
    ensure!(metrics.warnings.is_empty(), "{metrics:?}");

    // Another service has only what is its own, and a name cannot leave its quotes.
    let other = monitor.application(&application("shop-api")?).await;
    ensure!(
        other.memory == Some(77_777.0) && other.cpu.is_none(),
        "{other:?}"
    );
    let odd = monitor.application(&application(ODD)?).await;
    ensure!(
        odd.memory == Some(5.0) && odd.warnings.is_empty(),
        "{odd:?}"
    );

    let applications = vec![application("shop-web")?, application("shop-api")?];
    let project = ProjectId::new();
    let total = monitor.project(project, applications).await;
    ensure!((total.total_memory - 79_777.0).abs() < 0.5, "{total:?}");
    let (network, cpu) = (Some(total.total_network), Some(total.total_cpu));
    ensure!(is_times(network, cpu, 600.0), "{total:?}");

    // One that is away leaves a gap and a word about it.
    server.child.kill().await?;
    let gap = monitor.application(&application("shop-web")?).await;
    ensure!(gap.memory.is_none() && gap.warnings.len() == 1, "{gap:?}");
    Ok(())
}

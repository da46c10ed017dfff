//! The server as a process: how soon it answers, what it weighs, and how fast it is beside a bare handler.
//!
//! This program is the client. It starts itself once more as the server, and as the baseline.

#[path = "server/bare.rs"]
mod bare;
#[path = "server/client.rs"]
mod client;
#[path = "server/events.rs"]
mod events;
#[path = "server/installation.rs"]
mod installation;
#[path = "server/load.rs"]
mod load;
#[path = "server/process.rs"]
mod process;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_tests::environment::Environment;
use hyper::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::client::{Client, field};
use crate::events::Socket;
use crate::installation::Installation;
use crate::load::Latencies;
use crate::process::Server;

const STARTS: usize = 10;
const APPLICATIONS: usize = 50;
const CONNECTIONS: u32 = 32;
/// Each of them asks once in this time: a thousand requests a second.
const PACE: Duration = Duration::from_millis(32);
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const SOCKETS: usize = 1_000;
/// Accounts that share the sockets, because each may have only so many.
const SOCKET_OWNERS: usize = 20;
const QUEUED: usize = 10_000;
const ACCEPTED: usize = 500;
const EVENTS: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["serve"] {
        return dokploy_http::cli::main();
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = match arguments[..] {
        ["bare", database, body] => runtime.block_on(bare::serve(database, body)),
        _ => runtime.block_on(measure()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("{error:?}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench shows what it measured")]
fn report(line: &str) {
    println!("{line}");
}

async fn measure() -> Result<()> {
    starts().await?;
    memory().await?;
    lists().await?;
    acceptance().await?;
    events().await
}

/// A server with an SQLite file of its own, and no container engine.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    async fn start(&self, others: &[(&str, &str)]) -> Result<Server> {
        Server::start(&["serve"], &self.variables(others)).await
    }

    fn variables<'a>(&'a self, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let directory = self.0.path().to_str().unwrap_or_default();
        let mut variables = vec![
            ("DOKPLOY_LISTEN", "127.0.0.1:0"),
            ("DOKPLOY_DATA_DIR", directory),
            ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
            // The bench asks for more than one person does.
            ("DOKPLOY_RATE_LIMIT", "600000/min"),
        ];
        variables.extend(others);
        variables
    }
}

async fn starts() -> Result<()> {
    let place = Place::new()?;
    let first = Server::start_time(&place.variables(&[])).await?;
    let mut others = Latencies::default();
    for _ in 0..STARTS {
        others.add(Server::start_time(&place.variables(&[])).await?);
    }
    let median = others.quantile(0.5);
    report(&format!(
        "start to first answer: {first:?} on an empty directory, {median:?} later"
    ));
    Ok(())
}

async fn memory() -> Result<()> {
    let place = Place::new()?;
    let server = place.start(&[]).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    report(&format!("idle memory: {}", mebibytes(server.memory()?)));

    let installation = Installation::on(&server, 1).await?;
    let mut owner = Client::connect(server.address, Some(&installation.token)).await?;
    let topic = format!("application:{}", installation.applications[0]);
    let mut sockets = Vec::new();
    for number in 0..SOCKET_OWNERS {
        let account = json!({"username": format!("viewer-{number}"), "password": "a long pass phrase of the bench", "role": "admin"});
        owner.post("/api/users", &account).await?;
        let mut client = Client::connect(server.address, None).await?;
        let login = json!({"username": account["username"], "password": account["password"]});
        let token = field(&client.post("/api/auth/login", &login).await?, "token")?;
        for _ in 0..SOCKETS / SOCKET_OWNERS {
            sockets.push(Socket::watch(server.address, &token, &topic).await?);
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    report(&format!(
        "memory with {} sockets: {}",
        sockets.len(),
        mebibytes(server.memory()?)
    ));
    Ok(())
}

async fn lists() -> Result<()> {
    const PATH: &str = "/api/applications?limit=50";
    let place = Place::new()?;
    let server = place.start(&[]).await?;
    let installation = Installation::on(&server, APPLICATIONS).await?;
    let token = &installation.token;
    let mut client = Client::connect(server.address, Some(token)).await?;
    for application in &installation.applications {
        let path = format!("/api/applications/{application}/deploy");
        client.post(&path, &json!({})).await?;
    }
    let answer = client.request(Method::GET, PATH, None).await?;
    std::fs::write(place.path("body"), &answer.body)?;
    let (database, body) = (place.path("dokploy.db"), place.path("body"));
    let bare = Server::start(&["bare", &database, &body], &[]).await?;

    // In turns, so that what else the machine does meets both.
    let (mut subject, mut baseline) = (Latencies::default(), Latencies::default());
    let (mut paced, mut paced_baseline) = (Latencies::default(), Latencies::default());
    for _ in 0..ROUNDS {
        for (address, flat_out, at_a_pace) in [
            (server.address, &mut subject, &mut paced),
            (bare.address, &mut baseline, &mut paced_baseline),
        ] {
            let load =
                async |every| load::get(address, PATH, token, CONNECTIONS, ROUND, every).await;
            flat_out.join(load(None).await?);
            at_a_pace.join(load(Some(PACE)).await?);
        }
    }
    let seconds = ROUND.as_secs_f64() * f64::from(u32::try_from(ROUNDS)?);
    let rate =
        |latencies: &Latencies| anyhow::Ok(f64::from(u32::try_from(latencies.count())?) / seconds);
    let (ours, theirs) = (rate(&subject)?, rate(&baseline)?);
    report(&format!(
        "list of {APPLICATIONS} ({} bytes), {CONNECTIONS} connections: {ours:.0} a second, p99 {:?}; \
         bare handler {theirs:.0} a second, p99 {:?}; ratio {:.2}",
        answer.body.len(),
        subject.quantile(0.99),
        baseline.quantile(0.99),
        ours / theirs,
    ));
    report(&format!(
        "the same with {:.0} a second: p99 {:?}; bare handler {:?}",
        rate(&paced)?,
        paced.quantile(0.99),
        paced_baseline.quantile(0.99),
    ));
    Ok(())
}

async fn acceptance() -> Result<()> {
    let place = Place::new()?;
    let server = place.start(&[]).await?;
    let installation = Installation::on(&server, QUEUED + ACCEPTED).await?;
    let mut client = Client::connect(server.address, Some(&installation.token)).await?;
    let mut accept = async |application: &String| {
        let path = format!("/api/applications/{application}/deploy");
        let asked = Instant::now();
        client.post(&path, &json!({})).await?;
        anyhow::Ok(asked.elapsed())
    };
    let (queued, measured) = installation.applications.split_at(QUEUED);
    for application in queued {
        accept(application).await?;
    }
    let mut latencies = Latencies::default();
    for application in measured {
        latencies.add(accept(application).await?);
    }
    report(&format!(
        "202 with {QUEUED} queued: median {:?}, p99 {:?}",
        latencies.quantile(0.5),
        latencies.quantile(0.99),
    ));
    Ok(())
}

/// From the sending of a request to one server until its event is at a socket of another one.
async fn events() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let database = TemporaryPostgres::create(&environment.postgres_url).await?;
    let (place, other) = (Place::new()?, Place::new()?);
    let key = std::fs::read_to_string({
        // The first server makes the key that both have.
        drop(place.start(&[]).await?);
        place.path("secret.key")
    })?;
    let shared = [
        ("DATABASE_URL", database.url()),
        ("REDIS_URL", environment.redis_url.as_str()),
        ("DOKPLOY_SECRET_KEY", key.trim()),
    ];
    let (near, far) = (place.start(&shared).await?, other.start(&shared).await?);
    let installation = Installation::on(&near, EVENTS).await?;
    let topic = format!("project:{}", installation.project);
    let socket = Socket::watch(far.address, &installation.token, &topic).await?;
    let arrivals = tokio::task::JoinSet::from_iter([socket.arrivals(EVENTS)]);
    let mut client = Client::connect(near.address, Some(&installation.token)).await?;
    let mut asked = Vec::new();
    for application in &installation.applications {
        let now = Instant::now();
        let path = format!("/api/applications/{application}/deploy");
        let deployment = client.post(&path, &json!({})).await?;
        asked.push((field(&deployment, "id")?, now));
    }
    let mut latencies = Latencies::default();
    for arrivals in arrivals.join_all().await {
        let arrivals = arrivals?;
        for (id, asked) in &asked {
            latencies.add(arrivals[id] - *asked);
        }
    }
    report(&format!(
        "from a request at one server to its event at a socket of another: median {:?}, p99 {:?}",
        latencies.quantile(0.5),
        latencies.quantile(0.99),
    ));
    Ok(())
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

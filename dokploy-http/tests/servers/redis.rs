//! Redis is lost, hangs, is emptied and comes back, while people use the servers.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::api::{Answer, Api, text};
use crate::client::Client;
use crate::installation::{Installation, Shop, is_ready, register, works};
use crate::ledger::check_services;
use crate::load::Load;
use crate::server::Server;

/// Longest that anything may take, whatever Redis does.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// How long an open socket may outlive its session while servers hear nothing of each other.
const CUT_WITHIN: Duration = Duration::from_secs(15);

const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_redis_does_no_deployment_is_lost_and_no_door_opens() -> Result<()> {
    let Some(mut installation) = Installation::new().await? else {
        return Ok(());
    };
    let servers = [
        installation.server("one").await?,
        installation.server("two").await?,
    ];
    let shop = installation.shop(&servers[0], 6).await?;
    let mut load = Load::start(&shop, &[servers[0].address, servers[1].address]);
    load.goes_on(10).await?;
    works(&servers[0], 1).await?;
    let mut revoked = vec![signed_out(&shop, &servers).await?];

    installation.redis.crash().await?;
    revoked.push(goes_on_without(&mut load, &shop, &servers).await?);
    installation.redis.resume().await?;
    all_ready(&servers).await?;

    installation.redis.hang().await?;
    revoked.push(goes_on_without(&mut load, &shop, &servers).await?);
    installation.redis.go_on().await?;
    all_ready(&servers).await?;

    installation.redis.command(&["FLUSHALL"]).await?;
    installation.redis.command(&["SCRIPT", "FLUSH"]).await?;
    load.goes_on(10).await?;
    stays_out(&revoked, &servers).await?;

    let ledger = load.finish().await?;
    ensure!(
        ledger.away + ledger.unanswered == 0,
        "an order was refused: {ledger:?}"
    );
    ensure!(ledger.slowest < ANSWER_MAX, "an order was slow: {ledger:?}");
    let histories = ledger.settle(&shop, &shop.owner).await?;
    for history in &histories {
        ensure!(
            history.succeeded() || history.was_superseded(),
            "{history:#?}"
        );
        ensure!(history.claims() < 2, "a worker was lost: {history:#?}");
    }
    check_services(&shop, &shop.owner, &installation.environment).await?;
    shop.close(&servers[0]).await
}

/// Checks that everything goes on while Redis is away. Returns a session that has ended meanwhile.
async fn goes_on_without(load: &mut Load, shop: &Shop, servers: &[Server; 2]) -> Result<Api> {
    let expected = json!({"status": "degraded", "store": "up", "engine": "up", "redis": "down"});
    for server in servers {
        let owner = shop.owner.at(server.address);
        let ready = soon(owner.get("/readyz").await?)?.expect(200)?;
        ensure!(ready == expected, "{ready}");
        soon(owner.get("/healthz").await?)?.expect(200)?;
        for path in ["/api/applications", "/api/status", "/api/deployments"] {
            soon(owner.get(path).await?)?.expect(200)?;
        }
    }
    load.goes_on(10).await?;
    signed_out(shop, servers).await
}

fn soon(answer: Answer) -> Result<Answer> {
    ensure!(answer.took < ANSWER_MAX, "it took long: {answer:?}");
    Ok(answer)
}

/// Signs in at one server, watches at the other one, and signs out at the first: the session is dead at both, the
/// socket included.
async fn signed_out(shop: &Shop, servers: &[Server; 2]) -> Result<Api> {
    let near = Api::new(servers[0].address)?;
    let account = json!({"username": "owner", "password": PASSWORD});
    let session = near.post("/api/auth/login", &account).await?.expect(200)?;
    let near = near.with(&text(&session["token"])?);
    let far = near.at(servers[1].address);
    for api in [&near, &far] {
        soon(api.get("/api/auth/me").await?)?.expect(200)?;
    }
    let mut socket = Client::open(far.address, &far.token).await;
    let topic = format!("project:{}", shop.project);
    socket.watch(&topic, 0).await;
    soon(near.post("/api/auth/logout", &json!({})).await?)?.expect(204)?;
    stays_out(std::slice::from_ref(&near), servers).await?;
    let closed = async { while socket.try_next().await.is_ok() {} };
    ensure!(
        tokio::time::timeout(CUT_WITHIN, closed).await.is_ok(),
        "the socket outlives its session"
    );
    Ok(near)
}

async fn all_ready(servers: &[Server; 2]) -> Result<()> {
    for server in servers {
        is_ready(server).await?;
    }
    Ok(())
}

/// Checks that sessions which have ended are dead at every server.
async fn stays_out(sessions: &[Api], servers: &[Server; 2]) -> Result<()> {
    for session in sessions {
        for server in servers {
            let answer = session.at(server.address).get("/api/auth/me").await?;
            soon(answer)?.expect(401)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_used_up_stays_so_when_redis_is_lost_or_emptied() -> Result<()> {
    let Some(mut installation) = Installation::new().await? else {
        return Ok(());
    };
    let few = [("DOKPLOY_RATE_LIMIT", "20/min")];
    let servers = [
        installation.server_with("one", &few).await?,
        installation.server_with("two", &few).await?,
    ];
    let near = register(&servers[0]).await?;
    let far = near.at(servers[1].address);
    // Guessing is limited by name, and the bucket of requests by account.
    ensure!(guesses(&servers[0]).await? == 10, "ten guesses are allowed");
    ensure!(
        guesses(&servers[1]).await? == 0,
        "both servers count together"
    );
    ensure!(
        used_up(&near).await? <= 21,
        "the account has more than it may"
    );
    ensure!(used_up(&far).await? <= 2, "both servers count together");

    installation.redis.crash().await?;
    ensure!(
        guesses(&servers[0]).await? == 0,
        "an outage gives new guesses"
    );
    ensure!(used_up(&near).await? <= 3, "an outage gives new requests");
    // The other one counts on from what it saw itself: twice the rate is the most that two can give.
    ensure!(
        used_up(&far).await? <= 22,
        "an outage gives more than a server has"
    );
    installation.redis.resume().await?;
    all_ready(&servers).await?;
    ensure!(
        guesses(&servers[0]).await? == 0,
        "an empty Redis gives new guesses"
    );
    Ok(())
}

/// Guesses a password until the server has enough. Returns how many guesses it took.
async fn guesses(server: &Server) -> Result<usize> {
    let nobody = Api::new(server.address)?;
    let guess = json!({"username": "somebody", "password": "wrong horse battery"});
    let mut wrong = 0;
    loop {
        let answer = soon(nobody.post("/api/auth/login", &guess).await?)?;
        if answer.status == 429 {
            ensure!(answer.headers.contains_key("retry-after"), "{answer:?}");
            return Ok(wrong);
        }
        answer.expect(401)?;
        wrong += 1;
    }
}

/// Asks until the server has enough. Returns how many requests were answered.
async fn used_up(api: &Api) -> Result<usize> {
    let mut answered = 0;
    loop {
        let answer = soon(api.get("/api/auth/me").await?)?;
        if answer.status == 429 {
            return Ok(answered);
        }
        answer.expect(200)?;
        answered += 1;
    }
}

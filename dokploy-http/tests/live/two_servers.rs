//! Two servers on one PostgreSQL and one Redis behave as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dokploy_core::Store;
use dokploy_core::bus::SharedBus;
use dokploy_core::cache::{RedisConnection, RedisOptions};
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_core::id::ProcessId;
use dokploy_core::model::Role;
use dokploy_core::store::{SqlStore, SqlStoreOptions};
use dokploy_tests::environment::Environment;

use crate::client::Client;
use crate::installation::{Installation, topic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_deployment_in_one_reaches_a_socket_of_the_other() {
    let Some(environment) = Environment::find() else {
        return;
    };
    let database = TemporaryPostgres::create(&environment.postgres_url)
        .await
        .unwrap();
    let options = RedisOptions {
        url: environment.redis_url.as_str().into(),
        prefix: format!("test-{}", ProcessId::new()),
    };
    let open = async || {
        let options = SqlStoreOptions::default();
        let store = SqlStore::open(database.url(), options).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        store
    };
    let bus = async || {
        let connection = RedisConnection::open(&options).await.unwrap();
        let bus = SharedBus::over_redis(Arc::new(connection), &options).await;
        Arc::new(bus.unwrap())
    };
    let installation = Installation::on(open().await).await;
    let near = installation.server_on(open().await, bus().await).await;
    let far = installation.server_on(open().await, bus().await).await;
    let viewer = installation.person(&near, Role::Admin).await;
    let claim = installation.running().await;

    let mut client = Client::open(far.address, &viewer.token).await;
    client.watch(&topic(claim.deployment.id), 2).await;
    let mut times = Vec::new();
    for number in 0..20 {
        installation
            .scene
            .work(
                &claim,
                [dokploy_core::conformance::store::scene::warned("news")],
            )
            .await;
        let written = Instant::now();
        near.tell(&installation.scene, &claim).await;
        assert_eq!(client.next().await["seq"], number + 3);
        times.push(written.elapsed());
    }
    times.sort_unstable();
    println!("an event takes {:?} from server to socket", times[10]);
    assert!(times[10] < Duration::from_millis(500), "{times:?}");

    // A logout in one closes the socket of the other.
    let user = viewer.actor.user_id().unwrap();
    let change = dokploy_core::control::UserChange {
        disabled: Some(true),
        ..Default::default()
    };
    near.control
        .update_user(&dokploy_core::Actor::system("test"), user, None, change)
        .await
        .unwrap();
    let begun = Instant::now();
    while client.try_next().await.is_ok() {}
    assert!(begun.elapsed() < Duration::from_secs(5));
}

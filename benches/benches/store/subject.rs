//! A store with the same database by hand beside it.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::Store;
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_core::conformance::store::scene::{Scene, warned};
use dokploy_core::deployment::DeploymentState;
use dokploy_core::id::{DeploymentId, WorkerId};
use dokploy_core::store::{Claim, SqlStore, SqlStoreOptions};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, PgPool, SqlSafeStr, SqlitePool};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) store: SqlStore,
    raw: Raw,
    texts: HashMap<&'static str, &'static str>,
    // The database is dropped with it.
    _database: Box<dyn Any>,
}

enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs the same code on either pool.
macro_rules! on {
    ($raw:expr, $begin:ident, $pool:ident => $body:expr) => {
        match $raw {
            Raw::Sqlite($pool) => {
                let $begin = "BEGIN IMMEDIATE";
                $body
            }
            Raw::Postgres($pool) => {
                let $begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
                $body
            }
        }
    };
}

impl Subject {
    /// An empty database of each kind.
    pub(crate) async fn all() -> Vec<Self> {
        let mut subjects = vec![Self::sqlite().await];
        subjects.extend(Self::postgres().await);
        subjects
    }

    async fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("store.db");
        let url = format!("sqlite://{}", file.display());
        let store = SqlStore::open(&url, SqlStoreOptions::default())
            .await
            .unwrap();
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1);
        Self {
            name: "sqlite",
            texts: store.statements().into_iter().collect(),
            store,
            raw: Raw::Sqlite(pool.connect_with(options).await.unwrap()),
            _database: Box::new(directory),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the environment of the benches is read here"
    )]
    async fn postgres() -> Option<Self> {
        let Ok(admin) = std::env::var("DOKPLOY_TEST_POSTGRES_URL") else {
            eprintln!("skipped: DOKPLOY_TEST_POSTGRES_URL is not set");
            return None;
        };
        let database = TemporaryPostgres::create(&admin).await.unwrap();
        let options = SqlStoreOptions::default();
        let store = SqlStore::open(database.url(), options).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(10);
        Some(Self {
            name: "postgres",
            texts: store.statements().into_iter().collect(),
            store,
            raw: Raw::Postgres(pool.connect(database.url()).await.unwrap()),
            _database: Box::new(database),
        })
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    /// What [`DeploymentStore::append_events`](dokploy_core::store::DeploymentStore::append_events) asks of the database.
    pub(crate) async fn raw_append(&self, claim: &Claim, seq: u64, state: &str) {
        let seq = i64::try_from(seq).unwrap();
        let id = claim.deployment.id.as_uuid();
        let fact = serde_json::to_string(&warned("careful")).unwrap();
        let (advance, insert) = (self.texts["ADVANCE"], self.texts["INSERT_EVENT"]);
        on!(&self.raw, begin, pool => {
            let mut transaction = pool.begin_with(begin).await.unwrap();
            sqlx::query(advance)
                .bind(id)
                .bind(seq)
                .bind(seq + 1)
                .bind("pending")
                .bind(false)
                .bind(state)
                .bind(0_i64)
                .bind(false)
                .bind(claim.fence.worker.as_uuid())
                .bind(i64::try_from(claim.fence.epoch).unwrap())
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            sqlx::query(insert)
                .bind(id)
                .bind(seq + 1)
                .bind(0_i64)
                .bind(fact)
                .execute(&mut *transaction)
                .await
                .unwrap();
            transaction.commit().await.unwrap();
        });
    }

    /// Writes down what [`Self::raw_append`] left out.
    pub(crate) async fn repair_state(&self, id: DeploymentId, state: &DeploymentState) {
        let text = serde_json::to_string(state).unwrap();
        let update = "UPDATE deployments SET state = $2 WHERE id = $1";
        on!(&self.raw, _begin, pool => {
            let query = sqlx::query(update).bind(id.as_uuid()).bind(text);
            query.execute(pool).await.unwrap();
        });
    }

    /// What [`QueueStore::claim_next`](dokploy_core::store::QueueStore::claim_next) asks of the database.
    pub(crate) async fn raw_claim(&self, worker: WorkerId) {
        let claim = self.texts["CLAIM"];
        on!(&self.raw, _begin, pool => {
            let query = sqlx::query(claim).bind(worker.as_uuid()).bind(60_000_000_i64).bind(false);
            query.fetch_one(pool).await.unwrap();
        });
    }

    /// Puts what was claimed back, so that the next claim finds the same queue.
    pub(crate) async fn unclaim(&self) {
        let update = "UPDATE deployments SET queue = 'ready', worker_id = NULL, lease_until = NULL, claimed_at = NULL
            WHERE queue = 'active'";
        on!(&self.raw, _begin, pool => {
            sqlx::query(update).execute(pool).await.unwrap();
        });
    }

    /// Twenty projects with `count` deployments: nine tenths are history, and of the last tenth all but one for each
    /// project wait in the first project.
    pub(crate) async fn fill(&self, count: i64) {
        const PROJECT_COUNT: i64 = 20;
        let scene = Scene::new(self.shared_store()).await;
        let model = scene.deploy().await;
        let mut projects = vec![scene.project.id.as_uuid()];
        let mut applications = vec![scene.application.id.as_uuid()];
        for _ in 1..PROJECT_COUNT {
            let project = scene.another_project().await.id;
            projects.push(project.as_uuid());
            let application = scene.application_in(project).await;
            applications.push(application.id.as_uuid());
            scene.deploy_of(&application).await;
        }
        let spec = serde_json::to_string(&model.spec).unwrap();
        let state = serde_json::to_string(&model.state).unwrap();
        let done = ("success", "done");
        for (project, application) in projects.iter().zip(&applications) {
            let history = count * 9 / 10 / PROJECT_COUNT;
            self.insert(history, (*project, *application), done, &spec, &state)
                .await;
        }
        self.insert_applications(count / 10 - PROJECT_COUNT, projects[0], &spec)
            .await;
        self.queue_all(&spec, &state).await;
        self.analyze().await;
    }

    async fn insert(
        &self,
        count: i64,
        (project, application): (Uuid, Uuid),
        (status, queue): (&str, &str),
        spec: &str,
        state: &str,
    ) {
        let insert = self.sql(
            "INSERT INTO deployments (id, application_id, project_id, service_name, kind, request, spec, created_at,
                updated_at, seq, status, cancel_requested, state, queue, queued_at, claimed_at)
             WITH RECURSIVE numbers (number) AS (
                SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $1)
             SELECT {id}, $2, $3, 'app', 'deploy', '{}', $4, 0, 0, 1, $5, FALSE, $6, $7, 0, number FROM numbers",
        );
        on!(&self.raw, _begin, pool => {
            sqlx::query(insert.into_sql_str())
                .bind(i32::try_from(count).unwrap())
                .bind(application)
                .bind(project)
                .bind(spec)
                .bind(status)
                .bind(state)
                .bind(queue)
                .execute(pool)
                .await
                .unwrap();
        });
    }

    async fn insert_applications(&self, count: i64, project: Uuid, spec: &str) {
        let insert = self.sql(
            "INSERT INTO applications (id, version, project_id, name, service_name, spec, stopped, created_at, updated_at)
             WITH RECURSIVE numbers (number) AS (
                SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $1)
             SELECT {id}, 1, $2, 'waiting-' || number, 'waiting-' || number, $3, FALSE, 0, 0 FROM numbers",
        );
        on!(&self.raw, _begin, pool => {
            sqlx::query(insert.into_sql_str())
                .bind(i32::try_from(count).unwrap())
                .bind(project)
                .bind(spec)
                .execute(pool)
                .await
                .unwrap();
        });
    }

    /// One deployment waits for each of the applications that were just made.
    async fn queue_all(&self, spec: &str, state: &str) {
        let insert = self.sql(
            "INSERT INTO deployments (id, application_id, project_id, service_name, kind, request, spec, created_at,
                updated_at, seq, status, cancel_requested, state, queue, queued_at)
             SELECT {id}, id, project_id, 'app', 'deploy', '{}', $1, 0, 0, 1, 'pending', FALSE, $2, 'ready', 0
             FROM applications WHERE name LIKE 'waiting-%'",
        );
        on!(&self.raw, _begin, pool => {
            let query = sqlx::query(insert.into_sql_str()).bind(spec).bind(state);
            query.execute(pool).await.unwrap();
        });
    }

    async fn analyze(&self) {
        on!(&self.raw, _begin, pool => {
            sqlx::query("ANALYZE").execute(pool).await.unwrap();
        });
    }

    fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        let id = match self.raw {
            Raw::Sqlite(_) => "randomblob(16)",
            Raw::Postgres(_) => "gen_random_uuid()",
        };
        AssertSqlSafe(text.replace("{id}", id))
    }
}

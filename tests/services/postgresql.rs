//! A PostgreSQL: its secret file, its health check, its data directory.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use dokploy_core::Secret;
use dokploy_core::model::DatabaseEngine;
use dokploy_tests::environment::Environment;

use crate::cluster::Cluster;
use crate::image::{self, Recipe};

const IMAGE: &str = "dokploy-test/postgresql:debian";

/// What the entry point of the official image does with these variables.
const ENTRYPOINT: &str = r#"
set -e
export LC_ALL=C
mkdir -p "$PGDATA" /var/run/postgresql
chown -R postgres "$PGDATA" /var/run/postgresql
as() { su postgres -s /bin/sh -c "$*"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  as "initdb -D $PGDATA -U $POSTGRES_USER --auth=scram-sha-256 --pwfile=$POSTGRES_PASSWORD_FILE --no-locale -E UTF8"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  as "pg_ctl -D $PGDATA -w -o '-c listen_addresses=' start"
  export PGPASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"
  as "createdb -U $POSTGRES_USER $POSTGRES_DB"
  as "pg_ctl -D $PGDATA -w stop"
fi
exec su postgres -s /bin/sh -c "exec postgres -D $PGDATA -c listen_addresses='*'"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_takes_its_password_from_a_file_and_serves_its_database() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::new(&environment.docker_host, directory.path(), "pg").await?;
    let engine = &cluster.engine;
    let programs = dokploy_tests::postgres::programs()?;
    let bin = |name: &str| programs.join(name).display().to_string();
    let names = [
        "postgres",
        "initdb",
        "pg_ctl",
        "pg_isready",
        "createdb",
        "psql",
    ]
    .map(bin);
    // `/usr/lib/postgresql/<version>/bin` belongs to `/usr/share/postgresql/<version>`.
    let version = programs.parent().and_then(Path::file_name);
    let version = version.context("programs have a version")?.display();
    let shared = format!("/usr/share/postgresql/{version}");
    let libraries = programs.with_file_name("lib").display().to_string();
    let recipe = Recipe {
        name: IMAGE,
        base: &environment.base_image,
        programs: &names.each_ref().map(String::as_str),
        directories: &[&shared, &libraries],
        user: "postgres",
        home: "/data",
        entrypoint: Some(ENTRYPOINT),
    };
    image::build(engine.runtime().as_ref(), &recipe).await?;
    let database = cluster
        .database(DatabaseEngine::Postgres, "main-db", IMAGE)
        .await?;
    let connection = engine.database_connection(&database).await?;
    ensure!(connection.database == "main_db", "{connection:?}");

    let query = "psql \"$URL\" -Atc 'select current_database()' 2>&1";
    let (content, said) = cluster.ask(IMAGE, &connection.url, query).await?;
    ensure!(content && said.ends_with("main_db"), "{said}");
    let wrong = connection
        .url
        .expose()
        .replace(connection.password.expose(), "wrong");
    let (content, said) = cluster.ask(IMAGE, &Secret::new(wrong), query).await?;
    ensure!(
        !content && said.contains("password authentication failed"),
        "{said}"
    );
    let shown = cluster.shown(&connection.host).await?;
    ensure!(
        !shown.contains(connection.password.expose()),
        "the password shows itself"
    );

    let volume = cluster.volumes(&database).await?;
    engine
        .delete_database(database.id, volume.first().map(String::as_str))
        .await?;
    ensure!(
        cluster.volumes(&database).await?.is_empty(),
        "the volume is still there"
    );
    engine.delete_project(cluster.project.id).await?;
    engine.shutdown().await;
    Ok(())
}

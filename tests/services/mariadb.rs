//! A `MariaDB`: its secret file, its health check, its data directory.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use dokploy_core::engine::DatabaseChange;
use dokploy_core::model::DatabaseEngine;
use dokploy_core::{DeployRequest, Deployer as _, Secret};
use dokploy_tests::environment::Environment;

use crate::cluster::{Cluster, succeeded};
use crate::image::{self, Recipe};

const IMAGE: &str = "dokploy-test/mariadb:debian";

/// What the entry point of the official image does with these variables: it makes the files, sets up the accounts with
/// a server that listens on no port, and becomes the real server.
const ENTRYPOINT: &str = r#"
set -e
data=/var/lib/mysql
share=$(dirname "$(ls /usr/share/m*/m*_system_tables.sql)")
mkdir -p /run/mysqld /tmp
chown -R mysql "$data" /run/mysqld /tmp
as() { su mysql -s /bin/sh -c "$*"; }
server="/usr/sbin/mariadbd --no-defaults --datadir=$data --socket=/run/mysqld/mysqld.sock"
if [ ! -d "$data/mysql" ]; then
  {
    printf '%s\n' 'CREATE DATABASE mysql;' 'USE mysql;' 'SET @auth_root_socket=NULL;'
    for part in system_tables performance_tables system_tables_data; do cat "$share"/m*_"$part.sql"; done
  } >/tmp/tables.sql
  as "$server --bootstrap </tmp/tables.sql"
  as "$server --skip-networking" &
  until mariadb-admin --no-defaults --socket=/run/mysqld/mysqld.sock ping --silent; do sleep 0.2; done
  password=$(cat "$MARIADB_ROOT_PASSWORD_FILE")
  mariadb --no-defaults --socket=/run/mysqld/mysqld.sock -uroot <<END
DELETE FROM mysql.global_priv WHERE user = '' OR host <> 'localhost';
FLUSH PRIVILEGES;
SET PASSWORD FOR root@localhost = PASSWORD('$password');
CREATE USER root@'%' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
CREATE DATABASE \`$MARIADB_DATABASE\`;
END
  MYSQL_PWD=$password mariadb-admin --no-defaults --socket=/run/mysqld/mysqld.sock -uroot shutdown
  wait
fi
exec su mysql -s /bin/sh -c "exec $server --bind-address=0.0.0.0"
"#;

/// A client that takes the URL apart, as a driver does.
fn client(statement: &str) -> String {
    let parts = r"s#^mysql://\([^:]*\):\([^@]*\)@\([^:]*\):\([0-9]*\)/\(.*\)$#";
    let options = r"--user=\1 --password=\2 --host=\3 --port=\4 \5#";
    format!(
        r#"mariadb --no-defaults -N $(echo "$URL" | sed '{parts}{options}') -e "{statement}" 2>&1"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_takes_its_password_from_a_file_and_keeps_its_data_over_an_update() -> Result<()>
{
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::new(&environment.docker_host, directory.path(), "maria").await?;
    let engine = &cluster.engine;
    // Its name depends on the version.
    let shared = ["/usr/share/mariadb", "/usr/share/mysql"]
        .into_iter()
        .find(|directory| Path::new(directory).is_dir())
        .context("MariaDB is not installed")?;
    let recipe = Recipe {
        name: IMAGE,
        base: &environment.base_image,
        programs: &[
            "/usr/sbin/mariadbd",
            "/usr/bin/mariadb",
            "/usr/bin/mariadb-admin",
        ],
        directories: &[shared],
        user: "mysql",
        home: "/var/lib/mysql",
        entrypoint: Some(ENTRYPOINT),
    };
    image::build(engine.runtime().as_ref(), &recipe).await?;
    let database = cluster
        .database(DatabaseEngine::Mariadb, "main-db", IMAGE)
        .await?;
    let connection = engine.database_connection(&database).await?;
    ensure!(connection.database == "main_db", "{connection:?}");

    let make = client("CREATE TABLE kept (a INT); INSERT INTO kept VALUES (41); SELECT DATABASE()");
    let (content, said) = cluster.ask(IMAGE, &connection.url, &make).await?;
    ensure!(content && said.ends_with("main_db"), "{said}");
    let wrong = connection
        .url
        .expose()
        .replace(connection.password.expose(), "wrong");
    let read = client("SELECT a + 1 FROM kept");
    let (content, said) = cluster.ask(IMAGE, &Secret::new(wrong), &read).await?;
    ensure!(!content && said.contains("Access denied"), "{said}");
    let shown = cluster.shown(&connection.host).await?;
    ensure!(
        !shown.contains(connection.password.expose()),
        "the password shows itself"
    );

    let change = DatabaseChange {
        memory: Some(Some(384)),
        ..DatabaseChange::default()
    };
    let database = engine
        .update_database(database.id, database.version, change)
        .await?;
    let handle = engine
        .deploy(DeployRequest::of(database.application_id))
        .await?;
    succeeded(&handle).await?;
    let (content, said) = cluster.ask(IMAGE, &connection.url, &read).await?;
    ensure!(content && said.ends_with("42"), "{said}");

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

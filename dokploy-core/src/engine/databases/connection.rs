//! How to connect to a database.

use super::blueprint;
use crate::model::{Database, DatabaseEngine};
use crate::secret::Secret;

/// How to connect to a database from within the swarm.
#[derive(Clone, Debug)]
pub struct DatabaseConnection {
    /// All of it in one text, as drivers take it.
    pub url: Secret,
    /// Host name in the common network.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User; absent where the engine knows only a password.
    pub username: Option<&'static str>,
    /// Password.
    pub password: Secret,
    /// Name of the database within the server.
    pub database: String,
}

impl DatabaseConnection {
    pub(super) fn new(database: &Database, host: &str, password: Secret) -> Self {
        let (scheme, port, username) = match database.engine {
            DatabaseEngine::Postgres => ("postgresql", 5432, Some("postgres")),
            DatabaseEngine::Mysql | DatabaseEngine::Mariadb => ("mysql", 3306, Some("root")),
            DatabaseEngine::Mongo => ("mongodb", 27017, Some("root")),
            DatabaseEngine::Redis => ("redis", 6379, None),
        };
        let inner = blueprint::inner_name(database.engine, &database.name);
        let options = match database.engine {
            DatabaseEngine::Mongo => "?authSource=admin",
            _ => "",
        };
        // None of the parts needs an escape: names are letters, digits and `_`, the password is hexadecimal.
        let url = format!(
            "{scheme}://{}:{}@{host}:{port}/{inner}{options}",
            username.unwrap_or_default(),
            password.expose()
        );
        Self {
            url: Secret::new(url),
            host: host.to_owned(),
            port,
            username,
            password,
            database: inner,
        }
    }
}

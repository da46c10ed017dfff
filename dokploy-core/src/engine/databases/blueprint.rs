//! The specification of a database. Pure.

use std::time::Duration;

use super::DatabaseLimits;
use crate::error::{Error, Result};
use crate::id::DatabaseId;
use crate::model::{
    ApplicationSpec, CommandLine, DatabaseEngine, EndpointMode, EnvDelivery, EnvValue, EnvVar,
    HealthCheck, RestartCondition, RestartPolicy, Volume,
};
use crate::secret::Secret;

/// Name of the secret file. Its path is what the images are told.
const PASSWORD: &str = "DATABASE_PASSWORD";
const PASSWORD_FILE: &str = "/run/secrets/DATABASE_PASSWORD";
/// How long a database may take to write its files and stop.
const STOP_GRACE: Duration = Duration::from_mins(2);
/// How long a database may take to make its files at its first start.
const START_PERIOD: Duration = Duration::from_mins(2);

/// Everything that makes the specification of a database.
pub(super) struct Blueprint<'a> {
    pub(super) engine: DatabaseEngine,
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    pub(super) volume: String,
    pub(super) password: Secret,
    pub(super) limits: DatabaseLimits,
    pub(super) endpoint_mode: EndpointMode,
}

impl Blueprint<'_> {
    /// One task on one volume: the old one stops before the new one starts, which the engine sees by the volume.
    pub(super) fn spec(self) -> ApplicationSpec {
        let mut spec = ApplicationSpec::named(self.name);
        spec.image = Some(self.image.to_owned());
        spec.env_vars = environment(self.engine, self.name);
        spec.env_vars.push(EnvVar {
            key: PASSWORD.to_owned(),
            value: EnvValue::Secret {
                secret: self.password,
            },
            delivery: EnvDelivery::File,
        });
        spec.volumes = vec![Volume {
            source: self.volume,
            target: data_directory(self.engine).to_owned(),
            read_only: false,
        }];
        spec.health_check = Some(HealthCheck {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            retries: 6,
            start_period: Some(START_PERIOD),
            ..HealthCheck::new(probe(self.engine))
        });
        // A database is never given up: whoever stops it says so.
        spec.restart = RestartPolicy {
            condition: RestartCondition::Any,
            max_attempts: None,
            ..RestartPolicy::default()
        };
        if self.engine == DatabaseEngine::Redis {
            spec.command = Some(redis_command());
            spec.user = Some("redis".to_owned());
        }
        spec.memory_limit = self.limits.memory;
        spec.cpu_limit = self.limits.cpu;
        spec.endpoint_mode = self.endpoint_mode;
        spec.stop_grace = STOP_GRACE;
        spec.auto_deploy = false;
        spec
    }
}

/// The image that a version or an image means; `None` when neither is said.
pub(super) fn image(
    engine: DatabaseEngine,
    version: Option<&str>,
    image: Option<&str>,
) -> Result<Option<String>> {
    match (version, image) {
        (Some(_), Some(_)) => Err(Error::invalid_field(
            "version",
            "and image say the same thing: only one of them is expected",
        )),
        (Some(version), None) if !is_tag(version) => Err(Error::invalid_field(
            "version",
            "is not the tag of an image, as in 17 or 8.0-bookworm",
        )),
        (Some(version), None) => Ok(Some(format!("{}:{version}", repository(engine)))),
        (None, image) => Ok(image.map(str::to_owned)),
    }
}

/// The image of a database for which none is said.
pub(super) fn default_image(engine: DatabaseEngine) -> String {
    let version = match engine {
        DatabaseEngine::Postgres => "17",
        DatabaseEngine::Mysql => "8.4",
        DatabaseEngine::Mariadb => "11.4",
        DatabaseEngine::Mongo => "8.0",
        DatabaseEngine::Redis => "7.4",
    };
    format!("{}:{version}", repository(engine))
}

const fn repository(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Postgres => "postgres",
        DatabaseEngine::Mysql => "mysql",
        DatabaseEngine::Mariadb => "mariadb",
        DatabaseEngine::Mongo => "mongo",
        DatabaseEngine::Redis => "redis",
    }
}

fn is_tag(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with(['.', '-'])
}

/// Name of the volume: never that of a database that had the name before, whose data know another password.
pub(super) fn volume(service_name: &str, id: DatabaseId) -> String {
    let id = id.as_uuid().simple().to_string();
    format!("{service_name}-{}", &id[id.len() - 12..])
}

/// Name of the database within the server.
pub(super) fn inner_name(engine: DatabaseEngine, name: &str) -> String {
    match engine {
        DatabaseEngine::Redis => "0".to_owned(),
        _ => name.replace('-', "_"),
    }
}

/// Where the images keep their data. That of PostgreSQL is told, because it moved between versions.
const fn data_directory(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Mysql | DatabaseEngine::Mariadb => "/var/lib/mysql",
        DatabaseEngine::Mongo => "/data/db",
        DatabaseEngine::Postgres | DatabaseEngine::Redis => "/data",
    }
}

fn environment(engine: DatabaseEngine, name: &str) -> Vec<EnvVar> {
    let inner = inner_name(engine, name);
    let variables: &[(&str, &str)] = match engine {
        DatabaseEngine::Postgres => &[
            ("POSTGRES_USER", "postgres"),
            ("POSTGRES_DB", &inner),
            ("POSTGRES_PASSWORD_FILE", PASSWORD_FILE),
            ("PGDATA", "/data/pgdata"),
        ],
        DatabaseEngine::Mysql => &[
            ("MYSQL_DATABASE", &inner),
            ("MYSQL_ROOT_PASSWORD_FILE", PASSWORD_FILE),
        ],
        DatabaseEngine::Mariadb => &[
            ("MARIADB_DATABASE", &inner),
            ("MARIADB_ROOT_PASSWORD_FILE", PASSWORD_FILE),
        ],
        DatabaseEngine::Mongo => &[
            ("MONGO_INITDB_DATABASE", &inner),
            ("MONGO_INITDB_ROOT_USERNAME", "root"),
            ("MONGO_INITDB_ROOT_PASSWORD_FILE", PASSWORD_FILE),
        ],
        DatabaseEngine::Redis => &[],
    };
    let variable = |(key, value): &(&str, &str)| EnvVar {
        key: (*key).to_owned(),
        value: EnvValue::Plain((*value).to_owned()),
        delivery: EnvDelivery::Env,
    };
    variables.iter().map(variable).collect()
}

/// Asks the server itself, with its own tool, and not on the way on which it serves while it still makes its files:
/// PostgreSQL and `MySQL` listen on no port then, `MongoDB` only on the loopback address.
fn probe(engine: DatabaseEngine) -> CommandLine {
    let words =
        |words: &[&str]| CommandLine::Exec(words.iter().map(|word| (*word).to_owned()).collect());
    match engine {
        DatabaseEngine::Postgres => {
            words(&["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"])
        }
        DatabaseEngine::Mysql => words(&["mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]),
        DatabaseEngine::Mariadb => words(&["mariadb-admin", "ping", "-h", "127.0.0.1", "--silent"]),
        DatabaseEngine::Mongo => CommandLine::Shell(
            r#"mongosh --quiet --norc --host "$(hostname)" --eval 'quit(db.adminCommand("ping").ok ? 0 : 1)'"#
                .to_owned(),
        ),
        DatabaseEngine::Redis => CommandLine::Shell(format!(
            r#"REDISCLI_AUTH="$(cat {PASSWORD_FILE})" redis-cli ping | grep -q PONG"#
        )),
    }
}

/// The image of Redis reads no secret file. Its configuration is handed to it as its input, so that the password is
/// in no argument and in no file.
fn redis_command() -> Vec<String> {
    let script = format!(
        "exec redis-server - <<CONFIGURATION\n\
         requirepass $(cat {PASSWORD_FILE})\n\
         appendonly yes\n\
         dir /data\n\
         CONFIGURATION\n"
    );
    vec!["sh".to_owned(), "-c".to_owned(), script]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(engine: DatabaseEngine) -> ApplicationSpec {
        Blueprint {
            engine,
            name: "main-db",
            image: &default_image(engine),
            volume: volume("shop-main-db", DatabaseId::new()),
            password: "hunter2".into(),
            limits: DatabaseLimits {
                memory: Some(512),
                cpu: Some(1.5),
            },
            endpoint_mode: EndpointMode::Dnsrr,
        }
        .spec()
    }

    #[test]
    fn every_engine_has_a_valid_specification_with_one_task_and_one_writable_volume() {
        for engine in DatabaseEngine::ALL {
            let spec = spec(engine);
            spec.validate().unwrap();
            assert_eq!((spec.replicas, spec.volumes.len()), (1, 1));
            assert!(!spec.volumes[0].read_only && spec.ports.is_empty());
            assert!(spec.health_check.is_some() && !spec.auto_deploy);
            assert_eq!((spec.memory_limit, spec.cpu_limit), (Some(512), Some(1.5)));
        }
    }

    #[test]
    fn the_password_is_in_the_secret_file_and_nowhere_else() {
        for engine in DatabaseEngine::ALL {
            let mut spec = spec(engine);
            let file = spec.env_vars.pop().unwrap();
            assert_eq!(file.delivery, EnvDelivery::File);
            assert_eq!(
                file.value,
                EnvValue::Secret {
                    secret: "hunter2".into()
                }
            );
            let rest = serde_json::to_string(&spec).unwrap();
            assert!(!rest.contains("hunter2"), "{rest}");
            assert!(rest.contains(PASSWORD_FILE), "{rest}");
        }
    }

    #[test]
    fn a_version_is_a_tag_of_the_official_image() {
        let engine = DatabaseEngine::Postgres;
        let found = image(engine, Some("16-alpine"), None).unwrap();
        assert_eq!(found.as_deref(), Some("postgres:16-alpine"));
        let other = image(engine, None, Some("registry.example/pg:1")).unwrap();
        assert_eq!(other.as_deref(), Some("registry.example/pg:1"));
        assert_eq!(image(engine, None, None).unwrap(), None);
        assert!(image(engine, Some("16"), Some("x")).is_err());
        for bad in ["", "a b", "16@sha256:0", "-x", "a/b", "x:y"] {
            assert!(image(engine, Some(bad), None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_database_of_the_same_name_gets_a_volume_of_its_own() {
        let names: Vec<_> = (0..2)
            .map(|_| volume("shop-db", DatabaseId::new()))
            .collect();
        assert_ne!(names[0], names[1]);
        assert!(volume(&"x".repeat(63), DatabaseId::new()).len() <= 128);
    }
}

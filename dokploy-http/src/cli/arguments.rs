//! What may be typed. Values are checked for their form here; the rules of an application are the core's.

mod deploy;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::deploy::{
    ApplicationArguments, BuildArguments, CredentialArguments, DeployArguments, EndpointChoice,
    FailureChoice, HealthArguments, OrderChoice, PlanArguments, RevisionArguments,
    RolloutArguments, ServiceArguments,
};
use self::value::duration;
pub use self::value::{Assignment, Choice, Origin, SecretAssignment, Setting};

/// The exit codes, as the help shows them.
const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    the deployment failed
  2    wrong usage: an argument, a variable of the environment, a setting
  3    the rollout failed and the previous release serves again
  4    cancelled
  5    superseded by a newer deployment
  6    the container engine or the database does not answer
  7    still under way when --timeout had passed
  8    refused: it does not exist, or does not fit what is there now
  70   a bug
  130  left unfinished after Ctrl-C; 143 after a termination signal

Variables: DOKPLOY_DATA_DIR, DATABASE_URL, DOCKER_HOST, DOKPLOY_SECRET_KEY or
DOKPLOY_SECRET_KEY_FILE, DOKPLOY_ALLOW_FILE_SOURCES, DOKPLOY_DEPLOY_CONCURRENCY,
DOKPLOY_DEPLOY_RATE, DOKPLOY_LOG, DOKPLOY_LOG_FORMAT, NO_COLOR
Of the server: DOKPLOY_LISTEN, DOKPLOY_PUBLIC_URL, DOKPLOY_TRUSTED_PROXIES,
DOKPLOY_REGISTRATION, DOKPLOY_RATE_LIMIT, DOKPLOY_INIT_SWARM, REDIS_URL,
DOKPLOY_PROMETHEUS_URL, OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET";

/// Everything that was typed.
#[derive(Debug, Parser)]
#[command(
    name = "dokploy",
    version,
    about = "Turns a git commit into a healthy service on Docker Swarm",
    after_help = EXIT_CODES,
    max_term_width = 100
)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What is to be done; without it the server runs.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct GlobalArguments {
    /// Directory of the database, the git mirrors, the logs and the key [default: ./dokploy-data]
    #[arg(
        long,
        global = true,
        value_name = "DIRECTORY",
        help_heading = "General"
    )]
    pub data_dir: Option<PathBuf>,
    /// Project that the application belongs to
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "default",
        help_heading = "General"
    )]
    pub project: String,
    /// Write JSON, one object a line, instead of text
    #[arg(long, global = true, help_heading = "General")]
    pub json: bool,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server; this is what happens when no command is given
    Serve,
    /// Write the OpenAPI document of the server
    Openapi,
    /// Deploy a git repository, a directory, an archive or an image, and wait until it is healthy
    Deploy(Box<DeployArguments>),
    /// Show what a deployment would do, without doing any of it
    Plan(Box<PlanArguments>),
    /// Go back to an earlier release, as it was, without a build
    Rollback(RollbackArguments),
    /// Show what an application writes, or the log of a deployment
    Logs(LogsArguments),
    /// List the applications and what runs of them
    Ps,
    /// Cancel a deployment that waits or runs
    Cancel(CancelArguments),
    /// List the releases of an application that can be gone back to
    Releases(NameArguments),
    /// Remove an application with its service, secrets and images; its volumes stay
    Rm(NameArguments),
    /// Bring the database to the form that this version needs
    Migrate,
}

/// Names an application.
#[derive(Debug, Args)]
pub struct NameArguments {
    /// Name of the application
    pub application: String,
}

/// A rollback.
#[derive(Debug, Args)]
pub struct RollbackArguments {
    /// Name of the application
    pub application: String,
    /// Release to go back to [default: the healthy one before the current one]
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<String>,
    /// How to wait.
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// Which lines.
#[derive(Debug, Args)]
pub struct LogsArguments {
    /// Name of an application, or the id of a deployment
    #[arg(value_name = "APPLICATION|DEPLOYMENT")]
    pub what: String,
    /// Go on with what is written from now on; for a deployment, until it has ended (and see that it does)
    #[arg(long, short)]
    pub follow: bool,
    /// Only the last lines
    #[arg(long, value_name = "COUNT")]
    pub tail: Option<u32>,
}

/// Which deployment.
#[derive(Debug, Args)]
pub struct CancelArguments {
    /// Id of the deployment, or name of the application whose open deployment is meant
    #[arg(value_name = "DEPLOYMENT|APPLICATION")]
    pub what: String,
    /// How to wait.
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// How to wait for the end of a deployment, and what may be done for it.
#[derive(Clone, Debug, Default, Args)]
pub struct WaitArguments {
    /// Wait no longer than this; what is unfinished then goes on with the next command
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Run")]
    pub timeout: Option<Duration>,
    /// Show only how it ended
    #[arg(long, short, conflicts_with = "json", help_heading = "Run")]
    pub quiet: bool,
    /// Make the engine a swarm of one node if it is in none
    #[arg(long, help_heading = "Run")]
    pub init_swarm: bool,
}

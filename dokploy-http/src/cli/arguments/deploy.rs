//! What may be said about an application, and about one deployment of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dokploy_core::model::{CommandLine, Port, Volume};

use super::WaitArguments;
use super::value::{
    Assignment, Choice, SecretAssignment, Setting, command_line, duration, published_port, setting,
    text, volume,
};

/// A deployment.
#[derive(Debug, Args)]
pub struct DeployArguments {
    /// The application and what is said about it.
    #[command(flatten)]
    pub application: ApplicationArguments,
    /// What of it is deployed.
    #[command(flatten)]
    pub revision: RevisionArguments,
    /// How to wait.
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// A dry run.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The application and what is said about it.
    #[command(flatten)]
    pub application: ApplicationArguments,
    /// What of it would be deployed.
    #[command(flatten)]
    pub revision: RevisionArguments,
}

/// What of an application is deployed.
#[derive(Clone, Debug, Default, Args)]
pub struct RevisionArguments {
    /// Exact commit, 40 hexadecimal digits, instead of the head of the branch; for this deployment only
    #[arg(long, value_name = "COMMIT", help_heading = "Source")]
    pub commit: Option<String>,
    /// Build and restart even when neither commit nor settings have changed
    #[arg(long, help_heading = "Source")]
    pub force: bool,
}

/// The application and what is said about it. What is not given stays as it is.
#[derive(Clone, Debug, Default, Args)]
pub struct ApplicationArguments {
    /// Git URL, directory, archive (.tar, .tar.gz, .zip) or image; may be left out with the --name of an
    /// application that exists
    #[arg(
        value_name = "GIT-URL|DIRECTORY|ARCHIVE|IMAGE",
        required_unless_present = "name"
    )]
    pub source: Option<String>,
    /// Name of the application [default: derived from the source]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where the code comes from and how it is reached.
    #[command(flatten)]
    pub credentials: CredentialArguments,
    /// How it is built.
    #[command(flatten)]
    pub build: BuildArguments,
    /// What runs.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// How it proves itself.
    #[command(flatten)]
    pub health: HealthArguments,
    /// How it takes over.
    #[command(flatten)]
    pub rollout: RolloutArguments,
}

/// Where the code comes from and how it is reached.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct CredentialArguments {
    /// Branch, or a tag as refs/tags/NAME; `none`: what the remote's HEAD names
    #[arg(long, value_name = "BRANCH", value_parser = setting(text))]
    pub branch: Option<Setting<String>>,
    /// Fetch submodules too
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub submodules: Option<Choice>,
    /// Allow file:// repositories
    #[arg(long)]
    pub allow_file: bool,
    /// Environment variable that holds the token or password of a private repository over http
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["token_file", "ssh_key_file"])]
    pub token_env: Option<String>,
    /// File that holds the token or password
    #[arg(long, value_name = "FILE", conflicts_with = "ssh_key_file")]
    pub token_file: Option<PathBuf>,
    /// User that the token belongs to, where the host wants one
    #[arg(long, value_name = "USER")]
    pub token_user: Option<String>,
    /// Private key for a repository over ssh
    #[arg(long, value_name = "FILE")]
    pub ssh_key_file: Option<PathBuf>,
    /// Environment variable that holds the passphrase of the key
    #[arg(long, value_name = "VARIABLE", requires = "ssh_key_file")]
    pub ssh_passphrase_env: Option<String>,
    /// File of the host keys that are accepted.
    #[arg(
        long,
        value_name = "FILE",
        requires = "ssh_key_file",
        help = "File of the host keys that are accepted [default: ~/.ssh/known_hosts]"
    )]
    pub ssh_known_hosts: Option<PathBuf>,
}

/// How it is built.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Build")]
pub struct BuildArguments {
    /// Dockerfile, relative to the context [default: Dockerfile]
    #[arg(long, value_name = "PATH")]
    pub dockerfile: Option<String>,
    /// Directory of the source that is built [default: .]
    #[arg(long, value_name = "PATH")]
    pub context: Option<String>,
    /// Stage to build; `none`: the last one
    #[arg(long, value_name = "STAGE", value_parser = setting(text))]
    pub target: Option<Setting<String>>,
    /// Build argument, kept in the image's history; KEY alone takes it from the environment
    #[arg(long, value_name = "KEY=VALUE")]
    pub build_arg: Vec<Assignment>,
    /// Secret for RUN --mount=type=secret; see --secret for its forms
    #[arg(long, value_name = "ID=@FILE|ID=-|ID")]
    pub build_secret: Vec<SecretAssignment>,
    /// Repository that built images are pushed to, as `registry.example.com/team`; `none`: they stay on the engine
    #[arg(long, value_name = "REPOSITORY", value_parser = setting(text))]
    pub registry: Option<Setting<String>>,
    /// User of the registry
    #[arg(long, value_name = "USER")]
    pub registry_user: Option<String>,
    /// Environment variable that holds the password of the registry
    #[arg(
        long,
        value_name = "VARIABLE",
        requires = "registry_user",
        conflicts_with = "registry_password_file"
    )]
    pub registry_password_env: Option<String>,
    /// File that holds the password of the registry
    #[arg(long, value_name = "FILE", requires = "registry_user")]
    pub registry_password_file: Option<PathBuf>,
}

/// What runs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Service")]
pub struct ServiceArguments {
    /// Variable of the environment; KEY alone takes it from this environment
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub env: Vec<Assignment>,
    /// Secret variable: from a file, from standard input, or (KEY alone) from this environment. KEY=VALUE works
    /// too, but shows the value to everybody who can list processes
    #[arg(long, value_name = "KEY=@FILE|KEY=-|KEY")]
    pub secret: Vec<SecretAssignment>,
    /// The same, delivered as the file /run/secrets/KEY
    #[arg(long, value_name = "KEY=@FILE|KEY=-|KEY")]
    pub secret_file: Vec<SecretAssignment>,
    /// Take a variable, secret or build argument away
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// Number of tasks [default: 1]
    #[arg(long, value_name = "COUNT")]
    pub replicas: Option<u32>,
    /// Port: TARGET lets the engine pick the published one, `host:` binds it on the node of the task; may be
    /// given again; `none`: no port
    #[arg(long, short, value_name = "[host:][PUBLISHED:]TARGET[/udp]", value_parser = setting(published_port))]
    pub publish: Vec<Setting<Port>>,
    /// Volume; a writable one means one task, stopped before the next; may be given again; `none`: no volume
    #[arg(long, value_name = "NAME:PATH[:ro]", value_parser = setting(volume))]
    pub volume: Vec<Setting<Volume>>,
    /// Further network; may be given again; `none`: no further network
    #[arg(long, value_name = "NAME", value_parser = setting(text))]
    pub network: Vec<Setting<String>>,
    /// How the name of the service resolves within its networks
    #[arg(long, value_name = "vip|dnsrr", hide_possible_values = true)]
    pub endpoint_mode: Option<EndpointChoice>,
    /// Placement constraint, as node.labels.disk==ssd; may be given again; `none`: no constraint
    #[arg(long, value_name = "CONSTRAINT", value_parser = setting(text))]
    pub constraint: Vec<Setting<String>>,
    /// Memory limit in MiB; `none`: no limit
    #[arg(long, value_name = "MIB", value_parser = setting(value_of::<u64>))]
    pub memory: Option<Setting<u64>>,
    /// Processor limit in cores; `none`: no limit
    #[arg(long, value_name = "CORES", value_parser = setting(value_of::<f64>))]
    pub cpus: Option<Setting<f64>>,
    /// Run a small init process that reaps zombies and passes signals on
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub init: Option<Choice>,
    /// How long a task may take to stop before it is killed [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub stop_grace: Option<Duration>,
}

/// How it proves itself.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Health")]
pub struct HealthArguments {
    /// Command whose exit code 0 means healthy: a text for the shell, or a JSON array of words; `none`: the image's
    #[arg(long, value_name = "COMMAND", value_parser = setting(command_line))]
    pub health_cmd: Option<Setting<CommandLine>>,
    /// Time between two probes [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub health_interval: Option<Duration>,
    /// How long a probe may take [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub health_timeout: Option<Duration>,
    /// Failures in a row that make a task unhealthy [default: 3]
    #[arg(long, value_name = "COUNT")]
    pub health_retries: Option<u32>,
    /// Time at the start during which failures do not count; `none`: they count at once
    #[arg(long, value_name = "TIME", value_parser = setting(duration))]
    pub health_start_period: Option<Setting<Duration>>,
}

/// How it takes over.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Rollout")]
pub struct RolloutArguments {
    /// How long all tasks have to stay healthy before it is a success [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub monitor: Option<Duration>,
    /// Which task goes first; `auto`: the new one, unless a host port or a volume forbids it
    #[arg(
        long,
        value_name = "auto|start-first|stop-first",
        hide_possible_values = true
    )]
    pub order: Option<OrderChoice>,
    /// Pause between two batches of tasks [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub update_delay: Option<Duration>,
    /// How long one task may take to become healthy [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub healthy_deadline: Option<Duration>,
    /// What happens when the rollout fails [default: rollback]
    #[arg(long, value_name = "rollback|pause", hide_possible_values = true)]
    pub on_failure: Option<FailureChoice>,
    /// Command that runs in the new image before the switch: a text for the shell, or a JSON array of words;
    /// `none`: no command
    #[arg(long, value_name = "COMMAND", value_parser = setting(command_line))]
    pub release_command: Option<Setting<CommandLine>>,
}

/// See [`dokploy_core::model::EndpointMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EndpointChoice {
    /// One virtual address.
    Vip,
    /// The addresses of all tasks.
    Dnsrr,
}

/// See [`dokploy_core::model::UpdateOrder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OrderChoice {
    /// The engine decides.
    Auto,
    /// The new task goes first.
    StartFirst,
    /// The old task goes first.
    StopFirst,
}

/// See [`dokploy_core::model::FailureAction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailureChoice {
    /// The previous release is restored.
    Rollback,
    /// It is left as it is.
    Pause,
}

fn value_of<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a number is expected".to_owned())
}

//! What all commands share: settings, the engine, the output.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use dokploy_core::clock::{Clock as _, SystemClock};
use dokploy_core::deployer::DeploymentHandle;
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{Engine, Error, ErrorKind, OpenOptions, Result};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::arguments::{GlobalArguments, WaitArguments};
use super::exit::Exit;
use super::follow::{Follow, OnInterrupt};
use super::interrupt::Interrupts;
use super::view::{JsonView, Line, LiveView, PlainView, Tone, View, clean, error_shape, result};
use crate::config::{Config, Environment};

/// How long unfinished work may take to be handed back when a command ends.
const SHUTDOWN_MAX: Duration = Duration::from_secs(20);

/// What the engine of a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// It only looks.
    Look,
    /// It works on deployments, and goes on with those that an earlier command left.
    Deploy,
}

/// Settings and output of one command.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) project: String,
    pub(crate) json: bool,
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    pub(crate) interrupts: Interrupts,
}

impl Session {
    pub(crate) fn new(
        global: GlobalArguments,
        config: Config,
        environment: Environment,
    ) -> Result<Self> {
        let interrupts = Interrupts::listen()?;
        Ok(Self {
            project: global.project,
            json: global.json,
            config,
            environment,
            interrupts,
        })
    }

    /// The settings of the engine. It deploys for the person who runs it: his private addresses and directories are
    /// sources, and what is in the store was allowed when it was put there.
    fn open_options(&self, work: Work, wait: &WaitArguments) -> OpenOptions {
        let mut options = self.config.open_options(NetworkPolicy::trusting());
        options.options.initialise_swarm = wait.init_swarm;
        options.options.watch_interval = Duration::ZERO;
        if work == Work::Look {
            options.options.concurrency = 0;
        }
        options
    }

    /// Opens the engine.
    pub(crate) async fn open(&self, work: Work, wait: &WaitArguments) -> Result<Engine> {
        let opened = Engine::open(self.open_options(work, wait)).await;
        opened.map_err(name_variable)
    }

    /// Opens an engine that has a swarm to deploy to.
    ///
    /// # Errors
    ///
    /// `unavailable` when the container engine does not answer, `conflict` when it is no manager of a swarm.
    pub(crate) async fn open_to_deploy(&self, wait: &WaitArguments) -> Result<Engine> {
        let engine = self.open(Work::Deploy, wait).await?;
        match engine.runtime_info().await {
            Ok(info) if info.swarm_manager => Ok(engine),
            Ok(_) => {
                engine.shutdown().await;
                Err(Error::new(
                    ErrorKind::Conflict,
                    "the container engine is not the manager of a swarm",
                )
                .with_hint("make it one with --init-swarm, or name a manager in DOCKER_HOST"))
            }
            Err(error) => {
                engine.shutdown().await;
                Err(error)
            }
        }
    }

    /// Brings the database up to date.
    pub(crate) async fn migrate(&self) -> Result<()> {
        let options = self.open_options(Work::Look, &WaitArguments::default());
        Engine::migrate(&options).await.map_err(name_variable)
    }

    /// Follows a deployment and then ends the engine.
    pub(crate) async fn follow(
        &mut self,
        engine: &Engine,
        handle: &DeploymentHandle,
        on_interrupt: OnInterrupt,
        wait: &WaitArguments,
    ) -> Result<Exit> {
        let mut view = self.view(wait.quiet);
        let follow = Follow {
            handle,
            view: view.as_mut(),
            interrupts: &mut self.interrupts,
            on_interrupt,
            timeout: wait.timeout,
        };
        let exit = follow.run().await;
        self.close(engine).await;
        exit
    }

    /// Ends the engine; what it has not finished is handed back.
    pub(crate) async fn close(&mut self, engine: &Engine) {
        tokio::select! {
            ended = tokio::time::timeout(SHUTDOWN_MAX, engine.shutdown()) => {
                if ended.is_err() {
                    tracing::warn!("the engine did not stop in time; its lease ends by itself");
                }
            }
            // Whoever asks once more does not want to wait: the lease ends by itself, too.
            _ = self.interrupts.next() => {}
        }
    }

    fn view(&self, quiet: bool) -> Box<dyn View> {
        let output = std::io::stdout();
        if self.json {
            return Box::new(JsonView::new(output));
        }
        if quiet {
            return Box::new(PlainView::quiet(output));
        }
        // Log lines of the program itself would be written across a live view.
        let live = output.is_terminal() && self.config.terminal_moves && self.config.log.is_none();
        if live {
            return Box::new(LiveView::new(output, self.config.colour));
        }
        Box::new(PlainView::new(output))
    }

    /// Writes a line of text.
    ///
    /// # Errors
    ///
    /// `cancelled` when nobody reads any more.
    pub(crate) fn say(&self, line: &Line) -> Result<()> {
        let colour = self.config.colour && std::io::stdout().is_terminal();
        write(&line.render(colour, None))
    }

    /// Writes a line of plain text.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        self.say(&Line::of(Tone::Plain, text))
    }

    /// Says something that is not the answer itself.
    pub(crate) fn remark(&self, text: &str) {
        if self.json {
            return;
        }
        let colour = self.config.colour && std::io::stderr().is_terminal();
        complain(
            &Line::of(Tone::Warn, "warning: ")
                .with(Tone::Plain, clean(text))
                .render(colour, None),
        );
    }
}

/// The settings of an engine go by other names in the environment.
pub(crate) fn name_variable(error: Error) -> Error {
    let named = [
        ("secretKey", "DOKPLOY_SECRET_KEY"),
        ("databaseUrl", "DATABASE_URL"),
        ("redisUrl", "REDIS_URL"),
        ("docker.host", "DOCKER_HOST"),
        ("docker.tls", "DOCKER_CERT_PATH"),
        ("dataDir", "DOKPLOY_DATA_DIR"),
    ];
    let variable = error.violations().first().and_then(|violation| {
        let name = named.iter().find(|(field, _)| *field == violation.field)?.1;
        Some(format!("{name}: {}", violation.message))
    });
    let Some(message) = variable else {
        return error;
    };
    let named = Error::new(error.kind(), message);
    match error.hint() {
        Some(hint) => named.with_hint(hint),
        None => named,
    }
}

/// Whether a person looks at the output.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

pub(crate) fn write(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(|error| {
            Error::new(ErrorKind::Cancelled, "nobody reads the output any more").with_source(error)
        })
}

/// Writes a JSON value on a line.
pub(crate) fn write_json(value: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(value).map_err(|error| {
        Error::new(
            ErrorKind::Unexpected,
            "the answer cannot be written as JSON",
        )
        .with_source(error)
    })?;
    write(&line)
}

/// Writes the result of a command that did what was asked.
pub(crate) fn write_result(status: &str, name: &str, value: impl Serialize) -> Result<()> {
    write_json(&result(Exit::Success, status, name, value))
}

fn complain(line: &str) {
    // There is no other place to say that this one is gone.
    let _gone = writeln!(std::io::stderr(), "{line}");
}

/// Says what went wrong, and ends the command with its code.
pub(crate) fn report(error: &Error, json: bool) -> Exit {
    let exit = Exit::of_error(error);
    if json {
        let _gone = write_json(&result(exit, "error", "error", error_shape(error)));
        return exit;
    }
    if std::error::Error::source(error).is_some_and(|source| {
        source
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    }) {
        return exit;
    }
    complain(&format!("error: {}", clean(error.message())));
    for cause in error.causes() {
        complain(&format!("  because {}", clean(&cause)));
    }
    if let Some(hint) = error.hint() {
        complain(&format!("  next    {}", clean(hint)));
    }
    exit
}

/// Log lines of the program itself go to standard error; those of a command only when they are asked for.
pub(crate) fn start_tracing(config: &Config, is_server: bool) {
    let preset = is_server.then_some("info");
    let Some(filter) = config.log.as_deref().or(preset) else {
        return;
    };
    let Ok(filter) = EnvFilter::try_new(filter) else {
        return;
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        subscriber.json().init();
    } else {
        subscriber
            .with_ansi(config.colour && std::io::stderr().is_terminal())
            .init();
    }
}

/// How long ago something was: `12 s`, `3 min`, `5 h`, `2 d`.
pub(crate) fn age(at: dokploy_core::clock::Timestamp) -> String {
    let seconds = SystemClock.now().since(at).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

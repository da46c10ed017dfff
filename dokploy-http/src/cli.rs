//! The command line: parse, call the engine in this process, render.

pub mod arguments;
pub mod exit;
pub mod secret;
pub mod source;
pub mod specification;
pub mod view;

mod commands;
mod credentials;
mod follow;
pub(crate) mod interrupt;
mod known_hosts;
mod lookup;
mod session;
mod table;

use std::process::ExitCode;

use clap::Parser as _;
use dokploy_core::model::ActorRef;
use dokploy_core::{Error, Result};

use self::arguments::{Arguments, Command, GlobalArguments};
use self::exit::Exit;
use self::session::Session;
use crate::config::{Config, Environment};

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.global.json;
    let exit = match run(arguments) {
        Ok(exit) => exit,
        Err(error) => session::report(&error, json),
    };
    exit.into()
}

fn run(arguments: Arguments) -> Result<Exit> {
    let environment = Environment::of_process();
    let mut config = Config::read(&environment)?;
    let command = arguments.command.unwrap_or(Command::Serve);
    session::start_tracing(&config, matches!(command, Command::Serve));
    if let Some(directory) = arguments.global.data_dir.clone() {
        config.data_dir = directory;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(
                dokploy_core::ErrorKind::Unexpected,
                "the runtime cannot be started",
            )
            .with_source(error)
        })?;
    let exit = runtime.block_on(dispatch(arguments.global, command, config, environment));
    // What blocks in the background, as a resolver that waits for its server, must not hold up the end.
    runtime.shutdown_background();
    exit
}

async fn dispatch(
    global: GlobalArguments,
    command: Command,
    config: Config,
    environment: Environment,
) -> Result<Exit> {
    let session = Session::new(global, config, environment)?;
    match command {
        Command::Serve => commands::serve::run(session).await,
        Command::Openapi => commands::openapi::run(&session),
        Command::Deploy(deploy) => commands::deploy::run(session, &deploy).await,
        Command::Plan(plan) => commands::plan::run(session, &plan).await,
        Command::Rollback(rollback) => commands::rollback::run(session, &rollback).await,
        Command::Logs(logs) => commands::logs::run(session, &logs).await,
        Command::Ps => commands::ps::run(session).await,
        Command::Cancel(cancel) => commands::cancel::run(session, &cancel).await,
        Command::Releases(name) => commands::releases::run(session, &name).await,
        Command::Rm(name) => commands::rm::run(session, &name).await,
        Command::Migrate => commands::migrate::run(session).await,
    }
}

/// Who asks, as recorded.
fn actor() -> ActorRef {
    ActorRef("cli".to_owned())
}

//! `dokploy logs`

use std::collections::VecDeque;

use dokploy_core::id::DeploymentId;
use dokploy_core::runtime::{LogStream, ServiceLogQuery};
use dokploy_core::{Deployer as _, DeploymentHandle, Engine, Error, Result};
use futures::StreamExt as _;
use serde_json::json;

use crate::cli::arguments::{LogsArguments, WaitArguments};
use crate::cli::exit::Exit;
use crate::cli::follow::OnInterrupt;
use crate::cli::interrupt::Asked;
use crate::cli::lookup;
use crate::cli::session::{Session, Work, is_terminal, write_json};
use crate::cli::view::clean;

pub(crate) async fn run(mut session: Session, arguments: &LogsArguments) -> Result<Exit> {
    if let Ok(id) = arguments.what.parse::<DeploymentId>() {
        return of_deployment(session, id, arguments).await;
    }
    let engine = session.open(Work::Look, &WaitArguments::default()).await?;
    let shown = of_application(&mut session, &engine, arguments).await;
    session.close(&engine).await;
    shown
}

/// The log of a deployment. Who follows one that was left unfinished brings it to its end.
async fn of_deployment(
    mut session: Session,
    id: DeploymentId,
    arguments: &LogsArguments,
) -> Result<Exit> {
    let work = if arguments.follow {
        Work::Deploy
    } else {
        Work::Look
    };
    let engine = session.open(work, &WaitArguments::default()).await?;
    let known = engine.find(id).await.and_then(|found| {
        found
            .map(|_| ())
            .ok_or_else(|| Error::not_found("deployment", id))
    });
    if let Err(error) = known {
        session.close(&engine).await;
        return Err(error);
    }
    let handle = DeploymentHandle::new(engine.deployer(), id);
    if arguments.follow {
        return session
            .follow(
                &engine,
                &handle,
                OnInterrupt::Leave,
                &WaitArguments::default(),
            )
            .await;
    }
    let shown = print_log(&session, &handle, arguments.tail).await;
    session.close(&engine).await;
    shown.map(|()| Exit::Success)
}

async fn print_log(session: &Session, handle: &DeploymentHandle, tail: Option<u32>) -> Result<()> {
    let tail = tail.map_or(usize::MAX, |tail| tail as usize);
    let mut kept = VecDeque::new();
    let mut lines = handle.logs(0, false);
    while let Some(line) = lines.next().await {
        let line = line?;
        let text = if session.json {
            json!(line).to_string()
        } else {
            shown(&line.text)
        };
        if tail == usize::MAX {
            session.print(&text)?;
            continue;
        }
        kept.push_back(text);
        if kept.len() > tail {
            kept.pop_front();
        }
    }
    kept.iter().try_for_each(|text| session.print(text))
}

/// What the tasks of an application write.
async fn of_application(
    session: &mut Session,
    engine: &Engine,
    arguments: &LogsArguments,
) -> Result<Exit> {
    let application = lookup::application(engine, &session.project, &arguments.what).await?;
    let query = ServiceLogQuery {
        service: application.service_name,
        tail: arguments.tail,
        follow: arguments.follow,
        ..ServiceLogQuery::default()
    };
    let mut lines = engine.runtime().service_logs(&query);
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            asked = session.interrupts.next() => {
                return Ok(match asked {
                    // Who follows a log ends it like this: nothing is unfinished.
                    Asked::Interrupt => Exit::Success,
                    Asked::Terminate => Exit::Terminated,
                });
            }
        };
        let Some(line) = line else {
            return Ok(Exit::Success);
        };
        let line = line?;
        if session.json {
            write_json(&json!(line))?;
        } else if line.stream == LogStream::System {
            session.remark(&line.text);
        } else {
            session.print(&shown(&line.text))?;
        }
    }
}

/// A file gets what was written; a terminal nothing that it would obey.
fn shown(text: &str) -> String {
    if is_terminal() {
        clean(text)
    } else {
        text.to_owned()
    }
}

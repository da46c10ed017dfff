//! A build by the classic builder.

use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::RemoveContainerOptions;
use tokio_util::sync::CancellationToken;

use super::super::lines::Lines;
use super::super::{error, image};
use super::buildkit::image_id;
use super::context::Context;
use super::failure;
use super::progress::FailedStep;
use super::request::{Builder, Request};
use crate::error::Result;
use crate::runtime::{LogSink, LogStream};

/// How long the engine may take to remove the container of a build that is cancelled.
const END_MAX: Duration = Duration::from_secs(1);

/// Exit code of a step that was killed.
const KILLED: i64 = 137;
/// Exit code of a step that was asked to end.
const TERMINATED: i64 = 143;
/// How often, and with which pause between, an engine is asked whether it is still there after a step was killed.
const STOP_LOOKS: u32 = 5;
const STOP_PAUSE: Duration = Duration::from_millis(400);

/// Builds; returns the id of the image.
pub(super) async fn run(
    docker: &Docker,
    request: &Request<'_>,
    context: &Context,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<Option<String>> {
    let mut output = Output::new(log);
    if let Some(built) = cancel
        .run_until_cancelled(follow(docker, request, context, &mut output))
        .await
    {
        return built;
    }
    // The engine ends the build because the connection is closed by now; this waits for it.
    output.finish();
    if let Some(container) = &output.container
        && tokio::time::timeout(END_MAX, remove(docker, container))
            .await
            .is_err()
    {
        tracing::debug!("the engine takes long to remove the container of a cancelled build");
    }
    Err(image::cancelled("build_image"))
}

async fn follow(
    docker: &Docker,
    request: &Request<'_>,
    context: &Context,
    output: &mut Output<'_>,
) -> Result<Option<String>> {
    let mut messages = request.send(Builder::Classic, context).await?;
    let mut image = None;
    while let Some(message) = messages
        .next()
        .await
        .map_err(error::during("build_image"))?
    {
        if let Some((code, text)) = message.failure() {
            output.finish();
            if matches!(code, Some(KILLED | TERMINATED)) && is_ending(docker).await {
                return Err(failure::of_engine(text));
            }
            let step = output.failed_step(text);
            return Err(failure::of_step(step.as_ref(), text, code, request.build));
        }
        if let Some(piece) = &message.stream {
            output.push(piece);
        } else if let Some(line) = message.status_line() {
            output.log.line(LogStream::System, line.as_bytes());
        }
        // A build of several stages tells the image of each.
        image = image_id(&message).or(image);
    }
    output.finish();
    Ok(image)
}

/// Whether the engine is about to stop. It ends its containers first, which looks as if the step had failed.
async fn is_ending(docker: &Docker) -> bool {
    for _ in 0..STOP_LOOKS {
        if docker.ping().await.is_err() {
            return true;
        }
        tokio::time::sleep(STOP_PAUSE).await;
    }
    false
}

/// Removing what the engine has removed already, or is about to, is fine.
async fn remove(docker: &Docker, container: &str) {
    let options = RemoveContainerOptions {
        force: true,
        v: true,
        ..RemoveContainerOptions::default()
    };
    if let Err(error) = docker.remove_container(container, Some(options)).await {
        tracing::debug!(%error, "the container of a cancelled build is removed by the engine");
    }
}

/// How the builder marks what a step writes to standard error.
const STDERR_BEGIN: &str = "\u{1b}[91m";
const STDERR_END: &str = "\u{1b}[0m";

/// How the builder's own sentences begin.
const BUILDER_SAYS: [&str; 5] = [
    "Step ",
    " ---> ",
    "Removing intermediate container ",
    "Successfully built ",
    "Successfully tagged ",
];

struct Output<'a> {
    log: &'a dyn LogSink,
    stdout: Lines,
    stderr: Lines,
    /// The current step, as in `2/3 : RUN make`.
    step: Option<String>,
    /// The container in which the current step runs.
    container: Option<String>,
}

impl<'a> Output<'a> {
    fn new(log: &'a dyn LogSink) -> Self {
        Self {
            log,
            stdout: Lines::default(),
            stderr: Lines::default(),
            step: None,
            container: None,
        }
    }

    fn push(&mut self, piece: &str) {
        let log = self.log;
        if let Some(text) = piece
            .strip_prefix(STDERR_BEGIN)
            .and_then(|text| text.strip_suffix(STDERR_END))
        {
            self.stderr
                .push(text.as_bytes(), |line| log.line(LogStream::Stderr, line));
            return;
        }
        // The builder's own sentences come in pieces of their own, also after output without the end of a line.
        if BUILDER_SAYS.iter().any(|begin| piece.starts_with(begin)) {
            self.finish();
        }
        let (step, container) = (&mut self.step, &mut self.container);
        self.stdout.push(piece.as_bytes(), |line| {
            let text = String::from_utf8_lossy(line);
            if let Some(rest) = text.strip_prefix("Step ") {
                *step = Some(rest.to_owned());
                *container = None;
            } else if let Some(id) = text.strip_prefix(" ---> Running in ") {
                *container = Some(id.trim().to_owned());
            }
            let stream = if BUILDER_SAYS.iter().any(|begin| text.starts_with(begin)) {
                LogStream::System
            } else {
                LogStream::Stdout
            };
            log.line(stream, line);
        });
    }

    fn finish(&mut self) {
        let log = self.log;
        self.stdout.finish(|line| log.line(LogStream::Stdout, line));
        self.stderr.finish(|line| log.line(LogStream::Stderr, line));
    }

    fn failed_step(&self, error: &str) -> Option<FailedStep> {
        let (_, name) = self.step.as_deref()?.split_once(" : ")?;
        Some(FailedStep {
            name: name.to_owned(),
            error: error.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<(LogStream, String)>>);

    impl LogSink for Kept {
        fn line(&self, stream: LogStream, text: &[u8]) {
            let text = String::from_utf8_lossy(text).into_owned();
            self.0.lock().unwrap().push((stream, text));
        }
    }

    #[test]
    fn output_is_told_apart_and_the_current_step_and_container_are_known() {
        let kept = Kept::default();
        let mut output = Output::new(&kept);
        for piece in [
            "Step 2/3 : RUN make",
            "\n",
            " ---> Running in 0123456789ab\n",
            "out",
            "\u{1b}[91mbad\u{1b}[0m",
            "\u{1b}[91m news\n\u{1b}[0m",
            "put\nno end",
        ] {
            output.push(piece);
        }
        assert_eq!(output.container.as_deref(), Some("0123456789ab"));
        assert_eq!(output.failed_step("x").unwrap().name, "RUN make");
        output.push("Removing intermediate container 0123456789ab\n");
        output.push("Step 3/3 : CMD x\n");
        assert_eq!(output.container, None);
        let line = |stream, text: &str| (stream, text.to_owned());
        assert_eq!(
            kept.0.lock().unwrap()[..],
            [
                line(LogStream::System, "Step 2/3 : RUN make"),
                line(LogStream::System, " ---> Running in 0123456789ab"),
                line(LogStream::Stderr, "bad news"),
                line(LogStream::Stdout, "output"),
                line(LogStream::Stdout, "no end"),
                line(
                    LogStream::System,
                    "Removing intermediate container 0123456789ab"
                ),
                line(LogStream::System, "Step 3/3 : CMD x"),
            ]
        );
    }
}

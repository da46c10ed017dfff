//! Plain lines, for files, pipes and continuous integration: nothing is ever overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::{Event, EventKind, Step, TaskView};
use dokploy_core::model::Deployment;

use super::View;
use super::board::{describe_output, seconds, step_name};
use super::outcome::outcome;
use super::text::clean;
use crate::cli::exit::Exit;

/// Writes one line for each thing that happens.
#[derive(Debug)]
pub struct PlainView<W> {
    output: W,
    /// Whether only the end is written.
    quiet: bool,
    started: Option<Timestamp>,
    last: Duration,
    /// State of each task, as it was last said.
    tasks: BTreeMap<String, String>,
    message: String,
    /// Steps whose output was written.
    shown: BTreeSet<Step>,
}

impl<W: Write + Send> PlainView<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output,
            quiet: false,
            started: None,
            last: Duration::ZERO,
            tasks: BTreeMap::new(),
            message: String::new(),
            shown: BTreeSet::new(),
        }
    }

    /// Writes only how the deployment ended.
    pub fn quiet(output: W) -> Self {
        Self {
            quiet: true,
            ..Self::new(output)
        }
    }

    /// What was written to.
    pub fn into_output(self) -> W {
        self.output
    }

    fn say(&mut self, text: &str) {
        let time = seconds(self.last);
        self.write(&format!("{time:>9}  {text}"));
    }

    fn write(&mut self, line: &str) {
        // See the trait: a reader that has gone must not end a deployment.
        let _gone = writeln!(self.output, "{line}").and_then(|()| self.output.flush());
    }

    fn say_tasks(&mut self, tasks: &[TaskView]) {
        for task in tasks {
            let before = self.tasks.insert(task.id.clone(), task.state.clone());
            if before.as_ref() == Some(&task.state) || (before.is_none() && !task.new) {
                continue;
            }
            let age = if task.new { "new" } else { "old" };
            let message = task.message.as_deref().map(clean);
            let message = message
                .map(|message| format!(": {message}"))
                .unwrap_or_default();
            self.say(&format!(
                "  task {} ({age}) is {}{message}",
                task.slot, task.state
            ));
        }
    }
}

impl<W: Write + Send> View for PlainView<W> {
    fn event(&mut self, event: &Event) {
        if self.quiet {
            return;
        }
        let started = *self.started.get_or_insert(event.at);
        self.last = event.at.since(started);
        match &event.kind {
            EventKind::Claimed { attempt, .. } if *attempt > 1 => {
                self.say("its worker was lost: another one goes on");
            }
            EventKind::StepStarted { step } => self.say(&step_name(*step)),
            EventKind::StepProgressed { message, tasks, .. } => {
                self.say_tasks(tasks);
                if self.message != *message {
                    self.say(&format!("  {}", clean(message)));
                    self.message.clone_from(message);
                }
            }
            EventKind::StepFinished { step, output } => match describe_output(output).as_str() {
                "" => self.say(&format!("{}: done", step_name(*step))),
                text => self.say(&format!("{}: {text}", step_name(*step))),
            },
            EventKind::StepFailed { step, failure } => {
                self.say(&format!(
                    "{} failed: {}",
                    step_name(*step),
                    clean(&failure.message)
                ));
            }
            EventKind::Warned { message } => self.say(&format!("warning: {}", clean(message))),
            EventKind::CancelRequested { .. } => self.say("cancelling"),
            EventKind::HandedBack { .. } => self.say("handed back by its worker"),
            _ => {}
        }
    }

    fn line(&mut self, line: &LogLine) {
        if self.quiet {
            return;
        }
        self.shown.insert(line.step);
        let text = clean(&line.text);
        self.write(&format!("           | {text}"));
    }

    fn note(&mut self, text: &str) {
        self.write(&format!("           {text}"));
    }

    fn tick(&mut self, _: Timestamp) {}

    fn end(&mut self, deployment: &Deployment, exit: Exit, _: &[LogLine]) {
        for line in outcome(deployment, exit, |step| self.shown.contains(&step)) {
            self.write(&line.text());
        }
    }
}

//! What is known about a deployment that goes on, and how it looks on a terminal at a moment.

use std::collections::VecDeque;
use std::time::Duration;

use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::{Event, EventKind, Step, StepOutput, TaskView};

use super::text::{Line, Tone, clean};

/// Lines of the log that are shown of a step that runs.
const TAIL_LINES: usize = 6;
/// Lines besides the tasks that a terminal has to have room for.
const LINES_BESIDES_TASKS: usize = 16;

/// What is known about a deployment that goes on. A pure function of its events and the time.
#[derive(Debug, Default)]
pub struct Board {
    started: Option<Timestamp>,
    steps: Vec<StepLine>,
    tasks: Vec<TaskLine>,
    tail: VecDeque<String>,
    healthy_until: Option<Timestamp>,
    notes: Vec<(Tone, String)>,
}

#[derive(Debug)]
struct StepLine {
    step: Step,
    since: Timestamp,
    until: Option<Timestamp>,
    mark: Mark,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Running,
    Finished,
    Skipped,
    Failed,
}

#[derive(Debug)]
struct TaskLine {
    view: TaskView,
    since: Timestamp,
}

impl Board {
    /// Takes in what happened.
    pub fn event(&mut self, event: &Event) {
        self.started.get_or_insert(event.at);
        match &event.kind {
            EventKind::StepStarted { step } => self.start(*step, event.at),
            EventKind::StepProgressed {
                step,
                message,
                tasks,
                monitoring,
                ..
            } => {
                self.set(*step, |line| line.text = clean(message));
                self.set_tasks(tasks, event.at);
                self.healthy_until = monitoring.map(|left| event.at.plus(left));
            }
            EventKind::StepFinished { step, output } => {
                let skipped = matches!(output, StepOutput::Skipped { .. });
                self.finish(
                    *step,
                    event.at,
                    if skipped {
                        Mark::Skipped
                    } else {
                        Mark::Finished
                    },
                );
                self.set(*step, |line| line.text = describe_output(output));
            }
            EventKind::StepFailed { step, failure } => {
                self.finish(*step, event.at, Mark::Failed);
                self.set(*step, |line| line.text = clean(&failure.message));
            }
            EventKind::Claimed { attempt, .. } if *attempt > 1 => {
                self.note(Tone::Warn, "its worker was lost: another one goes on");
            }
            EventKind::Warned { message } => self.note(Tone::Warn, &format!("warning: {message}")),
            // Whoever asked here has been told more.
            EventKind::CancelRequested { .. } if self.notes.is_empty() => {
                self.note(Tone::Warn, "cancelling");
            }
            _ => {}
        }
    }

    /// Takes in a line of the log.
    pub fn line(&mut self, line: &LogLine) {
        let text = clean(&line.text);
        if text.trim().is_empty() {
            return;
        }
        self.tail.push_back(text);
        if self.tail.len() > TAIL_LINES {
            self.tail.pop_front();
        }
    }

    /// Adds a remark below the steps.
    pub fn note(&mut self, tone: Tone, text: &str) {
        let note = (tone, clean(text));
        if self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
    }

    fn start(&mut self, step: Step, at: Timestamp) {
        self.tail.clear();
        self.tasks.clear();
        self.healthy_until = None;
        // A step begins again after a crash, and its line with it.
        self.steps.retain(|line| line.step != step);
        let (mark, text) = (Mark::Running, String::new());
        self.steps.push(StepLine {
            step,
            since: at,
            until: None,
            mark,
            text,
        });
    }

    fn finish(&mut self, step: Step, at: Timestamp, mark: Mark) {
        self.tail.clear();
        self.healthy_until = None;
        if mark != Mark::Failed {
            self.tasks.clear();
        }
        self.set(step, |line| {
            line.until = Some(at);
            line.mark = mark;
        });
    }

    fn set(&mut self, step: Step, change: impl FnOnce(&mut StepLine)) {
        if let Some(line) = self.steps.iter_mut().find(|line| line.step == step) {
            change(line);
        }
    }

    fn set_tasks(&mut self, views: &[TaskView], at: Timestamp) {
        let known = std::mem::take(&mut self.tasks);
        let since = |view: &TaskView| {
            let same = |line: &&TaskLine| line.view.id == view.id && line.view.state == view.state;
            known.iter().find(same).map_or(at, |line| line.since)
        };
        self.tasks = views
            .iter()
            .map(|view| TaskLine {
                since: since(view),
                view: view.clone(),
            })
            .collect();
    }

    /// How it looks now on a terminal of `height` lines. `spinner` is the sign for what goes on.
    pub fn frame(&self, now: Timestamp, spinner: char, height: usize) -> Vec<Line> {
        let mut frame = Vec::new();
        if self.steps.is_empty() {
            let waited = self
                .started
                .map_or(Duration::ZERO, |started| now.since(started));
            frame.push(
                Line::of(Tone::Warn, format!("  {spinner} waiting for its turn"))
                    .with(Tone::Dim, format!("  {}", seconds(waited))),
            );
        }
        for line in &self.steps {
            frame.push(line.render(now, spinner));
            if line.mark == Mark::Running {
                let tail = self.tail.iter();
                frame.extend(tail.map(|text| Line::of(Tone::Dim, format!("      │ {text}"))));
            }
        }
        self.render_tasks(now, height, &mut frame);
        if let Some(until) = self.healthy_until {
            let left = until.since(now).as_secs_f64().ceil();
            let text = format!("      all healthy; a success if they stay so for {left:.0} s more");
            frame.push(Line::of(Tone::Good, text));
        }
        frame.extend(
            self.notes
                .iter()
                .map(|(tone, note)| Line::of(*tone, format!("  ! {note}"))),
        );
        frame
    }

    fn render_tasks(&self, now: Timestamp, height: usize, frame: &mut Vec<Line>) {
        let room = height.saturating_sub(LINES_BESIDES_TASKS).max(3);
        frame.extend(self.tasks.iter().take(room).map(|task| task.render(now)));
        if self.tasks.len() > room {
            let hidden = self.tasks.len() - room;
            frame.push(Line::of(
                Tone::Dim,
                format!("      … and {hidden} more tasks"),
            ));
        }
    }
}

impl StepLine {
    fn render(&self, now: Timestamp, spinner: char) -> Line {
        let (tone, sign) = match self.mark {
            Mark::Running => (Tone::Warn, spinner),
            Mark::Finished => (Tone::Good, '✔'),
            Mark::Skipped => (Tone::Dim, '–'),
            Mark::Failed => (Tone::Bad, '✘'),
        };
        let took = self.until.unwrap_or(now).since(self.since);
        Line::of(tone, format!("  {sign} "))
            .with(Tone::Strong, format!("{:<17}", step_name(self.step)))
            .with(Tone::Dim, format!("{:>8}  ", seconds(took)))
            .with(Tone::Plain, self.text.clone())
    }
}

impl TaskLine {
    fn render(&self, now: Timestamp) -> Line {
        let TaskView {
            slot,
            state,
            new,
            message,
            ..
        } = &self.view;
        let tone = match state.as_str() {
            "healthy" | "running" => Tone::Good,
            "failed" | "rejected" | "unhealthy" => Tone::Bad,
            _ => Tone::Warn,
        };
        let age = if *new { "new" } else { "old" };
        let message = message.as_deref().map(clean).unwrap_or_default();
        Line::of(Tone::Plain, format!("      task {slot:<3} {age}  "))
            .with(tone, format!("{state:<10}"))
            .with(
                Tone::Dim,
                format!("{:>7}  {message}", seconds(now.since(self.since))),
            )
    }
}

/// The name of a step for people.
pub(super) fn step_name(step: Step) -> String {
    step.as_str().replace('_', " ")
}

/// What a step found or made, in a few words.
pub(super) fn describe_output(output: &StepOutput) -> String {
    match output {
        StepOutput::Skipped { why } => clean(why),
        StepOutput::Done => String::new(),
        StepOutput::Resolved { revision } => {
            let message = revision.message.as_deref().map(clean).unwrap_or_default();
            format!("{} {message}", revision.short())
                .trim_end()
                .to_owned()
        }
        StepOutput::Built {
            image,
            reused: true,
            ..
        } => format!("{image}, which is there already"),
        StepOutput::Built { image, .. } => image.clone(),
        StepOutput::Pinned { image_reference } => image_reference.clone(),
        StepOutput::Applied { changed: true, .. } => "Swarm has the new specification".to_owned(),
        StepOutput::Applied { .. } => "nothing to change".to_owned(),
        StepOutput::Restored {
            release_id: Some(_),
            ..
        } => "the previous release serves again".to_owned(),
        StepOutput::Restored { .. } => "there was none: the broken service is stopped".to_owned(),
    }
}

/// A time to look at: `0.4 s`, `12.0 s`, `3 min 20 s`.
pub(super) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(100) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

//! `BuildKit`'s account of a build, as plain lines: `#5 [2/3] RUN make`, `#5 0.123 text`, `#5 DONE 1.2s`.

use std::collections::{HashMap, HashSet};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{
    StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning,
};

use super::super::lines::Lines;
use crate::runtime::{LogSink, LogStream};

/// Number of the stream that is standard error.
const STDERR: i64 = 2;

/// What is known about a build by now.
pub(super) struct Progress<'a> {
    log: &'a dyn LogSink,
    steps: HashMap<String, Step>,
    failed: Option<FailedStep>,
}

/// The step by which a build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedStep {
    /// As `BuildKit` names it: `[2/3] RUN make`.
    pub(super) name: String,
    /// What happened.
    pub(super) error: String,
}

#[derive(Default)]
struct Step {
    number: usize,
    started: Option<f64>,
    is_announced: bool,
    is_done: bool,
    stdout: Lines,
    stderr: Lines,
    said: HashSet<String>,
}

impl<'a> Progress<'a> {
    /// Nothing yet.
    pub(super) fn new(log: &'a dyn LogSink) -> Self {
        Self {
            log,
            steps: HashMap::new(),
            failed: None,
        }
    }

    /// Takes what is new and says it.
    pub(super) fn update(&mut self, new: &StatusResponse) {
        for vertex in &new.vertexes {
            self.start(vertex);
        }
        for log in &new.logs {
            self.output(log);
        }
        for status in &new.statuses {
            self.status(status);
        }
        for warning in &new.warnings {
            self.warn(warning);
        }
        // The last lines of a step come together with its end, or before.
        for vertex in &new.vertexes {
            if let Some(completed) = &vertex.completed {
                self.complete(vertex, completed);
            }
        }
    }

    /// Says a line of the engine itself.
    pub(super) fn say(&self, line: &str) {
        self.log.line(LogStream::System, line.as_bytes());
    }

    /// Says what is left where the output ended without the end of a line.
    pub(super) fn finish(&mut self) {
        let mut open: Vec<_> = self.steps.values_mut().collect();
        open.sort_by_key(|step| step.number);
        for step in open {
            step.flush(self.log);
        }
    }

    /// The step by which the build failed.
    pub(super) fn failed_step(&self) -> Option<&FailedStep> {
        self.failed.as_ref()
    }

    fn step(&mut self, digest: &str) -> &mut Step {
        let number = self.steps.len() + 1;
        self.steps.entry(digest.to_owned()).or_insert_with(|| Step {
            number,
            ..Step::default()
        })
    }

    fn start(&mut self, vertex: &Vertex) {
        let log = self.log;
        let step = self.step(&vertex.digest);
        if let Some(started) = &vertex.started {
            step.started = Some(seconds(started));
        }
        let is_to_be_seen = vertex.started.is_some() || vertex.cached || vertex.completed.is_some();
        if is_to_be_seen && !step.is_announced {
            step.is_announced = true;
            say(log, step.number, &one_line(&vertex.name));
        }
    }

    fn complete(&mut self, vertex: &Vertex, completed: &Timestamp) {
        let log = self.log;
        let step = self.step(&vertex.digest);
        step.flush(log);
        // A step that several others wait for ends several times; only a failure is still news then.
        if step.is_done && vertex.error.is_empty() {
            return;
        }
        step.is_done = true;
        let number = step.number;
        let is_cancelled = vertex.error.ends_with("context canceled");
        if is_cancelled {
            say(log, number, "CANCELED");
        } else if !vertex.error.is_empty() {
            say(log, number, &format!("ERROR: {}", one_line(&vertex.error)));
        } else if vertex.cached {
            say(log, number, "CACHED");
        } else {
            let started = step.started.unwrap_or_default();
            let elapsed = (seconds(completed) - started).max(0.0);
            say(log, number, &format!("DONE {elapsed:.1}s"));
        }
        if !vertex.error.is_empty() && !is_cancelled && self.failed.is_none() {
            self.failed = Some(FailedStep {
                name: one_line(&vertex.name),
                error: vertex.error.clone(),
            });
        }
    }

    fn output(&mut self, new: &VertexLog) {
        let log = self.log;
        let step = self.step(&new.vertex);
        let (number, started) = (step.number, step.started);
        let at = new.timestamp.as_ref().map(seconds);
        let elapsed = at
            .zip(started)
            .map_or(0.0, |(at, start)| at - start)
            .max(0.0);
        let (stream, lines) = if new.stream == STDERR {
            (LogStream::Stderr, &mut step.stderr)
        } else {
            (LogStream::Stdout, &mut step.stdout)
        };
        lines.push(&new.msg, |line| {
            say_output(log, stream, number, Some(elapsed), line);
        });
    }

    fn status(&mut self, new: &VertexStatus) {
        let log = self.log;
        let step = self.step(&new.vertex);
        // What is on its way is only a bar that moves; what is done is a line, once.
        if new.completed.is_some() && step.said.insert(new.id.clone()) {
            let what = if new.id.is_empty() {
                &new.name
            } else {
                &new.id
            };
            say(log, step.number, &format!("{} done", one_line(what)));
        }
    }

    fn warn(&mut self, new: &VertexWarning) {
        let log = self.log;
        let number = self.step(&new.vertex).number;
        let short = String::from_utf8_lossy(&new.short);
        say(log, number, &format!("WARNING: {}", one_line(&short)));
    }
}

impl Step {
    fn flush(&mut self, log: &dyn LogSink) {
        let number = self.number;
        self.stdout
            .finish(|line| say_output(log, LogStream::Stdout, number, None, line));
        self.stderr
            .finish(|line| say_output(log, LogStream::Stderr, number, None, line));
    }
}

fn say(log: &dyn LogSink, number: usize, text: &str) {
    log.line(LogStream::System, format!("#{number} {text}").as_bytes());
}

fn say_output(
    log: &dyn LogSink,
    stream: LogStream,
    number: usize,
    elapsed: Option<f64>,
    line: &[u8],
) {
    let mut text = match elapsed {
        Some(elapsed) => format!("#{number} {elapsed:.3} ").into_bytes(),
        None => format!("#{number} ").into_bytes(),
    };
    text.extend_from_slice(line);
    log.line(stream, &text);
}

/// A `RUN` with a here-document has many lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seconds(at: &Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a time of this century has room in a double"
    )]
    let whole = at.seconds as f64;
    whole + f64::from(at.nanos) / 1e9
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

    impl Kept {
        fn texts(&self) -> Vec<String> {
            self.0
                .lock()
                .unwrap()
                .iter()
                .map(|(_, text)| text.clone())
                .collect()
        }
    }

    fn at(seconds: i64, nanos: i32) -> Timestamp {
        Timestamp { seconds, nanos }
    }

    fn vertex(digest: &str, name: &str) -> Vertex {
        Vertex {
            digest: digest.to_owned(),
            name: name.to_owned(),
            ..Vertex::default()
        }
    }

    fn output(digest: &str, stream: i64, text: &str) -> VertexLog {
        VertexLog {
            vertex: digest.to_owned(),
            timestamp: Some(at(10, 123_000_000)),
            stream,
            msg: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_build_is_told_in_plain_lines() {
        let kept = Kept::default();
        let mut progress = Progress::new(&kept);
        let mut from = vertex("a", "[1/2] FROM base");
        let mut run = vertex("b", "[2/2] RUN make\n  all");
        progress.update(&StatusResponse {
            vertexes: vec![from.clone(), run.clone()],
            ..StatusResponse::default()
        });
        assert_eq!(kept.texts(), [""; 0], "what has not begun is not said");
        from.cached = true;
        from.started = Some(at(9, 0));
        from.completed = Some(at(9, 0));
        run.started = Some(at(10, 0));
        progress.update(&StatusResponse {
            vertexes: vec![from, run.clone()],
            logs: vec![output("b", 1, "one\ntw"), output("b", 2, "oops\n")],
            ..StatusResponse::default()
        });
        run.completed = Some(at(11, 500_000_000));
        progress.update(&StatusResponse {
            vertexes: vec![run],
            logs: vec![output("b", 1, "o\nthree")],
            ..StatusResponse::default()
        });
        assert_eq!(
            kept.texts(),
            [
                "#1 [1/2] FROM base",
                "#2 [2/2] RUN make all",
                "#2 0.123 one",
                "#2 0.123 oops",
                "#1 CACHED",
                "#2 0.123 two",
                "#2 three",
                "#2 DONE 1.5s",
            ]
        );
        let streams: Vec<_> = kept
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|(stream, _)| *stream)
            .collect();
        assert_eq!(streams[2..4], [LogStream::Stdout, LogStream::Stderr]);
        assert_eq!(progress.failed_step(), None);
    }

    #[test]
    fn the_first_step_that_fails_is_the_cause_and_one_that_is_cancelled_is_not() {
        let kept = Kept::default();
        let mut progress = Progress::new(&kept);
        let failing = |digest: &str, error: &str| Vertex {
            started: Some(at(1, 0)),
            completed: Some(at(2, 0)),
            error: error.to_owned(),
            ..vertex(digest, &format!("[{digest}] RUN x"))
        };
        progress.update(&StatusResponse {
            vertexes: vec![
                failing("1/3", "process did not complete: context canceled"),
                failing("2/3", "exit code: 3"),
                failing("3/3", "exit code: 4"),
            ],
            ..StatusResponse::default()
        });
        let failed = progress.failed_step().unwrap();
        assert_eq!(failed.name, "[2/3] RUN x");
        assert_eq!(failed.error, "exit code: 3");
        assert_eq!(
            kept.texts(),
            [
                "#1 [1/3] RUN x",
                "#2 [2/3] RUN x",
                "#3 [3/3] RUN x",
                "#1 CANCELED",
                "#2 ERROR: exit code: 3",
                "#3 ERROR: exit code: 4",
            ]
        );
    }
}

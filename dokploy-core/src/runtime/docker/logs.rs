//! Output of services and tasks.
//!
//! The requests are made here and not through bollard, which has no parameter `details`: without it nobody can tell
//! which task wrote a line.

mod frames;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::body_full;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;

use self::frames::Frames;
use super::connect::Engine;
use super::error::during;
use super::lines::Lines;
use super::service as services;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::runtime::{LogStream, ServiceLogLine, ServiceLogQuery};

/// How long the last lines of a task may take: they may have to come from another node, and that may be down.
const TAIL_TIME: Duration = Duration::from_secs(10);

type BollardError = bollard::errors::Error;

/// The last lines of one task.
pub(super) async fn task_tail(engine: &Engine, task_id: &str, lines: u32) -> Result<Vec<String>> {
    let request = Logs {
        tail: Some(lines),
        ..Logs::of_task(task_id)
    };
    let mut output = request.open(engine).await.map_err(during("task_tail"))?;
    let mut tail = VecDeque::new();
    let read = async {
        while let Some(line) = output.next().await {
            let line = line?;
            // What the engine says about the log is no output of the task.
            if line.stream != LogStream::System {
                if tail.len() == lines as usize {
                    tail.pop_front();
                }
                tail.push_back(line.text);
            }
        }
        Ok(())
    };
    if let Ok(done) = tokio::time::timeout(TAIL_TIME, read).await {
        done?;
    }
    Ok(tail.into())
}

/// Output of a service, or of one of its tasks.
pub(super) fn service(
    docker: &Docker,
    engine: &Arc<Engine>,
    query: &ServiceLogQuery,
) -> BoxStream<'static, Result<ServiceLogLine>> {
    let (docker, engine, query) = (docker.clone(), Arc::clone(engine), query.clone());
    let opened = async move {
        match open(&docker, &engine, &query).await {
            Ok(output) => output.stream(query.since),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    };
    stream::once(opened).flatten().boxed()
}

async fn open(docker: &Docker, engine: &Engine, query: &ServiceLogQuery) -> Result<Output> {
    let found = services::find(docker, &query.service).await?;
    let found = found.ok_or_else(|| Error::not_found("service", &query.service))?;
    let request = match &query.task {
        Some(task) => Logs::of_task(task),
        None => Logs::of_service(&found.id.unwrap_or_default()),
    };
    let request = Logs {
        follow: query.follow,
        tail: query.tail,
        since: query.since,
        ..request
    };
    request.open(engine).await.map_err(during("service_logs"))
}

/// What is asked of the engine.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) path: String,
    pub(super) follow: bool,
    pub(super) tail: Option<u32>,
    pub(super) since: Option<Timestamp>,
}

impl Logs {
    pub(super) fn of_task(id: &str) -> Self {
        Self::at("tasks", id)
    }

    pub(super) fn of_service(id: &str) -> Self {
        Self::at("services", id)
    }

    fn at(kind: &str, id: &str) -> Self {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        Self {
            path: format!("/{kind}/{id}/logs"),
            ..Self::default()
        }
    }

    fn uri(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for flag in ["stdout", "stderr", "timestamps", "details"] {
            query.append_pair(flag, "1");
        }
        query.append_pair("follow", if self.follow { "1" } else { "0" });
        if let Some(tail) = self.tail {
            query.append_pair("tail", &tail.to_string());
        }
        if let Some(since) = self.since {
            let micros = since.unix_micros();
            let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
            query.append_pair("since", &format!("{seconds}.{rest:06}"));
        }
        format!("{}?{}", self.path, query.finish())
    }

    pub(super) async fn open(&self, engine: &Engine) -> Result<Output, BollardError> {
        let request = Request::get(self.uri()).body(body_full(Bytes::new()))?;
        // Only the beginning of the answer has to be in time: a service may be silent for long.
        let answer = tokio::time::timeout(engine.timeout(), engine.answer(request)).await;
        let answer = answer.map_err(|_| BollardError::RequestTimeoutError)??;
        Ok(Output {
            body: answer.into_body(),
            frames: Frames::default(),
            unfinished: HashMap::new(),
            ready: VecDeque::new(),
        })
    }
}

/// Lines as they come.
#[derive(Debug)]
pub(super) struct Output {
    body: Incoming,
    frames: Frames,
    /// Lines whose end has not come yet: a long line comes in parts, and those of several tasks may alternate.
    unfinished: HashMap<(Option<String>, LogStream), Lines>,
    ready: VecDeque<ServiceLogLine>,
}

impl Output {
    /// The next line, or `None` after the last one.
    pub(super) async fn next(&mut self) -> Option<Result<ServiceLogLine>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            match self.body.frame().await {
                None => return self.finish().map(Ok),
                Some(Err(error)) => return Some(Err(during("service_logs")(error.into()))),
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.take(bytes);
                    }
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let Self {
            frames,
            unfinished,
            ready,
            ..
        } = self;
        frames.push(bytes, |stream, payload| {
            let message = Message::parse(stream, payload);
            let key = (message.task.clone(), stream);
            let lines = unfinished.entry(key).or_default();
            lines.push(message.text, |text| {
                ready.push_back(message.line(stream, text));
            });
        });
    }

    /// What is left without the end of a line.
    fn finish(&mut self) -> Option<ServiceLogLine> {
        let ready = &mut self.ready;
        for ((task, stream), mut lines) in self.unfinished.drain() {
            lines.finish(|text| {
                ready.push_back(ServiceLogLine {
                    at: None,
                    task: task.clone(),
                    stream,
                    text: String::from_utf8_lossy(text).into_owned(),
                });
            });
        }
        self.ready.pop_front()
    }

    /// All lines since a moment, which the engine itself compares by the second only.
    fn stream(self, since: Option<Timestamp>) -> BoxStream<'static, Result<ServiceLogLine>> {
        stream::unfold(self, |mut output| async {
            let line = output.next().await?;
            Some((line, output))
        })
        .filter(move |line| {
            let at = line.as_ref().ok().and_then(|line| line.at);
            let is_early = at.zip(since).is_some_and(|(at, since)| at < since);
            std::future::ready(!is_early)
        })
        .boxed()
    }
}

/// One message: `<time> <details> <text>`.
struct Message<'a> {
    at: Option<Timestamp>,
    task: Option<String>,
    text: &'a [u8],
}

impl<'a> Message<'a> {
    fn parse(stream: LogStream, payload: &'a [u8]) -> Self {
        let plain = Self {
            at: None,
            task: None,
            text: payload,
        };
        if stream == LogStream::System {
            return plain;
        }
        let mut parts = payload.splitn(3, |byte| *byte == b' ');
        let mut word = || std::str::from_utf8(parts.next()?).ok();
        let (time, details) = (word(), word());
        let Some(at) = time.and_then(|time| time.parse().ok()) else {
            return plain;
        };
        Self {
            at: Some(at),
            task: details.and_then(task_of),
            text: parts.next().unwrap_or_default(),
        }
    }

    fn line(&self, stream: LogStream, text: &[u8]) -> ServiceLogLine {
        ServiceLogLine {
            at: self.at,
            task: self.task.clone(),
            stream,
            text: String::from_utf8_lossy(text).into_owned(),
        }
    }
}

fn task_of(details: &str) -> Option<String> {
    let mut pairs = details.split(',').filter_map(|pair| pair.split_once('='));
    let task = pairs.find(|(name, _)| *name == "com.docker.swarm.task.id");
    task.map(|(_, id)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart_into_time_task_and_text() {
        let payload = b"2026-01-02T03:04:05.123456789Z com.docker.swarm.node.id=n,\
            com.docker.swarm.service.id=s,com.docker.swarm.task.id=t some  text\n";
        let message = Message::parse(LogStream::Stdout, payload);
        assert_eq!(
            message.at.unwrap().to_string(),
            "2026-01-02T03:04:05.123456Z"
        );
        assert_eq!(message.task.as_deref(), Some("t"));
        assert_eq!(message.text, b"some  text\n");
    }

    #[test]
    fn what_is_no_message_is_kept_whole() {
        let message = Message::parse(LogStream::Stdout, b"just text");
        assert_eq!((message.at, message.text), (None, &b"just text"[..]));
        let message = Message::parse(LogStream::System, b"2026-01-02T03:04:05Z a b");
        assert_eq!(message.text, b"2026-01-02T03:04:05Z a b");
    }

    #[test]
    fn what_is_asked_for_is_in_the_address() {
        let logs = Logs {
            tail: Some(5),
            since: Some(Timestamp::from_unix_micros(1_500_000).unwrap()),
            ..Logs::of_service("a/../b")
        };
        assert_eq!(
            logs.uri(),
            "/services/a%2F..%2Fb/logs?stdout=1&stderr=1&timestamps=1&details=1&follow=0&tail=5&since=1.500000"
        );
    }
}

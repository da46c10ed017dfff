//! One socket: what the client asks for, what it watches, and how it ends.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, WebSocket};
use dokploy_core::access::Actor;
use dokploy_core::bus::Signal;
use dokploy_core::control::{ControlPlane, ServiceLogRequest, Subject};
use dokploy_core::id::UserId;
use dokploy_core::{Error, ErrorKind, Result, Retry};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::time::Instant;
use tokio_stream::StreamMap;

use super::message::{Item, Message, Request, failure};
use super::outbox::{self, Gone};
use super::topic;
use crate::server::AppState;

/// Subjects that one socket may watch.
pub(super) const TOPICS_MAX: usize = 50;

/// How often the client is asked whether it is there, and who it is now.
const BEAT: Duration = Duration::from_secs(10);

/// How long a client may be silent.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// Lines of a running service that come first.
const SERVICE_LINES: u32 = 100;

/// Why a server closes a socket.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The server stops.
    GoingAway,
    /// The session or the token has ended.
    Unauthenticated,
    /// The client is gone, or does not read or answer.
    Gone,
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// What a subject says next.
enum Next {
    Item(Item),
    Failed(Error),
    /// There is nothing more to come.
    End,
}

/// Serves a socket until it ends.
pub(super) async fn serve(mut socket: WebSocket, state: AppState, actor: Actor) {
    let mut watching = Watching::new(&state, actor);
    let end = tokio::select! {
        () = state.closing().cancelled() => End::GoingAway,
        end = watching.run(&mut socket) => match end {
            Ok(()) => End::Gone,
            Err(end) => end,
        },
    };
    drop(watching);
    match end {
        End::GoingAway => outbox::close(socket, 1001, "the server stops").await,
        End::Unauthenticated => outbox::close(socket, 4401, "the session has ended").await,
        End::Gone => {}
    }
}

struct Watching<'a> {
    state: &'a AppState,
    actor: Actor,
    topics: StreamMap<Subject, BoxStream<'static, Next>>,
    /// Number of the last item that was sent of each subject.
    sent: HashMap<Subject, u64>,
    signals: BoxStream<'static, Signal>,
    beat_at: Instant,
    heard_at: Instant,
}

impl<'a> Watching<'a> {
    fn new(state: &'a AppState, actor: Actor) -> Self {
        Self {
            state,
            actor,
            topics: StreamMap::new(),
            sent: HashMap::new(),
            signals: state.control().engine().bus().subscribe(),
            beat_at: Instant::now() + BEAT,
            heard_at: Instant::now(),
        }
    }

    /// Runs until the client closes the socket.
    async fn run(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        loop {
            let user = self.actor.user_id();
            tokio::select! {
                // Who it is comes first: nothing is sent to somebody who may not see it any more.
                biased;
                () = told_of(&mut self.signals, user) => self.recheck().await?,
                () = tokio::time::sleep_until(self.beat_at) => self.beat(socket).await?,
                frame = socket.recv() => match frame {
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return Ok(()),
                    Some(Ok(frame)) => self.hear(socket, frame).await?,
                },
                Some((subject, next)) = self.topics.next(), if !self.topics.is_empty() => {
                    self.tell(socket, subject, next).await?;
                }
            }
        }
    }

    async fn beat(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if self.heard_at.elapsed() > SILENCE_MAX {
            return Err(End::Gone);
        }
        self.recheck().await?;
        self.beat_at = Instant::now() + BEAT;
        self.send(socket, Frame::Ping(bytes::Bytes::new())).await
    }

    /// Looks who the actor is now. A store that is away for a moment ends nothing: the subjects wait by themselves.
    async fn recheck(&mut self) -> Result<(), End> {
        match self.state.control().recheck(&self.actor).await {
            Ok(actor) => self.actor = actor,
            Err(error) if error.is_retryable() => {}
            Err(_) => return Err(End::Unauthenticated),
        }
        Ok(())
    }

    async fn hear(&mut self, socket: &mut WebSocket, frame: Frame) -> Result<(), End> {
        self.heard_at = Instant::now();
        let Frame::Text(text) = frame else {
            return Ok(());
        };
        let request = match admit(self.state, self.actor.user_id(), &text).await {
            Ok(request) => request,
            Err(error) => return self.refuse(socket, None, &error).await,
        };
        match request {
            Request::Subscribe { topics, after } => {
                for name in topics {
                    self.subscribe(socket, &name, after).await?;
                }
            }
            Request::Unsubscribe { topics } => {
                for subject in topics.iter().filter_map(|name| topic::parse(name).ok()) {
                    self.forget(subject);
                }
            }
        }
        Ok(())
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        name: &str,
        after: u64,
    ) -> Result<(), End> {
        let subject = match self.may_watch(name) {
            Ok(subject) => subject,
            Err(error) => return self.refuse(socket, Some(name), &error).await,
        };
        let items = match open(self.state.control(), &self.actor, subject, after).await {
            Ok(items) => items,
            Err(error) => return self.refuse(socket, Some(name), &error).await,
        };
        self.sent.insert(subject, after);
        self.topics.insert(subject, items);
        let subscribed = Message {
            event: "subscribed",
            topic: Some(name),
            seq: None,
            data: None,
        };
        self.send(socket, Frame::Text(subscribed.text().into()))
            .await
    }

    fn may_watch(&self, name: &str) -> Result<Subject> {
        let subject = topic::parse(name)?;
        if !self.topics.contains_key(&subject) && self.topics.len() >= TOPICS_MAX {
            let message = format!("a socket watches at most {TOPICS_MAX} subjects");
            return Err(Error::new(ErrorKind::RateLimited, message));
        }
        Ok(subject)
    }

    async fn refuse(
        &mut self,
        socket: &mut WebSocket,
        name: Option<&str>,
        error: &Error,
    ) -> Result<(), End> {
        let refusal = Message {
            event: "error",
            topic: name,
            seq: None,
            data: Some(failure(error)),
        };
        self.send(socket, Frame::Text(refusal.text().into())).await
    }

    async fn tell(
        &mut self,
        socket: &mut WebSocket,
        subject: Subject,
        next: Next,
    ) -> Result<(), End> {
        let name = topic::name(subject);
        let (event, seq, data) = match next {
            Next::Item(item) => {
                if let (Some(seq), Some(sent)) = (item.seq, self.sent.get_mut(&subject)) {
                    *sent = seq;
                }
                (item.event, item.seq, Some(item.data))
            }
            Next::Failed(error) => {
                self.forget(subject);
                ("closed", None, Some(failure(&error)))
            }
            Next::End => {
                self.forget(subject);
                ("end", None, None)
            }
        };
        let message = Message {
            event,
            topic: Some(&name),
            seq,
            data,
        };
        self.send(socket, Frame::Text(message.text().into())).await
    }

    /// Sends something. A client that is too slow loses its subjects, and is told of each where it may go on as soon
    /// as it reads again.
    async fn send(&mut self, socket: &mut WebSocket, frame: Frame) -> Result<(), End> {
        if outbox::send(socket, frame).await? {
            return Ok(());
        }
        self.topics.clear();
        let lagging: Vec<_> = self.sent.drain().collect();
        outbox::caught_up(socket).await?;
        for (subject, seq) in lagging {
            let lagged = Message {
                event: "lagged",
                topic: Some(&topic::name(subject)),
                seq: Some(seq),
                data: None,
            };
            outbox::send(socket, Frame::Text(lagged.text().into())).await?;
        }
        self.heard_at = Instant::now();
        Ok(())
    }

    fn forget(&mut self, subject: Subject) {
        self.topics.remove(&subject);
        self.sent.remove(&subject);
    }
}

/// Reads a request, which counts like any other of its user.
async fn admit(state: &AppState, user: Option<UserId>, text: &str) -> Result<Request> {
    if let Some(user) = user {
        let key = format!("http:user:{user}");
        let limiter = state.control().engine().limiter();
        let verdict = limiter.take(&key, state.config().rate_limit).await;
        if !verdict.allowed {
            return Err(Error::new(ErrorKind::RateLimited, "too many requests")
                .with_retry(Retry::After(Some(verdict.retry_after))));
        }
    }
    let request: Request = serde_json::from_str(text)
        .map_err(|error| Error::invalid_field("message", error.to_string()))?;
    let (Request::Subscribe { topics, .. } | Request::Unsubscribe { topics }) = &request;
    // Each of them is looked up: a message must not cost more than a request.
    if topics.len() > TOPICS_MAX {
        let message = format!("are more than the {TOPICS_MAX} that a socket watches");
        return Err(Error::invalid_field("topics", message));
    }
    Ok(request)
}

/// Waits for a signal that something about a user changed.
async fn told_of(signals: &mut BoxStream<'static, Signal>, user: Option<UserId>) {
    while let Some(signal) = signals.next().await {
        if matches!(signal, Signal::Access { user: changed } if Some(changed) == user) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// What a subject says, to somebody who may watch it.
async fn open(
    control: &ControlPlane,
    actor: &Actor,
    subject: Subject,
    after: u64,
) -> Result<BoxStream<'static, Next>> {
    Ok(match subject {
        Subject::Deployment(id) => nexts(control.progress(actor, id, after, true).await?),
        Subject::Application(id) => nexts(control.application_progress(actor, id).await?),
        Subject::Project(id) => nexts(control.project_progress(actor, id).await?),
        Subject::DeploymentLogs(id) => {
            nexts(control.deployment_logs(actor, id, after, true).await?)
        }
        Subject::ApplicationLogs(id) => {
            let request = ServiceLogRequest {
                tail: Some(SERVICE_LINES),
                follow: true,
                ..ServiceLogRequest::default()
            };
            nexts(control.service_logs(actor, id, request).await?)
        }
    })
}

fn nexts<T: Into<Item> + 'static>(
    items: BoxStream<'static, Result<T>>,
) -> BoxStream<'static, Next> {
    let items = items.map(|item| match item {
        Ok(item) => Next::Item(item.into()),
        Err(error) => Next::Failed(error),
    });
    items.chain(stream::once(async { Next::End })).boxed()
}

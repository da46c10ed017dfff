//! The log of a build: complete, in order, live, readable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dokploy_core::runtime::{BuildRequest, LogSink, LogStream};
use dokploy_core::{ContainerRuntime, ErrorKind};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Log, files, wait_until};

fn with_either_builder(engine: &Engine) -> [BuildRequest; 2] {
    let limited = BuildRequest {
        memory_limit: Some(256 << 20),
        image: format!("{}:2", engine.name),
        ..engine.request()
    };
    [engine.request(), limited]
}

#[tokio::test]
async fn a_long_log_is_complete_and_in_order_or_says_where_it_is_cut() {
    let Some(engine) = Engine::find() else { return };
    for request in with_either_builder(&engine) {
        let counter = Arc::new(Counter::default());
        let dockerfile =
            engine.dockerfile("RUN seq -f 'line %.0f' 1 100000 2>/dev/null || seq 1 100000");
        let never = CancellationToken::new();
        let context = files(&[("Dockerfile", &dockerfile)]);
        engine
            .runtime
            .build_image(&request, context, counter.clone(), &never)
            .await
            .unwrap();
        let last = counter.last.load(Ordering::Relaxed);
        let misplaced = counter.misplaced.load(Ordering::Relaxed);
        let cuts = counter.cuts.load(Ordering::Relaxed);
        if request.memory_limit.is_none() && cuts > 0 {
            // BuildKit itself cuts what is much or fast, in the middle of a line, and says so in each place.
            assert!(misplaced <= cuts, "{misplaced} gaps, {cuts} of them marked");
        } else {
            assert_eq!((last, misplaced, cuts), (100_000, 0, 0));
        }
    }
}

/// Counts numbered lines without keeping them.
#[derive(Debug, Default)]
struct Counter {
    last: AtomicUsize,
    misplaced: AtomicUsize,
    cuts: AtomicUsize,
}

impl LogSink for Counter {
    fn line(&self, stream: LogStream, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        if text.contains("log limit") {
            self.cuts.fetch_add(1, Ordering::Relaxed);
        } else if stream == LogStream::Stdout
            && let Some(number) = text.rsplit(' ').next().and_then(|word| word.parse().ok())
        {
            let before = self.last.swap(number, Ordering::Relaxed);
            if number != before + 1 {
                self.misplaced.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[tokio::test]
async fn output_is_readable_whatever_a_step_prints() {
    let Some(engine) = Engine::find() else { return };
    for request in with_either_builder(&engine) {
        let dockerfile = engine.dockerfile(
            "RUN printf 'Grüße, 世界\\n' && printf '10%%\\r50%%\\r100%%\\n' && printf 'no end'\n\
             RUN head -c 200000 /dev/zero | tr '\\0' x && echo",
        );
        let built = engine.build(&request, &dockerfile).await;
        built.image();
        let text = built.log.text();
        assert!(built.log.printed("Grüße, 世界"), "{text:.2000}");
        assert!(built.log.printed("100%"), "{text:.2000}");
        assert!(
            !text.contains("50%") || text.contains("RUN printf"),
            "{text:.2000}"
        );
        assert!(built.log.printed("no end"), "{text:.2000}");
        let lines = built.log.lines();
        assert!(lines.iter().all(|(_, line)| line.len() < 70_000));
        let printed: usize = lines
            .iter()
            .map(|(_, line)| line.matches("xxxxxxxx").count() * 8)
            .sum();
        assert!(printed > 199_000, "{printed} of a long line came");
    }
}

#[tokio::test]
async fn lines_come_while_the_step_runs() {
    let Some(engine) = Engine::find() else { return };
    for request in with_either_builder(&engine) {
        let log = Arc::new(Log::default());
        let cancel = CancellationToken::new();
        let dockerfile = engine.dockerfile("RUN echo here; sleep 600");
        let build = engine.runtime.build_image(
            &request,
            files(&[("Dockerfile", &dockerfile)]),
            log.clone(),
            &cancel,
        );
        let seen = async {
            wait_until("the first line of the step", || {
                log.lines()
                    .iter()
                    .any(|(stream, line)| *stream == LogStream::Stdout && line.ends_with("here"))
            })
            .await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(build, seen);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[tokio::test]
async fn a_context_that_ends_early_says_why() {
    let Some(engine) = Engine::find() else { return };
    for request in with_either_builder(&engine) {
        let broken = futures::stream::once(async {
            Err(dokploy_core::Error::new(
                ErrorKind::SourceFailed,
                "the repository is damaged",
            ))
        });
        let dockerfile = engine.dockerfile("RUN echo too far");
        let context = files(&[("Dockerfile", &dockerfile)]).take(1).chain(broken);
        let built = engine.build_from(&request, context.boxed()).await;
        assert_eq!(
            built.error().kind(),
            ErrorKind::SourceFailed,
            "{:?}",
            built.error()
        );
        assert!(!built.log.printed("too far"));
    }
}

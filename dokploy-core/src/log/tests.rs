use std::io::Write as _;

use futures::{FutureExt as _, StreamExt as _};
use proptest::prelude::*;
use tokio::sync::oneshot;

use super::*;
use crate::runtime::{LogSink, LogStream};
use crate::secret::Secret;

const SMALL: LogLimits = LogLimits {
    head_bytes: 100_000,
    tail_bytes: 10_000,
};

fn store(limits: LogLimits) -> (tempfile::TempDir, LogStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LogStore::open(folder.path().join("logs"), limits).unwrap();
    (folder, store)
}

async fn writer(store: &LogStore, id: DeploymentId) -> LogWriter {
    let redactor = Redactor::new(&[Secret::new("hunter2-hunter2")]);
    store.writer(id, Step::BuildImage, redactor).await.unwrap()
}

fn out(writer: &LogWriter, text: &str) {
    writer.line(LogStream::Stdout, text.as_bytes());
}

async fn lines(store: &LogStore, id: DeploymentId, after: u64) -> Vec<LogLine> {
    let lines: Vec<_> = store.read(id, after, None).collect().await;
    lines.into_iter().map(Result::unwrap).collect()
}

async fn texts(store: &LogStore, id: DeploymentId) -> Vec<String> {
    let lines = lines(store, id, 0).await;
    assert!(lines.iter().map(|line| line.seq).eq(1..=lines.len() as u64));
    lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test]
async fn lines_are_masked_numbered_and_told_apart() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    out(&writer, "password is hunter2-hunter2");
    writer.line(LogStream::Stderr, b"not \xff text");
    writer.at_step(Step::PushImage).say("pushing \"it\"");
    let lines = lines(&store, id, 0).await;
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line.seq, line.step, line.stream, line.text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                1,
                Step::BuildImage,
                LogStream::Stdout,
                "password is [secret]"
            ),
            (2, Step::BuildImage, LogStream::Stderr, "not \u{fffd} text"),
            (3, Step::PushImage, LogStream::System, "pushing \"it\""),
        ]
    );
    assert!(lines.is_sorted_by_key(|line| line.at));
}

#[tokio::test]
async fn a_reader_follows_until_it_is_told_that_nothing_more_comes() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let (end, ended) = oneshot::channel::<()>();
    // It may come before the log does.
    let mut reader = store.read(id, 1, Some(ended.map(|_| ()).boxed()));
    assert!(reader.next().now_or_never().is_none());
    let writer = writer(&store, id).await;
    for number in 1..=3 {
        out(&writer, &number.to_string());
    }
    assert_eq!(reader.next().await.unwrap().unwrap().text, "2");
    assert_eq!(reader.next().await.unwrap().unwrap().text, "3");
    assert!(reader.next().now_or_never().is_none());
    out(&writer, "4");
    assert_eq!(reader.next().await.unwrap().unwrap().text, "4");
    out(&writer, "5");
    end.send(()).unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap().text, "5");
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn a_log_goes_on_after_a_crash_without_what_was_torn() {
    for torn in [
        &b"{\"seq\":3,\"at\":\"2026-01-01T0"[..],
        b"\0\0\0\0\0\0",
        b"\0\0\0\n\0\0\n",
        b"",
    ] {
        let (_folder, store) = store(LogLimits::default());
        let id = DeploymentId::new();
        let before = writer(&store, id).await;
        out(&before, "one");
        out(&before, "two");
        before.finish().await.unwrap();
        drop(before);
        let path = store.path(id);
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(torn).unwrap();
        store.close().await;
        assert_eq!(texts(&store, id).await, ["one", "two"], "{torn:?}");
        let store = LogStore::open(path.parent().unwrap(), LogLimits::default()).unwrap();
        let after = writer(&store, id).await;
        out(&after, "three");
        assert_eq!(texts(&store, id).await, ["one", "two", "three"], "{torn:?}");
    }
}

#[tokio::test]
async fn a_dropped_writer_leaves_nothing_unwritten() {
    let (_folder, store) = store(SMALL);
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    for number in 0..5000 {
        out(&writer, &number.to_string());
    }
    drop(writer);
    store.close().await;
    let file = std::fs::read_to_string(store.path(id)).unwrap();
    assert!(file.ends_with("\"text\":\"4999\"}\n"));
}

#[tokio::test]
async fn two_writers_of_one_log_share_its_numbers() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let (first, second) = (writer(&store, id).await, writer(&store, id).await);
    out(&first, "a");
    out(&second, "b");
    drop(first);
    out(&second, "c");
    assert_eq!(texts(&store, id).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_log_beyond_its_limit_keeps_its_beginning_and_its_end() {
    let (_folder, store) = store(SMALL);
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    let count = 20_000;
    for number in 1..=count {
        out(&writer, &format!("line {number}"));
    }
    let head = texts(&store, id).await;
    assert!(head.last().unwrap().contains("has reached 100000 bytes"));
    writer.say("the build failed");
    writer.finish().await.unwrap();
    let texts = texts(&store, id).await;
    let size = std::fs::metadata(store.path(id)).unwrap().len();
    assert!(
        size <= SMALL.head_bytes + 2 * SMALL.tail_bytes as u64,
        "{size}"
    );

    let mark = texts
        .iter()
        .position(|text| text.contains("are cut here"))
        .unwrap();
    assert_eq!(mark, head.len());
    assert_eq!(texts[0], "line 1");
    let head_lines = mark - 1;
    assert_eq!(texts[head_lines - 1], format!("line {head_lines}"));
    let tail = &texts[mark + 1..];
    assert_eq!(tail.last().unwrap(), "the build failed");
    let cut = count - head_lines - (tail.len() - 1);
    assert!(
        texts[mark].starts_with(&format!("[{cut} lines, ")),
        "{}",
        texts[mark]
    );
    assert_eq!(tail[0], format!("line {}", head_lines + cut + 1));
}

#[tokio::test]
async fn a_log_that_ends_just_beyond_its_limit_is_cut_nowhere() {
    let (_folder, store) = store(SMALL);
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    while !texts(&store, id)
        .await
        .last()
        .is_some_and(|text| text.contains("reached"))
    {
        for _ in 0..10 {
            out(&writer, "x");
        }
    }
    writer.finish().await.unwrap();
    let texts = texts(&store, id).await;
    assert!(!texts.iter().any(|text| text.contains("cut here")));
    assert_eq!(texts.iter().filter(|text| *text == "x").count() % 10, 0);
}

#[tokio::test]
async fn a_reader_starts_after_any_line_of_a_long_log() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    let count = 10_000;
    for number in 1..=count {
        out(&writer, &"x".repeat(number % 200));
    }
    for after in [1, 2, 777, 5_000, 9_998, 9_999, 10_000, 20_000] {
        let numbers: Vec<_> = lines(&store, id, after)
            .await
            .iter()
            .map(|line| line.seq)
            .collect();
        assert!(
            numbers.iter().copied().eq(after + 1..=count as u64),
            "after {after}"
        );
    }
}

#[tokio::test]
async fn a_long_line_is_cut_where_no_secret_shows() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    for before in LINE_BYTES_MAX - 20..LINE_BYTES_MAX + 2 {
        let text = format!("{}hunter2-hunter2{}", "x".repeat(before), "y".repeat(100));
        out(&writer, &text);
        out(&writer, &text[..before + 8]);
    }
    for text in texts(&store, id).await {
        assert!(
            !text.contains("hunter2-hun"),
            "{}",
            &text[LINE_BYTES_MAX - 30..]
        );
        assert!(text.len() <= LINE_BYTES_MAX + 20);
        assert!(text.len() <= LINE_BYTES_MAX || text.ends_with(" [line cut]"));
    }
}

#[tokio::test]
async fn a_deleted_log_has_no_lines() {
    let (_folder, store) = store(LogLimits::default());
    let id = DeploymentId::new();
    let writer = writer(&store, id).await;
    out(&writer, "one");
    writer.finish().await.unwrap();
    drop(writer);
    store.close().await;
    store.delete(id).await.unwrap();
    store.delete(id).await.unwrap();
    assert!(texts(&store, id).await.is_empty());
}

#[derive(Default)]
struct Lines(Mutex<Vec<Vec<u8>>>);

impl LogSink for Lines {
    fn line(&self, _stream: LogStream, text: &[u8]) {
        lock(&self.0).push(text.to_vec());
    }
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let sink = Lines::default();
    let mut buffer = LineBuffer::new(LogStream::Stdout);
    let chunk = vec![b'x'; 64 * 1024];
    for _ in 0..1000 {
        buffer.push(&chunk, &sink);
    }
    buffer.push(b"\nnext", &sink);
    buffer.finish(&sink);
    let lines = lock(&sink.0);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].len() > LINE_BYTES_MAX && lines[0].len() <= 2 * LINE_BYTES_MAX);
    assert_eq!(lines[1], b"next");
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_the_chunks(text in "[ab\r\n]{0,40}", sizes in proptest::collection::vec(1..7_usize, 40)) {
        let sink = Lines::default();
        let mut buffer = LineBuffer::new(LogStream::Stdout);
        let mut rest = text.as_bytes();
        for size in sizes {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            buffer.push(chunk, &sink);
            rest = after;
        }
        buffer.push(rest, &sink);
        buffer.finish(&sink);
        let mut expected: Vec<&str> = text.split('\n').collect();
        if expected.last() == Some(&"") {
            expected.pop();
        }
        let expected: Vec<_> = expected.iter().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let lines = lock(&sink.0);
        let lines: Vec<_> = lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
        prop_assert_eq!(lines, expected);
    }
}

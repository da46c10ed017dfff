//! Reads the lines of a deployment, at the reader's pace.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind as IoErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::watch;

use super::{Channel, blocking, failed, lock, record};
use crate::deployer::LogLine;
use crate::error::Result;

/// Bytes that are read at once. A reader holds about twice as much.
const CHUNK_BYTES: usize = 64 * 1024;
/// Room for the longest line in the file, all of whose characters are escaped.
const RECORD_BYTES_MAX: usize = 8 * super::LINE_BYTES_MAX;
/// How often a file is looked at that another process may be writing to.
const POLL_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn stream(
    path: PathBuf,
    channel: Arc<Channel>,
    after: u64,
    until: Option<BoxFuture<'static, ()>>,
) -> BoxStream<'static, Result<LogLine>> {
    let reader = Reader {
        written: channel.written.subscribe(),
        position: Some(Position {
            path,
            file: None,
            rest: Vec::new(),
            after,
        }),
        channel,
        lines: VecDeque::new(),
        is_last: until.is_none(),
        until: until.unwrap_or_else(|| Box::pin(std::future::ready(()))),
    };
    futures::stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next().await {
            Ok(line) => line.map(|line| (Ok(line), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Reader {
    channel: Arc<Channel>,
    written: watch::Receiver<u64>,
    /// Absent while it is being read.
    position: Option<Position>,
    lines: VecDeque<LogLine>,
    until: BoxFuture<'static, ()>,
    /// Nothing is waited for any more.
    is_last: bool,
}

struct Position {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    /// Number of the last line that was delivered or is not wanted.
    after: u64,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<LogLine>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(line));
            }
            if self.is_last {
                write_out(&self.channel).await;
            }
            self.written.mark_unchanged();
            if self.read().await? {
                continue;
            }
            if self.is_last {
                return Ok(None);
            }
            tokio::select! {
                () = &mut self.until => self.is_last = true,
                // The channel lives as long as this reader, so that its sender is there.
                _ = self.written.changed() => {}
                () = tokio::time::sleep(POLL_PAUSE) => {}
            }
        }
    }

    /// Reads one chunk. Returns whether there was anything.
    async fn read(&mut self) -> Result<bool> {
        let Some(mut position) = self.position.take() else {
            return Ok(false);
        };
        let (position, lines) = blocking(move || {
            let lines = position.read()?;
            Ok((position, lines))
        })
        .await?;
        self.position = Some(position);
        let is_some = lines.is_some();
        self.lines.extend(lines.unwrap_or_default());
        Ok(is_some)
    }
}

/// What was said before now is part of what the reader asked for.
async fn write_out(channel: &Channel) {
    let file = lock(&channel.file).upgrade();
    if let Some(file) = file {
        // What cannot be written cannot be read; the writer reports it.
        let _ = blocking(move || file.flush()).await;
    }
}

impl Position {
    /// The whole lines of the next chunk, or `None` at the end of the file.
    fn read(&mut self) -> Result<Option<Vec<LogLine>>> {
        self.read_lines()
            .map_err(|error| failed("read", &self.path, error))
    }

    fn read_lines(&mut self) -> std::io::Result<Option<Vec<LogLine>>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match File::open(&self.path) {
                Ok(mut file) => {
                    seek(&mut file, self.after)?;
                    self.file.insert(file)
                }
                Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let count = file.take(CHUNK_BYTES as u64).read_to_end(&mut self.rest)?;
        if count == 0 {
            return Ok(None);
        }
        let end = self
            .rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let mut lines = Vec::new();
        for line in self.rest[..end].split(|byte| *byte == b'\n') {
            match record::decode(line) {
                Some(line) if line.seq > self.after => {
                    self.after = line.seq;
                    lines.push(line);
                }
                _ => {}
            }
        }
        self.rest.drain(..end);
        Ok(Some(lines))
    }
}

/// Goes to a line that is not after the wanted number, and not far from it.
fn seek(file: &mut File, after: u64) -> std::io::Result<()> {
    let (mut low, mut high) = (0, file.metadata()?.len());
    while after > 0 && high - low > RECORD_BYTES_MAX as u64 {
        let middle = low + (high - low) / 2;
        match next_line(file, middle)? {
            Some((start, seq)) if seq <= after => low = start,
            _ => high = middle,
        }
    }
    file.seek(SeekFrom::Start(low)).map(|_| ())
}

/// Where the first line begins that begins after a place, and its number.
fn next_line(file: &mut File, place: u64) -> std::io::Result<Option<(u64, u64)>> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::new();
    file.take(RECORD_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    let Some(line_end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    let start = line_end + 1;
    Ok(record::seq_of(&bytes[start..]).map(|seq| (place + start as u64, seq)))
}

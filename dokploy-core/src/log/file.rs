//! The file of one log: what is in memory, what is on disk, and what is cut.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::record::{self, Entry};
use super::{Channel, LogLimits, failed, lock};
use crate::clock::{Clock, Timestamp};
use crate::deployment::Step;
use crate::error::Result;
use crate::runtime::LogStream;

/// Bytes in memory at which whoever writes a line writes the file himself instead of leaving it to the flusher.
const BUFFER_BYTES: usize = 256 * 1024;

/// One log while somebody writes to it. Lines go to a buffer in memory, from which they are written in batches.
///
/// Invariant: the file holds whole lines only, numbered without gaps. What could not be written stays in memory and
/// is tried again; when the memory is full, lines are dropped and counted, and a mark says so.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    limits: LogLimits,
    clock: Arc<dyn Clock>,
    channel: Arc<Channel>,
    /// There is something to be written.
    pub(super) wake: Notify,
    /// Locked before `pending` where both are.
    disk: Mutex<Disk>,
    pending: Mutex<Pending>,
}

#[derive(Debug)]
struct Disk {
    file: File,
    /// Bytes of whole lines in the file.
    len: u64,
    /// Being written; otherwise empty, and kept for its memory.
    batch: Vec<u8>,
}

#[derive(Debug)]
struct Pending {
    buffer: Vec<u8>,
    next_seq: u64,
    /// Bytes in the file and in the buffer.
    len: u64,
    /// The end of the log, once its beginning has reached the limit.
    tail: Option<Tail>,
    /// The last attempt to write has failed.
    is_failing: bool,
    /// Lines that were dropped because of that, and where.
    dropped: Option<Dropped>,
}

#[derive(Debug)]
struct Dropped {
    count: u64,
    at: Timestamp,
    step: Step,
}

#[derive(Debug, Default)]
struct Tail {
    entries: VecDeque<Entry>,
    len: usize,
    cut_count: u64,
    cut_bytes: u64,
}

impl LogFile {
    pub(super) fn open(
        path: PathBuf,
        limits: LogLimits,
        clock: Arc<dyn Clock>,
        channel: Arc<Channel>,
    ) -> Result<Self> {
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| recover(&mut file).map(|(len, seq)| (file, len, seq)));
        let (file, len, last_seq) = opened.map_err(|error| failed("open", &path, error))?;
        Ok(Self {
            path,
            limits,
            clock,
            channel,
            wake: Notify::new(),
            disk: Mutex::new(Disk {
                file,
                len,
                batch: Vec::new(),
            }),
            pending: Mutex::new(Pending {
                buffer: Vec::new(),
                next_seq: last_seq + 1,
                len,
                tail: None,
                is_failing: false,
                dropped: None,
            }),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a line, masked.
    pub(super) fn append(&self, step: Step, stream: LogStream, text: String) {
        let mut pending = lock(&self.pending);
        // The time is read under the lock, so that it grows with the numbers.
        let at = self.clock.now();
        if pending.is_failing && pending.buffer.len() >= BUFFER_BYTES {
            let none = Dropped { count: 0, at, step };
            pending.dropped.get_or_insert(none).count += 1;
            return;
        }
        let was_empty = pending.buffer.is_empty();
        pending.mark_dropped();
        let entry = Entry {
            at,
            step,
            stream,
            text,
        };
        pending.append(entry, self.limits);
        let is_first = was_empty && !pending.buffer.is_empty();
        let is_full = pending.buffer.len() >= BUFFER_BYTES && !pending.is_failing;
        drop(pending);
        // What fails here is tried again and reported by whoever writes in the background.
        if is_first || (is_full && self.flush().is_err()) {
            self.wake.notify_one();
        }
    }

    /// Writes what is in the buffer.
    pub(super) fn flush(&self) -> Result<()> {
        let mut disk = lock(&self.disk);
        std::mem::swap(&mut disk.batch, &mut lock(&self.pending).buffer);
        if disk.batch.is_empty() {
            return Ok(());
        }
        let written = disk.write();
        let mut pending = lock(&self.pending);
        pending.is_failing = written.is_err();
        match written {
            Ok(()) => {
                disk.batch.clear();
                self.channel.written.send_replace(disk.len);
                Ok(())
            }
            Err(error) => {
                // The same bytes are written again at the same place: a reader may have seen some of them.
                disk.batch.append(&mut pending.buffer);
                std::mem::swap(&mut disk.batch, &mut pending.buffer);
                Err(failed("write", &self.path, error))
            }
        }
    }

    /// Writes everything, the kept end of a cut log included, and waits until the disk has it. More may follow.
    pub(super) fn finish(&self) -> Result<()> {
        self.flush()?;
        lock(&self.pending).close();
        self.flush()?;
        let disk = lock(&self.disk);
        disk.file
            .sync_data()
            .map_err(|error| failed("write", &self.path, error))
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        // Only a runtime that was shut down leaves something to write here.
        lock(&self.pending).close();
        let _ = self.flush();
    }
}

impl Disk {
    fn write(&mut self) -> std::io::Result<()> {
        match self.file.write_all(&self.batch) {
            Ok(()) => {
                self.len += self.batch.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Part of the batch may be there.
                self.file.set_len(self.len)?;
                Err(error)
            }
        }
    }
}

impl Pending {
    fn append(&mut self, entry: Entry, limits: LogLimits) {
        if self.tail.is_none() && self.len + entry.len() as u64 > limits.head_bytes {
            let mark = format!(
                "[the log has reached {} bytes: of what follows, only the last {} bytes are kept, \
                 and written when it ends]",
                limits.head_bytes, limits.tail_bytes
            );
            self.mark(entry.at, entry.step, mark);
            self.tail = Some(Tail::default());
        }
        match &mut self.tail {
            Some(tail) => tail.push(entry, limits.tail_bytes),
            None => self.write(&entry),
        }
    }

    /// Writes what was held back until nothing more comes.
    fn close(&mut self) {
        self.mark_dropped();
        let Some(tail) = self.tail.as_mut().map(std::mem::take) else {
            return;
        };
        if let (Some(first), 1..) = (tail.entries.front(), tail.cut_count) {
            let mark = format!(
                "[{} lines, {} bytes, are cut here]",
                tail.cut_count, tail.cut_bytes
            );
            self.mark(first.at, first.step, mark);
        }
        for entry in &tail.entries {
            self.write(entry);
        }
    }

    fn mark_dropped(&mut self) {
        if let Some(Dropped { count, at, step }) = self.dropped.take() {
            let mark = format!("[{count} lines are missing here: the log could not be written]");
            self.mark(at, step, mark);
        }
    }

    /// Says something about the log itself.
    fn mark(&mut self, at: Timestamp, step: Step, text: String) {
        let stream = LogStream::System;
        self.write(&Entry {
            at,
            step,
            stream,
            text,
        });
    }

    fn write(&mut self, entry: &Entry) {
        let before = self.buffer.len();
        record::encode(&mut self.buffer, self.next_seq, entry);
        self.next_seq += 1;
        self.len += (self.buffer.len() - before) as u64;
    }
}

impl Tail {
    fn push(&mut self, entry: Entry, bytes_max: usize) {
        self.len += entry.len();
        self.entries.push_back(entry);
        while self.len > bytes_max && self.entries.len() > 1 {
            if let Some(cut) = self.entries.pop_front() {
                self.len -= cut.len();
                self.cut_count += 1;
                self.cut_bytes += cut.text.len() as u64;
            }
        }
    }
}

/// Cuts off what a crash has torn. Returns the length of the whole lines and the number of the last one.
fn recover(file: &mut File) -> std::io::Result<(u64, u64)> {
    let len = file.metadata()?.len();
    let mut window = 256 * 1024;
    loop {
        let start = len.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(len - start).read_to_end(&mut bytes)?;
        if let Some((end, seq)) = last_whole_line(&bytes) {
            let end = start + end as u64;
            if end < len {
                file.set_len(end)?;
            }
            return Ok((end, seq));
        }
        if start == 0 {
            file.set_len(0)?;
            return Ok((0, 0));
        }
        window *= 4;
    }
}

/// Where the last whole line ends, and its number. After a loss of power, whole lines may be followed by zeros.
fn last_whole_line(bytes: &[u8]) -> Option<(usize, u64)> {
    let mut end = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
    loop {
        let start = bytes[..end - 1]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if let Some(line) = record::decode(&bytes[start..end - 1]) {
            return Some((end, line.seq));
        }
        if start == 0 {
            return None;
        }
        end = start;
    }
}

#[cfg(test)]
mod tests;

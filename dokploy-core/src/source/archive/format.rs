//! The formats of archives, told apart by their first bytes, and how their entries are read.

mod tar;
mod zip;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use tokio_util::sync::CancellationToken;

use super::unpack::Unpacker;
use super::{ArchiveLimits, damaged, refused};
use crate::error::{Error, Result};
use crate::source::work::check_cancelled;

/// Bytes that an entry costs in an archive besides its content, generously: headers, long names, padding.
const ENTRY_BYTES: u64 = 4096;

/// Reads all entries of an archive into an unpacker.
pub(super) fn read(
    mut file: File,
    limits: &ArchiveLimits,
    cancel: &CancellationToken,
    unpacker: &mut Unpacker<'_>,
) -> Result<()> {
    let mut magic = [0; 6];
    let length = read_start(&mut file, &mut magic).map_err(damaged)?;
    let meter = Meter::new(
        limits
            .bytes_max
            .saturating_add(limits.entries_max as u64 * ENTRY_BYTES),
        cancel,
    );
    match magic[..length] {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
            zip::read(file, limits, &meter, unpacker)
        }
        [0x1f, 0x8b, ..] => {
            let inflated = MultiGzDecoder::new(BufReader::new(file));
            tar::read(meter.watch(inflated), unpacker)
        }
        [b'B', b'Z', b'h', ..] => Err(unknown("bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Err(unknown("xz")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(unknown("zstd")),
        [b'7', b'z', 0xbc, 0xaf, ..] => Err(unknown("7z")),
        _ => tar::read(meter.watch(BufReader::new(file)), unpacker),
    }
}

fn read_start(file: &mut File, magic: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < magic.len() {
        match file.read(&mut magic[length..])? {
            0 => break,
            read => length += read,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(length)
}

fn unknown(format: &str) -> Error {
    refused(format!("{format} is not supported"))
        .with_hint("pack the source as .tar, .tar.gz or .zip")
}

/// Ends reading when an archive gives more bytes than all its entries together may have, or when nobody waits for it
/// any more.
#[derive(Debug)]
struct Meter<'a> {
    left: Rc<Cell<u64>>,
    cancel: &'a CancellationToken,
}

impl<'a> Meter<'a> {
    fn new(bytes: u64, cancel: &'a CancellationToken) -> Self {
        Self {
            left: Rc::new(Cell::new(bytes)),
            cancel,
        }
    }

    fn set(&self, bytes: u64) {
        self.left.set(bytes);
    }

    fn watch<R>(&self, inner: R) -> Metered<'a, R> {
        Metered {
            inner,
            left: Rc::clone(&self.left),
            cancel: self.cancel,
        }
    }
}

#[derive(Debug)]
struct Metered<'a, R> {
    inner: R,
    left: Rc<Cell<u64>>,
    cancel: &'a CancellationToken,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check_cancelled(self.cancel).map_err(io::Error::other)?;
        let read = self.inner.read(buffer)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(read)
            }
            None => Err(io::Error::other("it holds more than its entries may have")),
        }
    }
}

impl<R: Seek> Seek for Metered<'_, R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

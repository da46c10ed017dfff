//! One tar format for every tree: GNU headers, fixed owner and time, exact bytes as names.

use std::io::{self, Read, Write};

use ::tar::{EntryType, Header};

use super::CHUNK_BYTES;
use crate::error::{Error, ErrorKind, Result};
use crate::source::tree::{FileContent, read_failed};

/// 1980-01-01, the earliest time that every archive format can hold: tools that put the files into a zip fail on 1970.
const MODIFIED: u64 = 315_532_800;
/// Longest name that a header holds itself.
const NAME_MAX: usize = 100;
const BLOCK: u64 = 512;
/// Two empty blocks end an archive.
const END: [u8; 1024] = [0; 1024];

/// Writes the entries of a tree. Equal entries in equal order give equal bytes.
///
/// Nothing is written on drop, so that an archive which was given up never looks complete.
#[derive(Debug)]
pub(crate) struct TarWriter<W> {
    to: W,
    buffer: Vec<u8>,
    bytes: u64,
    bytes_max: u64,
}

impl<W: Write> TarWriter<W> {
    /// Writes to `to`, at most `bytes_max` with the end of the archive.
    pub(crate) fn new(to: W, bytes_max: u64) -> Self {
        Self {
            to,
            buffer: vec![0; CHUNK_BYTES],
            bytes: END.len() as u64,
            bytes_max,
        }
    }

    /// Bytes of everything written, the end of the archive included.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the last entry was one too many.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > self.bytes_max
    }

    pub(crate) fn directory(&mut self, path: &[u8]) -> Result<()> {
        let name = [path, b"/"].concat();
        self.header(EntryType::Directory, &name, &[], 0o755, 0)
    }

    pub(crate) fn symlink(&mut self, path: &[u8], target: &[u8]) -> Result<()> {
        self.header(EntryType::Symlink, path, target, 0o777, 0)
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// `source_failed` when the file does not have as many bytes as it says: the header is sent already, so that
    /// neither padding nor cutting would tell the truth.
    pub(crate) fn file(&mut self, path: &[u8], content: FileContent<'_>) -> Result<()> {
        let FileContent {
            size,
            executable,
            mut reader,
        } = content;
        let mode = if executable { 0o755 } else { 0o644 };
        self.header(EntryType::Regular, path, &[], mode, size)?;
        let mut left = size;
        while left > 0 {
            let most =
                usize::try_from(left).map_or(self.buffer.len(), |left| left.min(self.buffer.len()));
            let read = read(&mut *reader, &mut self.buffer[..most])
                .map_err(|error| read_failed(path, error))?;
            if read == 0 {
                return Err(changed(path));
            }
            self.to
                .write_all(&self.buffer[..read])
                .map_err(write_failed)?;
            left -= read as u64;
        }
        if read(&mut *reader, &mut self.buffer[..1]).map_err(|error| read_failed(path, error))? > 0
        {
            return Err(changed(path));
        }
        self.pad(size)
    }

    /// Writes the end of the archive.
    pub(crate) fn finish(mut self) -> Result<W> {
        self.to.write_all(&END).map_err(write_failed)?;
        Ok(self.to)
    }

    fn header(
        &mut self,
        kind: EntryType,
        path: &[u8],
        link: &[u8],
        mode: u32,
        size: u64,
    ) -> Result<()> {
        self.long_name(EntryType::GNULongLink, link)?;
        self.long_name(EntryType::GNULongName, path)?;
        self.block(kind, path, link, mode, size)
    }

    /// Puts a name that is too long for a header into an entry of its own, as GNU tar does.
    fn long_name(&mut self, kind: EntryType, name: &[u8]) -> Result<()> {
        if name.len() <= NAME_MAX {
            return Ok(());
        }
        let size = name.len() as u64 + 1;
        self.block(kind, b"././@LongLink", &[], 0o644, size)?;
        self.to.write_all(name).map_err(write_failed)?;
        self.to.write_all(&[0]).map_err(write_failed)?;
        self.pad(size)
    }

    fn block(
        &mut self,
        kind: EntryType,
        path: &[u8],
        link: &[u8],
        mode: u32,
        size: u64,
    ) -> Result<()> {
        self.bytes = self
            .bytes
            .saturating_add(BLOCK)
            .saturating_add(size.next_multiple_of(BLOCK));
        if self.is_full() {
            return Err(Error::new(
                ErrorKind::InvalidSpec,
                format!(
                    "the tree is larger than the {} bytes that are allowed",
                    self.bytes_max
                ),
            ));
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(MODIFIED);
        header.set_size(size);
        let old = header.as_old_mut();
        copy(&mut old.name, path);
        copy(&mut old.linkname, link);
        header.set_cksum();
        self.to.write_all(header.as_bytes()).map_err(write_failed)
    }

    /// Fills the last block of a body.
    fn pad(&mut self, size: u64) -> Result<()> {
        let rest = size.next_multiple_of(BLOCK) - size;
        let rest = usize::try_from(rest).unwrap_or_default();
        self.to.write_all(&END[..rest]).map_err(write_failed)
    }
}

fn copy(field: &mut [u8], bytes: &[u8]) {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
}

fn read(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn changed(path: &[u8]) -> Error {
    Error::new(
        ErrorKind::SourceFailed,
        format!(
            "{} changed while it was read",
            String::from_utf8_lossy(path)
        ),
    )
    .with_hint("deploy again when nothing writes to the source any more")
}

/// Unwraps the error that the receiving side put into its `io::Error`.
fn write_failed(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|error| {
        Error::new(ErrorKind::Unexpected, "the tree could not be written").with_source(error)
    })
}

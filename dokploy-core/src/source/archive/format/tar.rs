//! Tar archives: old, ustar, GNU and pax.

use std::io::{self, Read};

use ::tar::{Archive, Entry, EntryType};

use super::super::name::{self, shown};
use super::super::unpack::Unpacker;
use super::super::{damaged, refused};
use crate::error::Result;

/// Most bytes of one entry's pax records.
const PAX_BYTES_MAX: u64 = 1024 * 1024;
/// Most bytes after the end of the archive: tar fills its last record with zeros.
const REST_MAX: u64 = 1024 * 1024;

/// Reads every entry.
///
/// Extension headers are read here and not by the library, which would hold a long name of any size in memory.
pub(super) fn read<R: Read>(reader: R, unpacker: &mut Unpacker<'_>) -> Result<()> {
    let mut archive = Archive::new(reader);
    let mut extension = Extension::default();
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => extension.path = Some(read_name(&mut entry)?),
            EntryType::GNULongLink => extension.link = Some(read_name(&mut entry)?),
            EntryType::XHeader => extension.read_pax(&mut entry)?,
            EntryType::XGlobalHeader => {}
            _ => read_entry(entry, std::mem::take(&mut extension), unpacker)?,
        }
    }
    // Only at its very end does a compressed stream say whether all of it was sound.
    let mut rest = archive.into_inner().take(REST_MAX);
    io::copy(&mut rest, &mut io::sink()).map_err(damaged)?;
    Ok(())
}

fn read_entry<R: Read>(
    mut entry: Entry<'_, R>,
    extension: Extension,
    unpacker: &mut Unpacker<'_>,
) -> Result<()> {
    let path = extension
        .path
        .unwrap_or_else(|| entry.path_bytes().into_owned());
    let link = extension
        .link
        .or_else(|| {
            entry
                .header()
                .link_name_bytes()
                .map(std::borrow::Cow::into_owned)
        })
        .unwrap_or_default();
    let size = entry.size();
    if extension.size.is_some_and(|other| other != size) {
        return Err(refused(format!(
            "the entry {:?} has two sizes",
            shown(&path)
        )));
    }
    match entry.header().entry_type() {
        EntryType::Directory => unpacker.directory(&path),
        // Before ustar, a directory was a file with a slash at its end.
        EntryType::Regular if path.ends_with(b"/") => unpacker.directory(&path),
        EntryType::Regular | EntryType::Continuous => {
            let executable = entry.header().mode().map_err(damaged)? & 0o100 != 0;
            unpacker.file(&path, executable, size, &mut entry)
        }
        EntryType::Symlink => unpacker.symlink(&path, &link),
        EntryType::Link => unpacker.hard_link(&path, &link),
        EntryType::GNUSparse => Err(sparse(&path)),
        _ => Err(refused(format!(
            "the entry {:?} is a device, a pipe or something unknown",
            shown(&path)
        ))),
    }
}

fn sparse(path: &[u8]) -> crate::error::Error {
    refused(format!("the entry {:?} is a sparse file", shown(path)))
        .with_hint("pack it without --sparse")
}

/// Reads the body of a GNU long name entry.
fn read_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>> {
    let mut bytes = read_small(entry, name::BYTES_MAX as u64 + 1)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn read_small<R: Read>(entry: &mut Entry<'_, R>, bytes_max: u64) -> Result<Vec<u8>> {
    if entry.size() > bytes_max {
        return Err(refused(
            "an entry has a name or attributes that are too long",
        ));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}

/// What extension headers say about the entry after them.
#[derive(Debug, Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extension {
    fn read_pax<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<()> {
        let bytes = read_small(entry, PAX_BYTES_MAX)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (key, value, after) =
                pax_record(rest).ok_or_else(|| damaged(io::Error::other("bad pax record")))?;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value)
                        .ok()
                        .and_then(|text| text.parse().ok());
                    self.size =
                        Some(size.ok_or_else(|| damaged(io::Error::other("bad pax size")))?);
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(sparse(b"of this archive")),
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }
}

/// Splits off one record: `<length> <key>=<value>\n`, where the length counts all of it. Values may hold newlines.
fn pax_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &bytes[length..]))
}

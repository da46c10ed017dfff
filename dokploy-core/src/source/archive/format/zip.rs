//! Zip archives.

use std::fs::File;
use std::io::{BufReader, Read};

use ::zip::result::ZipError;
use ::zip::{CompressionMethod, ZipArchive};

use super::super::name::{self, EntryName, shown};
use super::super::unpack::Unpacker;
use super::super::{ArchiveLimits, damaged, refused};
use super::{Meter, unknown};
use crate::error::{Error, Result};

/// Bytes of the directory of a zip for one entry, on average and generously.
const RECORD_BYTES: u64 = 256;
/// Bytes for finding the directory.
const SEARCH_BYTES: u64 = 1024 * 1024;
/// What macOS adds to the zips it makes: attributes of files, nothing of the source.
const MACOS: &str = "__MACOSX";

/// The bits of a mode that hold the type of a file.
const TYPE: u32 = 0o170_000;

/// Reads every entry.
pub(super) fn read(
    file: File,
    limits: &ArchiveLimits,
    meter: &Meter<'_>,
    unpacker: &mut Unpacker<'_>,
) -> Result<()> {
    // The library holds the whole directory in memory: what it may read before its length is known bounds that.
    meter.set(SEARCH_BYTES + RECORD_BYTES.saturating_mul(limits.entries_max as u64));
    let mut archive = ZipArchive::new(meter.watch(BufReader::new(file))).map_err(zip_failed)?;
    meter.set(u64::MAX);
    if archive.has_duplicate_names() {
        return Err(refused("it has two entries of one name"));
    }
    if archive.len() > limits.entries_max {
        return Err(refused(format!(
            "it has more than {} entries",
            limits.entries_max
        )));
    }
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(zip_failed)?;
        let name = entry.name_raw().to_vec();
        if EntryName::parse(&name)?.is_some_and(|name| name.starts_with(MACOS)) {
            continue;
        }
        if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(unknown("the compression of this zip"));
        }
        let mode = entry.unix_mode().unwrap_or_default();
        match mode & TYPE {
            _ if name.ends_with(b"/") => unpacker.directory(&name)?,
            0o040_000 => unpacker.directory(&name)?,
            0o120_000 => {
                let mut target = Vec::new();
                let most = name::BYTES_MAX as u64 + 1;
                entry
                    .by_ref()
                    .take(most)
                    .read_to_end(&mut target)
                    .map_err(damaged)?;
                unpacker.symlink(&name, &target)?;
            }
            0 | 0o100_000 => {
                let size = entry.size();
                unpacker.file(&name, mode & 0o100 != 0, size, &mut entry)?;
            }
            _ => {
                return Err(refused(format!(
                    "the entry {:?} is a device or a pipe",
                    shown(&name)
                )));
            }
        }
    }
    Ok(())
}

fn zip_failed(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => damaged(error),
        ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword => {
            refused("it is encrypted or split").with_source(error)
        }
        other => damaged(std::io::Error::other(other)),
    }
}

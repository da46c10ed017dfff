//! A key ring in a file that only its owner can read.

use std::fs::{self, File};
use std::io::{ErrorKind as IoErrorKind, Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Keyring;
use crate::error::{Error, ErrorKind, Result};

/// Room for thousands of keys; a larger file is something else.
const FILE_BYTES_MAX: u64 = 256 * 1024;

impl Keyring {
    /// Reads the keys of a file in the form of [`Keyring::from_base64`], or creates it with one new key, readable
    /// by its owner alone. Two processes that start together end up with the same key. Blocks for a short time.
    ///
    /// # Errors
    ///
    /// `permission_denied` for a file that others may read, `invalid_spec` for one that holds no good keys,
    /// `unavailable` when it can be neither read nor written.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        match File::open(path) {
            Ok(file) => Self::load(path, file),
            Err(error) if error.kind() == IoErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(
                    path,
                    File::open(path).map_err(|error| failed("read", path, error))?,
                )
            }
            Err(error) => Err(failed("read", path, error)),
        }
    }

    fn load(path: &Path, file: File) -> Result<Self> {
        refuse_shared(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| failed("read", path, error))?;
        Self::from_base64(&text)
    }

    /// Writes a new key aside and gives it its name when it is complete, unless somebody else was faster.
    fn create(path: &Path) -> Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(|error| failed("create", folder, error))?;
        let ring = Self::generate()?;
        let key = ring.keys.values().next().map(|key| STANDARD.encode(**key));
        let text = Zeroizing::new(format!("{}\n", key.unwrap_or_default()));
        // A temporary file is readable by its owner alone from the moment it exists.
        let mut file = tempfile::NamedTempFile::new_in(folder)
            .map_err(|error| failed("create", path, error))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(|error| failed("write", path, error))?;
        match file.persist_noclobber(path) {
            Ok(_) => File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| failed("write", path, error)),
            Err(lost) if lost.error.kind() == IoErrorKind::AlreadyExists => Ok(()),
            Err(lost) => Err(failed("create", path, lost.error)),
        }
    }
}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = file
        .metadata()
        .map_err(|error| failed("read", path, error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode | 0o700 == 0o700 {
        return Ok(());
    }
    let message = format!(
        "the key file {} has mode {mode:o}: others may use it",
        path.display()
    );
    let hint = format!(
        "run `chmod 600 {}`, and rotate the key if somebody did",
        path.display()
    );
    Err(Error::new(ErrorKind::PermissionDenied, message).with_hint(hint))
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<()> {
    Ok(())
}

fn failed(verb: &str, path: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot {verb} the key file {}", path.display());
    Error::new(ErrorKind::Unavailable, message)
        .with_source(error)
        .with_retry(crate::error::Retry::Never)
}

//! Where secrets are read from, so that none has to be an argument that every user of the machine can list.

use std::io::Read as _;
use std::path::Path;

use dokploy_core::model::limits::VALUE_LEN_MAX;
use dokploy_core::{Error, ErrorKind, Result, Secret};

use super::arguments::{Origin, SecretAssignment};
use crate::config::Environment;

/// Reads secrets from where the arguments say they are.
#[derive(Debug)]
pub struct SecretReader<'a> {
    environment: &'a Environment,
    input_taken: bool,
}

impl<'a> SecretReader<'a> {
    /// Reads variables from this environment.
    pub fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            input_taken: false,
        }
    }

    /// The value of an assignment; `option` is named in errors.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when it has no name, the file or the variable is missing, standard input was asked for twice, or
    /// the value is too long or not text.
    pub fn read(&mut self, option: &str, assignment: &SecretAssignment) -> Result<Secret> {
        if assignment.key.is_empty() {
            return Err(refused(option, "a name is expected before ="));
        }
        let key = &assignment.key;
        match &assignment.origin {
            Origin::Argument(value) => Ok(value.clone()),
            Origin::File(path) => self.file(&format!("{option} {key}"), path),
            Origin::Environment => self.variable(&format!("{option} {key}"), key),
            Origin::Input => self.input(&format!("{option} {key}")),
        }
    }

    /// The content of a file.
    pub fn file(&self, option: &str, path: &Path) -> Result<Secret> {
        let opened = std::fs::File::open(path).and_then(limited);
        let text = opened.map_err(|error| {
            refused(
                option,
                &format!("the file {} cannot be read", path.display()),
            )
            .with_source(error)
        })?;
        checked(option, text)
    }

    /// The value of a variable of the environment.
    pub fn variable(&self, option: &str, name: &str) -> Result<Secret> {
        let value = self.environment.get(name);
        let value =
            value.ok_or_else(|| refused(option, &format!("the variable {name} is not set")))?;
        checked(option, value)
    }

    fn input(&mut self, option: &str) -> Result<Secret> {
        if std::mem::replace(&mut self.input_taken, true) {
            return Err(refused(
                option,
                "only one value can be read from standard input",
            ));
        }
        let text = limited(std::io::stdin().lock())
            .map_err(|error| refused(option, "standard input cannot be read").with_source(error))?;
        checked(option, text)
    }
}

/// At most one byte more than a value may have, so that a long one is noticed and never held.
fn limited(reader: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    reader
        .take(VALUE_LEN_MAX as u64 + 2)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// The line end that an editor or `echo` puts behind a value does not belong to it.
fn checked(option: &str, text: String) -> Result<Secret> {
    let text = Secret::new(text);
    let value = text.expose();
    let value = value.strip_suffix('\n').unwrap_or(value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.len() > VALUE_LEN_MAX {
        return Err(refused(
            option,
            &format!("the value is longer than {VALUE_LEN_MAX} bytes"),
        ));
    }
    if value.is_empty() {
        return Err(refused(option, "the value is empty"));
    }
    Ok(Secret::new(value))
}

fn refused(option: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidSpec, format!("{option}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(text: &str) -> SecretAssignment {
        text.parse().unwrap()
    }

    #[test]
    fn a_secret_is_read_from_the_environment_or_a_file() {
        let environment = Environment::of([("TOKEN", "from-the-environment\n")]);
        let mut reader = SecretReader::new(&environment);
        let value = reader.read("--secret", &assignment("TOKEN")).unwrap();
        assert_eq!(value.expose(), "from-the-environment");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"two\nlines\r\n").unwrap();
        let from_file = assignment(&format!("TOKEN=@{}", file.path().display()));
        let value = reader.read("--secret", &from_file).unwrap();
        assert_eq!(value.expose(), "two\nlines");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_value_is_not() {
        let environment = Environment::of([("EMPTY", "")]);
        let mut reader = SecretReader::new(&environment);
        let cases = [
            (
                "MISSING",
                "--secret MISSING: the variable MISSING is not set",
            ),
            ("EMPTY", "--secret EMPTY: the value is empty"),
            (
                "K=@/nothing/here",
                "--secret K: the file /nothing/here cannot be read",
            ),
            ("=hunter2", "--secret: a name is expected before ="),
        ];
        for (text, message) in cases {
            let error = reader.read("--secret", &assignment(text)).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }
}

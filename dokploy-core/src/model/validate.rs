//! The rules of what a person may say, in one place for every front end. All broken rules are reported at once.
//!
//! What an operator may allow or forbid (`file://` sources, private addresses, directories) is not decided here.

use std::time::Duration;

use super::application::{ApplicationSpec, CommandLine};
use super::deployment::DeploymentRequest;
use super::limits::{
    DEADLINE_MAX, DESCRIPTION_LEN_MAX, ENTRIES_MAX, TIME_MIN, TITLE_LEN_MAX, WORD_LEN_MAX,
};
use super::name::is_name;
use super::project::Project;
use crate::error::{Error, Result, Violation};

mod access;
mod environment;
mod network;
mod service;
mod source;
mod storage;
pub(super) mod syntax;

const NAME_EXPECTED: &str = "is not 1 to 40 lower-case letters, digits and inner hyphens";
const REFERENCE_EXPECTED: &str = "is not the name of a branch or a full reference";

impl ApplicationSpec {
    /// Checks every rule that needs no look at anything outside.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with one violation for each broken rule, in the wire's names: `ports[1].target`.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        rules.require(is_name(&self.name), "name", NAME_EXPECTED);
        source::check(self, &mut rules);
        environment::check(self, &mut rules);
        network::check(self, &mut rules);
        storage::check(self, &mut rules);
        service::check(self, &mut rules);
        rules.finish()
    }
}

impl DeploymentRequest {
    /// Checks every rule that needs no look at anything outside.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with one violation for each broken rule.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        if let Some(branch) = &self.branch {
            rules.require(
                syntax::is_git_reference(branch),
                "branch",
                REFERENCE_EXPECTED,
            );
        }
        if let Some(commit) = &self.commit_sha {
            let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            rules.require(is_commit, "commitSha", "is not 40 hexadecimal digits");
        }
        if let Some(title) = &self.title {
            let is_title = title.len() <= TITLE_LEN_MAX && !title.contains(char::is_control);
            rules.require(
                is_title,
                "title",
                "is longer than 200 bytes or more than one line",
            );
        }
        rules.finish()
    }
}

impl Project {
    /// Checks the name and the description of a project.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with one violation for each broken rule.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        rules.require(is_name(&self.name), "name", NAME_EXPECTED);
        let is_short = self.description.len() <= DESCRIPTION_LEN_MAX;
        rules.require(is_short, "description", "is longer than 4096 bytes");
        rules.finish()
    }
}

/// The rules that were broken so far.
#[derive(Default)]
struct Rules(Vec<Violation>);

impl Rules {
    fn require(&mut self, holds: bool, field: impl Into<String>, otherwise: &str) {
        if !holds {
            self.refuse(field, otherwise);
        }
    }

    fn refuse(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.0.push(Violation {
            field: field.into(),
            message: why.into(),
        });
    }

    /// A list or map of bearable length. Whoever walks through it stops at the limit, so that neither the time nor
    /// the answer grows with what was sent.
    fn count(&mut self, field: &str, count: usize) {
        if count > ENTRIES_MAX {
            self.refuse(
                field,
                format!("has {count} entries: at most {ENTRIES_MAX} are possible"),
            );
        }
    }

    fn within(&mut self, field: &str, value: Duration, from: Duration, to: Duration) {
        if value < from || value > to {
            let why = format!(
                "is not between {} s and {} s",
                from.as_secs_f64(),
                to.as_secs()
            );
            self.refuse(field, why);
        }
    }

    fn deadline(&mut self, field: &str, value: Duration) {
        self.within(field, value, TIME_MIN, DEADLINE_MAX);
    }

    fn command(&mut self, field: &str, command: &CommandLine) {
        match command {
            CommandLine::Shell(text) => {
                self.require(!text.trim().is_empty(), field, "is empty");
                self.require(is_word(text), field, "is too long or holds a zero byte");
            }
            CommandLine::Exec(words) => self.words(field, words),
        }
    }

    fn words(&mut self, field: &str, words: &[String]) {
        self.count(field, words.len());
        let names_program = words.first().is_some_and(|word| !word.is_empty());
        self.require(
            names_program,
            field,
            "is empty or begins with an empty word",
        );
        for (index, word) in words.iter().enumerate().take(ENTRIES_MAX) {
            let field = format!("{field}[{index}]");
            self.require(is_word(word), field, "is too long or holds a zero byte");
        }
    }

    fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid(self.0))
        }
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= WORD_LEN_MAX && !text.contains('\0')
}

#[cfg(test)]
mod tests;

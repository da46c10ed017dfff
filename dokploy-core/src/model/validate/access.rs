//! Rules of the names of people, teams and tokens.

use super::Rules;
use crate::error::Result;
use crate::model::limits::{EMAIL_LEN_MAX, ENTRIES_MAX, LABEL_LEN_MAX, USERNAME_LEN_MAX};
use crate::model::{ApiToken, Team, User};

const LABEL_EXPECTED: &str = "is not 1 to 100 characters on one line, without spaces at either end";

impl User {
    /// Checks the name and the address.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with one violation for each broken rule.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        rules.require(
            is_username(&self.username),
            "username",
            "is not 1 to 64 letters, digits and any of `._@+-`, beginning with a letter or a digit",
        );
        if let Some(email) = &self.email {
            rules.require(is_email(email), "email", "is not an e-mail address");
        }
        rules.finish()
    }
}

impl Team {
    /// Checks the name.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a name that cannot be one.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        rules.require(is_label(&self.name), "name", LABEL_EXPECTED);
        rules.finish()
    }
}

impl ApiToken {
    /// Checks the name, the scopes and the projects.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with one violation for each broken rule.
    pub fn validate(&self) -> Result<()> {
        let mut rules = Rules::default();
        rules.require(is_label(&self.name), "name", LABEL_EXPECTED);
        rules.require(
            !self.scopes.is_empty(),
            "scopes",
            "are empty: the token would allow nothing",
        );
        if let Some(projects) = &self.project_ids {
            let bearable = (1..=ENTRIES_MAX).contains(&projects.len());
            rules.require(bearable, "projectIds", "are none or too many");
        }
        rules.finish()
    }
}

/// A name that is typed to come in: ASCII, so that no two look alike.
fn is_username(text: &str) -> bool {
    text.len() <= USERNAME_LEN_MAX
        && text.starts_with(|char: char| char.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte))
}

/// A name for people to read.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= LABEL_LEN_MAX
        && text.trim() == text
        && !text.contains(char::is_control)
}

/// Nobody is let in by an address, so that a look at its form is enough.
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.len() <= EMAIL_LEN_MAX
        && !text.contains(|char: char| char.is_control() || char.is_whitespace())
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_typed_without_doubt() {
        for good in [
            "a",
            "anna",
            "Anna.B",
            "anna@example.com",
            "7-of-9",
            &"x".repeat(64),
        ] {
            assert!(is_username(good), "{good}");
        }
        for bad in ["", ".a", "-a", "a b", "аnna", "a\n", "a/b", &"x".repeat(65)] {
            assert!(!is_username(bad), "{bad}");
        }
    }

    #[test]
    fn a_label_is_one_line_to_read() {
        for good in ["Team Ä", "ci", &"x".repeat(100)] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{7}", &"x".repeat(101)] {
            assert!(!is_label(bad), "{bad:?}");
        }
    }

    #[test]
    fn an_address_has_a_name_and_a_host() {
        assert!(is_email("anna@example.com"));
        for bad in [
            "anna",
            "@example.com",
            "anna@",
            "an na@example.com",
            "a@b\n",
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }
}

//! Names of projects and applications, and of the services that they become.

use sha2::{Digest, Sha256};

use super::limits::{NAME_LEN_MAX, SERVICE_NAME_LEN_MAX};

/// What tells the digest at the end of a service name from the end of an application's name.
const DIGEST_MARK: &str = "-x";
/// Hexadecimal digits of that digest.
const DIGEST_LEN: usize = 10;

/// Whether a text may be the name of a project or an application: 1 to 40 lower-case letters, digits and hyphens,
/// with no hyphen at either end.
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_LEN_MAX && is_lower_label(text)
}

/// The name of the service of an application: a DNS label of at most 63 characters, the same for the same two
/// names and different for any others.
///
/// It is `<project>-<application>` where that says which part is which, and ends in a digest of both where it does
/// not: when the project has a hyphen, when the whole is too long, and when it looks like a name with a digest.
pub fn service_name(project: &str, application: &str) -> String {
    let plain = format!("{project}-{application}");
    let ambiguous = project.contains('-') || ends_in_digest(&plain);
    if !ambiguous && plain.len() <= SERVICE_NAME_LEN_MAX {
        return plain;
    }
    // A slash is in no name, so that two pairs of names never digest the same text.
    let digest = hex::encode(Sha256::digest(format!("{project}/{application}")));
    let room = SERVICE_NAME_LEN_MAX - DIGEST_MARK.len() - DIGEST_LEN;
    let readable: String = plain.chars().take(room).collect();
    let readable = readable.trim_end_matches('-');
    format!("{readable}{DIGEST_MARK}{}", &digest[..DIGEST_LEN])
}

fn ends_in_digest(name: &str) -> bool {
    name.rsplit_once(DIGEST_MARK).is_some_and(|(_, digest)| {
        digest.len() == DIGEST_LEN && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_lower_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_name_stays_readable() {
        assert_eq!(service_name("shop", "web"), "shop-web");
        assert_eq!(service_name("shop", "web-api"), "shop-web-api");
    }

    #[test]
    fn the_same_letters_cut_differently_are_two_services() {
        assert_ne!(service_name("a-b", "c"), service_name("a", "b-c"));
        let crafted = service_name("a-b", "c");
        let application = crafted.strip_prefix("a-").unwrap();
        assert_ne!(service_name("a", application), crafted);
    }

    #[test]
    fn names_follow_the_rules_of_a_host_name() {
        for good in ["a", "7", "web-2", &"x".repeat(40)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "Web",
            "a_b",
            "a.b",
            "a b",
            "ä",
            &"x".repeat(41),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_service_name_is_a_stable_label_of_its_own(
            names in proptest::collection::hash_set(("[a-b-]{1,3}|[a-z0-9-]{38,40}", "[a-b-]{1,3}|[a-z0-9-]{38,40}"), 2..40)
        ) {
            let valid: Vec<_> = names.iter().filter(|(p, a)| is_name(p) && is_name(a)).collect();
            let services: std::collections::HashSet<_> =
                valid.iter().map(|(project, application)| service_name(project, application)).collect();
            prop_assert_eq!(services.len(), valid.len());
            for name in services {
                prop_assert!(name.len() <= SERVICE_NAME_LEN_MAX && is_lower_label(&name), "{}", name);
            }
        }
    }
}

//! Finds the keys of a host in a `known_hosts` file of OpenSSH, whose host names may be hashed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The keys of a host, as `type key`: what a line holds after the host.
pub(crate) fn keys_of(host: &str, port: u16, file: &str) -> Vec<String> {
    let name = if port == 22 {
        host.to_owned()
    } else {
        format!("[{host}]:{port}")
    };
    let lines = file
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', '@']));
    let keys = lines.filter_map(|line| {
        let (hosts, key) = line.split_once(char::is_whitespace)?;
        let key: Vec<_> = key.split_whitespace().take(2).collect();
        (key.len() == 2 && matches(&name, hosts)).then(|| key.join(" "))
    });
    keys.collect()
}

fn matches(name: &str, hosts: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        return matches_hashed(name, hashed).unwrap_or(false);
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches_pattern(name, pattern) => return false,
            None if matches_pattern(name, pattern) => found = true,
            _ => {}
        }
    }
    found
}

fn matches_hashed(name: &str, hashed: &str) -> Option<bool> {
    let (salt, digest) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&STANDARD.decode(digest).ok()?).is_ok())
}

/// `*` stands for any characters and `?` for one.
fn matches_pattern(name: &str, pattern: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches_pattern(name, &pattern[1..])
                || name
                    .chars()
                    .next()
                    .is_some_and(|c| matches_pattern(&name[c.len_utf8()..], pattern))
        }
        (Some(p), Some(n)) if p == '?' || p.eq_ignore_ascii_case(&n) => {
            matches_pattern(&name[n.len_utf8()..], &pattern[p.len_utf8()..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# a comment
git.example.com,10.0.0.1 ssh-ed25519 AAAAkey1 somebody@somewhere
*.internal,!secret.internal ssh-rsa AAAAkey2
[git.example.com]:2222 ssh-ed25519 AAAAkey3
@revoked git.example.com ssh-rsa AAAAkey4
broken-line
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAAkey5
";

    #[test]
    fn the_keys_of_a_host_are_found_by_name_pattern_and_port() {
        assert_eq!(
            keys_of("git.example.com", 22, FILE),
            ["ssh-ed25519 AAAAkey1"]
        );
        assert_eq!(keys_of("GIT.internal", 22, FILE), ["ssh-rsa AAAAkey2"]);
        assert_eq!(
            keys_of("git.example.com", 2222, FILE),
            ["ssh-ed25519 AAAAkey3"]
        );
        assert!(keys_of("secret.internal", 22, FILE).is_empty());
        assert!(keys_of("unknown.example.com", 22, FILE).is_empty());
    }

    #[test]
    fn a_hashed_host_is_found_by_its_name() {
        // The example of the manual page sshd(8).
        assert_eq!(keys_of("192.168.1.61", 22, FILE), ["ssh-ed25519 AAAAkey5"]);
    }
}

//! What a name, a path or a reference looks like. Each function says yes or no; none looks at anything outside.

use url::Url;

use crate::model::limits::{
    HOST_LEN_MAX, IMAGE_NAME_LEN_MAX, OBJECT_NAME_LEN_MAX, PATH_LEN_MAX, REFERENCE_LEN_MAX,
    URL_LEN_MAX,
};

/// Whether a text is the name of a variable: letters, digits and underscores, not starting with a digit.
pub(super) fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit()) && is_of(text, "_")
}

/// Whether a text is the name of a volume, a network, a build stage and the like.
pub(crate) fn is_object_name(text: &str) -> bool {
    text.len() <= OBJECT_NAME_LEN_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && is_of(text, "_.-")
}

/// Whether a text is not empty and has ASCII letters, digits and the given characters only.
pub(super) fn is_of(text: &str, others: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether a text is a host name: labels of letters, digits and hyphens.
pub(crate) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        label.len() <= 63 && is_of(label, "-") && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= HOST_LEN_MAX && text.split('.').all(is_label)
}

/// Whether a text is a host with an optional port.
fn is_authority(text: &str) -> bool {
    match text.split_once(':') {
        None => is_host(text),
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0),
    }
}

/// Whether a text is a path prefix that can stand in a routing rule without an escape.
pub(crate) fn is_url_prefix(text: &str) -> bool {
    text.len() <= PATH_LEN_MAX
        && text.starts_with('/')
        && !text.contains("//")
        && is_of(text, "/-_.~%+@:")
        && !has_dots(text)
}

/// Whether a text is a path that stays below the directory it is relative to.
pub(super) fn is_relative_path(text: &str) -> bool {
    (1..=PATH_LEN_MAX).contains(&text.len())
        && !text.starts_with(['/', '-'])
        && !text.contains('\\')
        && !text.contains(char::is_control)
        && !has_dots(text)
}

/// Whether a text is an absolute path in a container, written in the one shortest way.
pub(super) fn is_absolute_path(text: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    text.len() <= PATH_LEN_MAX
        && !text.contains(char::is_control)
        && text
            .strip_prefix('/')
            .is_some_and(|path| path.split('/').all(is_plain))
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Whether a text is a user, or a user and a group, by name or by number.
pub(super) fn is_user(text: &str) -> bool {
    let is_one = |name: &str| {
        name.len() <= 32
            && !name.starts_with(['-', '.'])
            && is_of(name, "_.-")
            && (!name.bytes().all(|byte| byte.is_ascii_digit()) || name.parse::<u32>().is_ok())
    };
    let (user, group) = text.split_once(':').unwrap_or((text, "0"));
    is_one(user) && is_one(group)
}

/// Why a text cannot be the URL of a git repository, whatever an operator allows. Never repeats the URL: it may
/// hold a password.
pub(super) fn git_url_flaw(text: &str) -> Option<&'static str> {
    if text.is_empty() || text.len() > URL_LEN_MAX {
        return Some("is empty or longer than 2048 bytes");
    }
    if text.starts_with('-') {
        return Some("begins with a hyphen");
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Some("holds white space or control characters");
    }
    if text.contains("::") && !text.contains('[') {
        return Some("names a transport helper: https, http, ssh and file are known");
    }
    match text.split_once("://") {
        Some(_) => git_full_url_flaw(text),
        None => git_short_url_flaw(text),
    }
}

fn git_full_url_flaw(text: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else {
        return Some("is not a URL");
    };
    if !matches!(url.scheme(), "https" | "http" | "ssh" | "file") {
        return Some("has an unknown scheme: https, http, ssh and file are known");
    }
    let user_allowed = url.scheme() == "ssh";
    if url.password().is_some() || (!user_allowed && !url.username().is_empty()) {
        return Some("holds credentials: store them apart and name them by credentialId");
    }
    if !url.username().is_empty() && !is_git_user(url.username()) {
        return Some("has a user name that is not letters, digits, dots, underscores and hyphens");
    }
    let host = url.host_str().unwrap_or_default();
    if host.starts_with('-') || (host.is_empty() && url.scheme() != "file") {
        return Some("has no proper host");
    }
    if url.path().len() < 2 || url.path().starts_with("/-") {
        return Some("has no proper path");
    }
    if url.fragment().is_some() {
        return Some("has a fragment: name a branch by the field branch");
    }
    let escaped = text.to_ascii_lowercase();
    if ["%00", "%0a", "%0d"]
        .iter()
        .any(|code| escaped.contains(code))
    {
        return Some("holds escaped control characters");
    }
    None
}

/// The form `user@host:path`.
fn git_short_url_flaw(text: &str) -> Option<&'static str> {
    const EXPECTED: &str = "is neither a URL nor of the form user@host:path";
    let (user, rest) = text.split_once('@').unwrap_or(("git", text));
    let Some((host, path)) = rest.split_once(':') else {
        return Some(EXPECTED);
    };
    if user.contains(':') {
        return Some("holds credentials: store them apart and name them by credentialId");
    }
    let sound = is_git_user(user) && is_host(host) && !path.is_empty() && !path.starts_with('-');
    (!sound).then_some(EXPECTED)
}

fn is_git_user(text: &str) -> bool {
    !text.starts_with('-') && is_of(text, "._-")
}

/// Whether a text is a branch or the full name of a reference, by git's own rules.
pub(super) fn is_git_reference(text: &str) -> bool {
    let is_component = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.to_ascii_lowercase().ends_with(".lock")
    };
    text.len() <= REFERENCE_LEN_MAX
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text != "@"
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c))
        && text.split('/').all(is_component)
}

/// Whether a text is the reference of an image: `[host[:port]/]path[:tag][@digest]`.
pub(super) fn is_image_reference(text: &str) -> bool {
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest)),
        None => (text, None),
    };
    // A colon after the last slash begins the tag; one before it belongs to the port.
    let name_end = text.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match text[name_end..].split_once(':') {
        Some((last, tag)) => (&text[..name_end + last.len()], Some(tag)),
        None => (text, None),
    };
    is_image_name(name) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

/// Whether a text is a registry's host with an optional path, as images are pushed below it.
pub(super) fn is_registry(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (text, None),
    };
    text.len() <= IMAGE_NAME_LEN_MAX
        && is_registry_host(host)
        && is_authority(host)
        && path.is_none_or(|path| path.split('/').all(is_image_component))
}

/// Whether the first part of an image's name is a host: the same rule that the engine applies.
fn is_registry_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

fn is_image_name(name: &str) -> bool {
    let path = match name.split_once('/') {
        Some((host, path)) if is_registry_host(host) => {
            if !is_authority(host) {
                return false;
            }
            path
        }
        _ => name,
    };
    name.len() <= IMAGE_NAME_LEN_MAX && path.split('/').all(is_image_component)
}

/// Lower-case letters and digits, with single separators between them: `.`, `_`, `__` or any number of `-`.
fn is_image_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part.split(is_word).all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    text.len() <= 128 && !text.starts_with(['.', '-']) && is_of(text, "_.-")
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Whether a text is a placement constraint as Swarm reads it: `node.labels.disk==ssd`.
pub(super) fn is_constraint(text: &str) -> bool {
    let Some((key, value)) = text.split_once("==").or_else(|| text.split_once("!=")) else {
        return false;
    };
    let (key, value) = (key.trim(), value.trim());
    let known = [
        "node.id",
        "node.hostname",
        "node.ip",
        "node.role",
        "node.platform.os",
        "node.platform.arch",
    ];
    let label = ["node.labels.", "engine.labels."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix));
    (known.contains(&key) || label.is_some_and(|label| is_of(label, "-_.")))
        && is_of(value, ":-_. *()?+[]\\^$|/")
}

#[cfg(test)]
mod tests;

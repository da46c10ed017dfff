//! The forms of single values.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use dokploy_core::Secret;
use dokploy_core::model::{CommandLine, Port, PortMode, Protocol, Volume};

/// A setting that is given, or taken away by the word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// Taken away.
    None,
    /// Given.
    To(T),
}

impl<T: Clone> Setting<T> {
    /// As the model has it.
    pub fn as_option(&self) -> Option<T> {
        match self {
            Self::None => None,
            Self::To(value) => Some(value.clone()),
        }
    }
}

/// Reads `none`, or a value.
pub(super) fn setting<T>(
    read: impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<Setting<T>, String> + Clone + Send + Sync + 'static {
    move |text| {
        if text == "none" {
            Ok(Setting::None)
        } else {
            read(text).map(Setting::To)
        }
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// On.
    On,
    /// Off.
    Off,
}

/// `KEY=VALUE`, or `KEY` for the value that the environment has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Key.
    pub key: String,
    /// Value; absent: the environment's.
    pub value: Option<String>,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        if key.is_empty() {
            return Err("a name is expected before =".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            value,
        })
    }
}

/// A secret and where its value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretAssignment {
    /// Key.
    pub key: String,
    /// Where the value is.
    pub origin: Origin,
}

/// Where the value of a secret is.
#[derive(Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the argument.
    Argument(Secret),
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Input,
    /// In the environment.
    Environment,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(_) => f.write_str("Argument(…)"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Input => f.write_str("Input"),
            Self::Environment => f.write_str("Environment"),
        }
    }
}

/// Never fails: clap would print what it refuses. What is wrong is found when the value is read.
impl FromStr for SecretAssignment {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, origin) = match text.split_once('=') {
            None => (text, Origin::Environment),
            Some((key, "-")) => (key, Origin::Input),
            Some((key, value)) => match value.strip_prefix('@') {
                Some(path) => (key, Origin::File(path.into())),
                None => (key, Origin::Argument(Secret::new(value))),
            },
        };
        Ok(Self {
            key: key.to_owned(),
            origin,
        })
    }
}

/// Any text but the empty one.
pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("is empty".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A time with its unit, as `500ms`, `30s` or `5m`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    humantime::parse_duration(text)
        .map_err(|_| "a time is expected, as in 500ms, 30s or 5m".to_owned())
}

/// A JSON array of words, or a text for the shell.
pub(super) fn command_line(text: &str) -> Result<CommandLine, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text)
            .map(CommandLine::Exec)
            .map_err(|_| "a text for the shell or a JSON array of words is expected".to_owned());
    }
    self::text(text).map(CommandLine::Shell)
}

/// `[host:][PUBLISHED:]TARGET[/udp]`.
pub(super) fn published_port(text: &str) -> Result<Port, String> {
    const EXPECTED: &str =
        "[host:][PUBLISHED:]TARGET[/udp] is expected, as in 8080:80 or host:53:53/udp";
    let (rest, mode) = match text.strip_prefix("host:") {
        Some(rest) => (rest, PortMode::Host),
        None => (text, PortMode::Ingress),
    };
    let (ports, protocol) = match rest.split_once('/') {
        None | Some((_, "tcp")) => (rest.trim_end_matches("/tcp"), Protocol::Tcp),
        Some((ports, "udp")) => (ports, Protocol::Udp),
        Some(_) => return Err(EXPECTED.to_owned()),
    };
    let number = |text: &str| match text.parse::<u16>() {
        Ok(0) | Err(_) => Err(EXPECTED.to_owned()),
        Ok(number) => Ok(number),
    };
    let (published, target) = match ports.split_once(':') {
        Some((published, target)) => (Some(number(published)?), number(target)?),
        None => (None, number(ports)?),
    };
    Ok(Port {
        target,
        published,
        mode,
        protocol,
    })
}

/// `NAME:PATH[:ro]`.
pub(super) fn volume(text: &str) -> Result<Volume, String> {
    let (rest, read_only) = match text.strip_suffix(":ro") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    match rest.split_once(':') {
        Some((source, target)) if !source.is_empty() && target.starts_with('/') => Ok(Volume {
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
        }),
        _ => Err("NAME:/PATH[:ro] is expected, as in data:/var/lib/data".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_in_each_of_its_forms() {
        let port = |target, published, mode, protocol| Port {
            target,
            published,
            mode,
            protocol,
        };
        let cases = [
            ("80", port(80, None, PortMode::Ingress, Protocol::Tcp)),
            (
                "8080:80",
                port(80, Some(8080), PortMode::Ingress, Protocol::Tcp),
            ),
            (
                "8080:80/tcp",
                port(80, Some(8080), PortMode::Ingress, Protocol::Tcp),
            ),
            (
                "host:53:5353/udp",
                port(5353, Some(53), PortMode::Host, Protocol::Udp),
            ),
            ("host:9000", port(9000, None, PortMode::Host, Protocol::Tcp)),
        ];
        for (text, expected) in cases {
            assert_eq!(published_port(text), Ok(expected), "{text}");
        }
        for bad in [
            "", "0", "70000", "80:", ":80", "a:80", "1:2:3", "80/icmp", "host:", "-1:80",
        ] {
            assert!(published_port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_has_a_unit_or_is_seconds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for bad in ["", "-1", "soon", "1 parsec", "99999999999"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_is_a_text_for_the_shell_or_an_array_of_words() {
        assert_eq!(
            command_line("wget -q x"),
            Ok(CommandLine::Shell("wget -q x".to_owned()))
        );
        let words = vec!["/bin/check".to_owned(), "a b".to_owned()];
        assert_eq!(
            command_line(r#"["/bin/check", "a b"]"#),
            Ok(CommandLine::Exec(words))
        );
        assert!(command_line("[1, 2]").is_err());
        assert!(command_line("").is_err());
    }

    #[test]
    fn a_secret_comes_from_where_it_says_and_is_never_shown() {
        let read = |text: &str| text.parse::<SecretAssignment>();
        assert_eq!(
            read("KEY=@/run/key").unwrap().origin,
            Origin::File("/run/key".into())
        );
        assert_eq!(read("KEY=-").unwrap().origin, Origin::Input);
        assert_eq!(read("KEY").unwrap().origin, Origin::Environment);
        let given = read("KEY=hunter=2").unwrap();
        assert_eq!(given.origin, Origin::Argument(Secret::new("hunter=2")));
        assert!(!format!("{given:?}").contains("hunter"));
    }

    #[test]
    fn a_volume_has_a_name_and_an_absolute_path() {
        let expected = Volume {
            source: "data".to_owned(),
            target: "/var/data".to_owned(),
            read_only: true,
        };
        assert_eq!(volume("data:/var/data:ro"), Ok(expected));
        for bad in ["data", "data:", ":/var", "data:var", ""] {
            assert!(volume(bad).is_err(), "{bad}");
        }
    }
}

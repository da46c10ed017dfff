//! Git over ssh, within this process: the key stays in memory, and only known host keys are accepted.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use gix_transport::Protocol;
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use russh::client::{self, Config, Handle, Handler};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{
    Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate,
};
use russh::{ChannelMsg, ChannelReadHalf, Preferred};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::address::Address;
use super::link::Link;
use crate::error::{Error, ErrorKind, Result};
use crate::model::CredentialSecret;
use crate::secret::Secret;
use crate::source::SourceCredential;

/// The user of an address that names none, as every git host has it.
const DEFAULT_USER: &str = "git";
/// Most that is kept of what the program at the other end complains about, in bytes.
const COMPLAINT_MAX: usize = 512;
/// Number that ssh gives to the error output of a program.
const STDERR: u32 = 1;

/// Connects, proves who both sides are, and starts the program that sends packs.
pub(super) fn connect(
    link: &Arc<Link>,
    address: &Address,
    credential: Option<&SourceCredential>,
) -> Result<Box<dyn Transport + Send>> {
    let login = Login::new(address, credential)?;
    let (reader, writer) = link.wait_for(open(link, address, login))?;
    let host: Option<(&str, Option<u16>)> = None;
    let path = address.path.as_str();
    Ok(Box::new(Connection::new(
        reader,
        writer,
        Protocol::V2,
        path,
        host,
        ConnectMode::Process,
        false,
    )))
}

/// A key, and the host keys that are known.
struct Login {
    user: String,
    key: PrivateKey,
    known: Vec<KeyData>,
}

impl Login {
    fn new(address: &Address, credential: Option<&SourceCredential>) -> Result<Self> {
        let refused =
            |what: &str| Error::new(ErrorKind::Unauthenticated, format!("{address}: {what}"));
        let secret = credential.map(|credential| &credential.secret);
        let Some(CredentialSecret::SshKey {
            private_key,
            passphrase,
            host_keys,
        }) = secret
        else {
            return Err(refused("ssh needs a key")
                .with_hint("store an ssh key for this host and name it in the source"));
        };
        let passphrase = passphrase.as_ref().map(Secret::expose);
        // The cause stays out: a parser's error may quote what it could not parse.
        let key =
            russh::keys::decode_secret_key(private_key.expose(), passphrase).map_err(|_| {
                refused("the ssh key cannot be read").with_hint(
                    "it must be a private key in OpenSSH or PEM form, with the right passphrase",
                )
            })?;
        let known = host_keys
            .iter()
            .map(|line| PublicKey::from_openssh(line.trim()).map(|key| key.key_data().clone()))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| refused("a known host key cannot be read").with_source(error))?;
        if known.is_empty() {
            return Err(refused("no host key is known").with_hint(
                "add the output of ssh-keyscan, without the host column, to the credential",
            ));
        }
        let user = address
            .user
            .clone()
            .unwrap_or_else(|| DEFAULT_USER.to_owned());
        Ok(Self { user, key, known })
    }

    /// Only algorithms whose keys are known, or the server may prove itself with another key of its.
    fn config(&self) -> Config {
        let mut algorithms = Vec::new();
        for key in &self.known {
            match key.algorithm() {
                Algorithm::Rsa { .. } => algorithms.extend(
                    [HashAlg::Sha512, HashAlg::Sha256]
                        .map(|hash| Algorithm::Rsa { hash: Some(hash) }),
                ),
                other => algorithms.push(other),
            }
        }
        let preferred = Preferred {
            key: algorithms.into(),
            ..Preferred::default()
        };
        Config {
            preferred,
            nodelay: true,
            ..Config::default()
        }
    }
}

async fn open(link: &Arc<Link>, address: &Address, login: Login) -> Result<(Reader, Writer)> {
    let broken = |error: russh::Error| {
        Error::new(
            ErrorKind::Unavailable,
            format!("the ssh connection to {address} failed"),
        )
        .with_source(error)
    };
    let stream = link
        .connect(&address.host, address.port_or_default())
        .await?;
    let config = Arc::new(login.config());
    let host = KnownHost { keys: login.known };
    let mut session = client::connect_stream(config, stream, host)
        .await
        .map_err(|error| match error {
            russh::Error::UnknownKey | russh::Error::NoCommonAlgo { .. } => Error::new(
                ErrorKind::Unauthenticated,
                format!("the host key of {address} is not the known one"),
            )
            .with_hint(
                "somebody may be posing as the host; if its key was changed, update the credential",
            )
            .with_source(error),
            error => broken(error),
        })?;
    let hash = session
        .best_supported_rsa_hash()
        .await
        .map_err(broken)?
        .flatten();
    let key = PrivateKeyWithHashAlg::new(Arc::new(login.key), hash);
    if !session
        .authenticate_publickey(login.user, key)
        .await
        .map_err(broken)?
        .success()
    {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            format!("{address} refuses the ssh key"),
        )
        .with_hint("add the public key to the repository's deploy keys"));
    }
    let channel = session.channel_open_session().await.map_err(broken)?;
    // A server that does not take the variable speaks an older version of the protocol, which does as well.
    channel
        .set_env(false, "GIT_PROTOCOL", "version=2")
        .await
        .map_err(broken)?;
    let path = gix::quote::single(address.path.as_str().into());
    channel
        .exec(false, format!("git-upload-pack {path}"))
        .await
        .map_err(broken)?;
    let (output, input) = channel.split();
    let writer = Writer {
        link: Arc::clone(link),
        input: Box::pin(input.make_writer()),
    };
    let reader = Reader {
        link: Arc::clone(link),
        address: address.to_string(),
        output,
        current: Bytes::new(),
        complaint: Vec::new(),
        _session: session,
    };
    Ok((reader, writer))
}

/// Accepts the host keys of the credential and no others.
struct KnownHost {
    keys: Vec<KeyData>,
}

impl Handler for KnownHost {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        Ok(match presented {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.keys.contains(key.key_data()),
            PublicKeyOrCertificate::Certificate(_) => false,
        })
    }
}

/// What the program at the other end writes.
struct Reader {
    link: Arc<Link>,
    address: String,
    output: ChannelReadHalf,
    current: Bytes,
    complaint: Vec<u8>,
    /// The connection ends with it.
    _session: Handle<KnownHost>,
}

impl Reader {
    /// Waits for more output. `None` is its end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let output = &mut self.output;
            match self.link.wait(async { Ok(output.wait().await) })? {
                Some(ChannelMsg::Data { data }) if !data.is_empty() => return Ok(Some(data)),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => {
                    let room = COMPLAINT_MAX.saturating_sub(self.complaint.len());
                    self.complaint.extend(data.iter().take(room));
                }
                Some(ChannelMsg::ExitStatus { exit_status: 1.. }) => return Err(self.refused()),
                Some(ChannelMsg::Close) | None => return Ok(None),
                Some(_) => {}
            }
        }
    }

    /// The reason that the program gave, on one line and without anything that could steer a terminal.
    fn refused(&self) -> io::Error {
        let text = String::from_utf8_lossy(&self.complaint);
        let words: Vec<_> = text
            .split(|c: char| c.is_control() || c.is_whitespace())
            .filter(|it| !it.is_empty())
            .collect();
        let message = format!("{} refuses: {}", self.address, words.join(" "));
        self.link.fail(
            Error::new(ErrorKind::SourceFailed, message)
                .with_hint("check the path, and that the key may read this repository"),
        )
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() {
            match self.next()? {
                Some(data) => {
                    self.link.received(data.len())?;
                    self.current = data;
                }
                None => return Ok(0),
            }
        }
        let amount = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..amount]);
        Ok(amount)
    }
}

/// What the program at the other end reads.
struct Writer {
    link: Arc<Link>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.link.wait(self.input.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.link.wait(self.input.flush())
    }
}

//! A repository at the other end: which references it has, and the objects of one commit.

use std::io;
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::BString;
use gix::progress::Discard;
use gix::protocol::handshake::Ref;
use gix::protocol::ls_refs::RefPrefixes;
use gix::protocol::{Handshake, LsRefsCommand};
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::blocking_io::http;
use gix_transport::{Protocol, Service};
use ureq::tls::Certificate;

use super::address::{Address, Scheme};
use super::http::Web;
use super::link::Link;
use super::reference::{self, Wanted};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::source::SourceCredential;

/// Most bytes of a list of references. Servers before version 2 of the protocol send all of them at once.
const LISTING_MAX: u64 = 64 << 20;

/// A reference of a remote, with what it points to in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteReference {
    /// Full name.
    pub(super) name: String,
    /// The branch that a symbolic reference such as `HEAD` means.
    pub(super) target: Option<String>,
    /// The commit, seen through annotated tags.
    pub(super) commit: ObjectId,
}

/// Why a fetch failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// What was received, together with what was here, makes no sense.
    Data(Error),
    /// Anything else: what was here before has nothing to do with it.
    Other(Error),
}

impl Trouble {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Data(error) | Self::Other(error) => error,
        }
    }
}

/// What is needed to talk to a remote.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) address: Address,
    /// A credential that may be sent to this address.
    pub(super) credential: Option<SourceCredential>,
    pub(super) authorities: Arc<Vec<Certificate<'static>>>,
    pub(super) link: Arc<Link>,
    /// Most bytes of one pack.
    pub(super) pack_bytes_max: u64,
    /// Most bytes of one object in memory.
    pub(super) object_bytes_max: usize,
}

pub(super) type Connection = Box<dyn Transport + Send>;

impl Remote {
    /// Connects and greets. Blocks, like everything else here.
    pub(super) fn connect(&self) -> Result<(Connection, Handshake)> {
        self.link.allow(LISTING_MAX);
        let mut connection = self.transport()?;
        let handshake = gix::protocol::handshake(
            &mut *connection,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut Discard,
        )
        .map_err(|error| self.explain(error))?;
        let format = handshake.capabilities.capability("object-format");
        if format.is_some_and(|format| format.value().is_some_and(|value| value != "sha1")) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} has objects that are not named by SHA-1", self.address),
            ));
        }
        Ok((connection, handshake))
    }

    fn transport(&self) -> Result<Connection> {
        match self.address.scheme {
            Scheme::Https | Scheme::Http => {
                let url = gix::url::parse(self.address.to_string().as_str())
                    .map_err(|error| self.failed("has a broken address").with_source(error))?;
                let link = Arc::clone(&self.link);
                let web = Web::new(
                    link,
                    &self.address,
                    self.credential.as_ref(),
                    &self.authorities,
                );
                Ok(Box::new(http::Transport::new_http(
                    web,
                    url,
                    Protocol::V2,
                    false,
                )))
            }
            #[cfg(feature = "git-ssh")]
            Scheme::Ssh => super::ssh::connect(&self.link, &self.address, self.credential.as_ref()),
            #[cfg(not(feature = "git-ssh"))]
            Scheme::Ssh => Err(Error::new(
                ErrorKind::Unsupported,
                "this build has no git over ssh",
            )
            .with_hint("use an https address, or build with the feature git-ssh")),
            Scheme::File => Err(Error::new(
                ErrorKind::Unexpected,
                "a file address has no transport",
            )),
        }
    }

    /// Asks where a reference points to. No objects are transferred.
    pub(super) fn look_up(&self, wanted: &Wanted) -> Result<Revision> {
        let (mut connection, mut handshake) = self.connect()?;
        let found = self.list(&mut connection, &mut handshake, &[wanted.full_name()])?;
        say_goodbye(&mut connection);
        if let Some(reference) = wanted.find(&found) {
            return Ok(reference::revision(reference));
        }
        // Only now are all names worth asking for: they tell what was meant.
        let (mut connection, mut handshake) = self.connect()?;
        let all = self.list(
            &mut connection,
            &mut handshake,
            &["refs/heads/", "refs/tags/"],
        )?;
        Err(wanted.unknown(&self.address, &all))
    }

    /// Lists the references whose full names begin with one of `prefixes`. Old servers send all of them.
    pub(super) fn list(
        &self,
        connection: &mut Connection,
        handshake: &mut Handshake,
        prefixes: &[&str],
    ) -> Result<Vec<RemoteReference>> {
        let listed = handshake.refs.take().map_or_else(
            || {
                let mut wanted = RefPrefixes::new();
                wanted.extend(prefixes.iter().map(|prefix| BString::from(*prefix)));
                LsRefsCommand::new(Some(wanted), &handshake.capabilities, agent())
                    .invoke_blocking(connection, &mut Discard, false)
                    .map_err(|error| self.explain(error))
            },
            Ok,
        );
        Ok(listed?.into_iter().filter_map(born).collect())
    }

    fn explain(&self, error: gix::Error) -> Error {
        self.trouble(error, &[]).into_error()
    }

    /// The reason for a failure: the one that was seen on the connection, or else what gix says.
    pub(super) fn trouble(&self, error: gix::Error, wants: &[ObjectId]) -> Trouble {
        let mut from_data = false;
        let error = self.link.explain(|| {
            let said = |text: &str| error.iter_errors().any(|it| it.to_string().contains(text));
            let reason = if let Some(commit) = wants.first()
                && (said("not our ref") || said("unadvertised object"))
            {
                self.lacks(*commit)
            } else if error.iter_errors().any(is_full) {
                Error::new(
                    ErrorKind::Unavailable,
                    "there is no room for the git mirror",
                )
                .with_hint("free some space in the data directory")
            } else if error.is_unsupported() {
                self.failed("speaks a form of git that is not supported")
            } else if error.can_retry_lenient() {
                Error::new(
                    ErrorKind::Unavailable,
                    format!("the connection to {} broke", self.address),
                )
            } else {
                from_data = true;
                self.failed("gave an answer that makes no sense")
            };
            reason.with_source(error)
        });
        if from_data {
            Trouble::Data(error)
        } else {
            Trouble::Other(error)
        }
    }

    pub(super) fn lacks(&self, commit: ObjectId) -> Error {
        self.failed(&format!("does not have the commit {commit}"))
            .with_hint("it may have been removed by a forced push; deploy the branch again")
    }

    fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::SourceFailed, format!("{} {what}", self.address))
    }
}

/// What a reference points to in the end; `None` for a branch without a commit.
fn born(reference: Ref) -> Option<RemoteReference> {
    let (name, target, commit) = match reference {
        Ref::Direct {
            full_ref_name,
            object,
        }
        | Ref::Peeled {
            full_ref_name,
            object,
            ..
        } => (full_ref_name, None, object),
        Ref::Symbolic {
            full_ref_name,
            target,
            object,
            ..
        } => (full_ref_name, Some(target), object),
        Ref::Unborn { .. } => return None,
    };
    let text = |name: BString| String::from_utf8(name.into()).ok();
    Some(RemoteReference {
        name: text(name)?,
        target: target.and_then(text),
        commit,
    })
}

/// Tells a server that waits for more that there is nothing more, so that its log shows no broken connection. What was
/// asked for is there already, whatever comes of this.
pub(super) fn say_goodbye(connection: &mut Connection) {
    let _ = gix::protocol::indicate_end_of_interaction(&mut *connection, false);
}

/// How this client introduces itself.
pub(super) fn agent() -> (&'static str, Option<String>) {
    (
        "agent",
        Some(concat!("git/dokploy-", env!("CARGO_PKG_VERSION")).to_owned()),
    )
}

fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(
        kind,
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    )
}

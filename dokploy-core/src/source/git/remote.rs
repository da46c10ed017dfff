//! A repository at the other end: which references it has, and the objects of one commit.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::BString;
use gix::odb::pack;
use gix::progress::Discard;
use gix::protocol::fetch::{self, Arguments, Shallow, negotiate};
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
use super::mirror::Mirror;
use super::reference::{self, Wanted};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::source::SourceCredential;

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

/// How much of the history comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    /// The commit alone.
    None,
    /// Everything that leads to it.
    All,
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

type Connection = Box<dyn Transport + Send>;

impl Remote {
    /// Connects and greets. Blocks, like everything else here.
    fn connect(&self) -> Result<(Connection, Handshake)> {
        let mut connection = self.transport()?;
        let handshake = gix::protocol::handshake(
            &mut *connection,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut Discard,
        )
        .map_err(|error| self.explain(error))?;
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
    fn list(
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

    /// Brings a commit and its tree into a mirror, with as little more as the server allows.
    pub(super) fn fetch(&self, mirror: &Mirror, commit: ObjectId) -> Result<(), Trouble> {
        let (mut connection, mut handshake) = self.connect().map_err(Trouble::Other)?;
        // From version 2 on a server gives any commit that it has. Before, it gives what its references name, unless
        // it says otherwise; an older commit then comes with the history of every branch.
        let names_it = |tips: &[Ref]| {
            tips.iter()
                .filter_map(|it| born(it.clone()))
                .any(|it| it.commit == commit)
        };
        let obliging = ["allow-tip-sha1-in-want", "allow-reachable-sha1-in-want"];
        let direct = match &handshake.refs {
            None => true,
            Some(tips) => {
                names_it(tips)
                    || obliging
                        .iter()
                        .all(|it| handshake.capabilities.contains(it))
            }
        };
        if direct {
            return self.transfer(
                &mut connection,
                &mut handshake,
                mirror,
                &[commit],
                History::None,
            );
        }
        let tips = self
            .list(&mut connection, &mut handshake, &[])
            .map_err(Trouble::Other)?;
        let tips: Vec<_> = tips.into_iter().map(|reference| reference.commit).collect();
        if tips.is_empty() {
            return Err(Trouble::Other(self.lacks(commit)));
        }
        self.transfer(&mut connection, &mut handshake, mirror, &tips, History::All)?;
        if mirror.repository.to_thread_local().has_object(commit) {
            return Ok(());
        }
        Err(Trouble::Other(self.lacks(commit)))
    }

    fn transfer(
        &self,
        connection: &mut Connection,
        handshake: &mut Handshake,
        mirror: &Mirror,
        wants: &[ObjectId],
        history: History,
    ) -> Result<(), Trouble> {
        let repository = mirror.repository.to_thread_local();
        let haves = match history {
            History::None => mirror.commits(),
            History::All => Vec::new(),
        };
        let shallow = match history {
            History::None => Shallow::DepthAtRemote(std::num::NonZeroU32::MIN),
            History::All => Shallow::undo(),
        };
        let options = fetch::Options {
            shallow_file: repository
                .shallow_file()
                .map_err(|error| self.trouble(error, wants))?,
            shallow: &shallow,
            tags: fetch::Tags::None,
            reject_shallow_remote: false,
        };
        let context = fetch::Context {
            handshake,
            transport: connection,
            user_agent: agent(),
            trace_packetlines: false,
        };
        let receive =
            |reader: &mut dyn BufRead, progress: &mut dyn gix::DynNestedProgress, stop: &_| {
                let mut reader = Limited {
                    inner: reader,
                    left: self.pack_bytes_max,
                    link: &self.link,
                };
                let options = pack::bundle::write::Options {
                    alloc_limit_bytes: Some(self.object_bytes_max),
                    ..Default::default()
                };
                let objects = Some(repository.objects.clone());
                let hash = repository.object_hash();
                let target = mirror.packs();
                let written = pack::Bundle::write_to_directory(
                    &mut reader,
                    Some(&target),
                    progress,
                    stop,
                    objects,
                    hash,
                    options,
                )?;
                // It keeps a pack from git's own housekeeping, of which there is none here.
                if let Some(keep) = written.keep_path {
                    let _ = std::fs::remove_file(keep);
                }
                Ok(true)
            };
        let mut negotiation = Negotiation {
            wants,
            haves: &haves,
        };
        gix::protocol::fetch(
            &mut negotiation,
            receive,
            Discard,
            self.link.interrupted(),
            context,
            options,
        )
        .map_err(|error| self.trouble(error, wants))?;
        Ok(())
    }

    fn explain(&self, error: gix::Error) -> Error {
        self.trouble(error, &[]).into_error()
    }

    /// The reason for a failure: the one that was seen on the connection, or else what gix says.
    fn trouble(&self, error: gix::Error, wants: &[ObjectId]) -> Trouble {
        let mut from_data = false;
        let error = self.link.explain(|| {
            let said = |text: &str| error.iter_errors().any(|it| it.to_string().contains(text));
            let reason = if let Some(commit) = wants.first()
                && (said("not our ref") || said("unadvertised object"))
            {
                self.lacks(*commit)
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

    fn lacks(&self, commit: ObjectId) -> Error {
        self.failed(&format!("does not have the commit {commit}"))
            .with_hint("it may have been removed by a forced push; deploy the branch again")
    }

    fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::SourceFailed, format!("{} {what}", self.address))
    }
}

/// Asks for some commits and says at once what is here already. The mirror only holds commits that it fetched from
/// this very address, so that the usual search for common history would find nothing more.
struct Negotiation<'a> {
    wants: &'a [ObjectId],
    haves: &'a [ObjectId],
}

impl fetch::Negotiate for Negotiation<'_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<negotiate::Action> {
        Ok(negotiate::Action::MustNegotiate {
            remote_ref_target_known: Vec::new(),
        })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _: &[bool]) -> bool {
        for id in self.wants {
            arguments.want(id);
        }
        !self.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        _: Option<&fetch::Response>,
    ) -> gix::Result<(negotiate::Round, bool)> {
        for id in self.haves {
            arguments.have(id);
        }
        let round = negotiate::Round {
            haves_sent: self.haves.len(),
            in_vain: 0,
            haves_to_send: self.haves.len(),
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}

/// A reader that fails once it gave more than it may.
struct Limited<'a> {
    inner: &'a mut dyn BufRead,
    left: u64,
    link: &'a Link,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.inner.read(buffer)?;
        self.spend(amount)?;
        Ok(amount)
    }
}

impl BufRead for Limited<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.spend(0)?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}

impl Limited<'_> {
    fn spend(&mut self, amount: usize) -> io::Result<()> {
        self.left = self.left.saturating_sub(amount as u64);
        if self.left > 0 {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::SourceFailed,
            "the repository is larger than allowed",
        )
        .with_hint("raise the limit of a transfer, or keep large files out of the repository");
        Err(self.link.fail(error))
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

/// How this client introduces itself.
fn agent() -> (&'static str, Option<String>) {
    (
        "agent",
        Some(concat!("git/dokploy-", env!("CARGO_PKG_VERSION")).to_owned()),
    )
}

//! The transfer of one commit: what is asked for, what is said to be known, and where the answer is written to.

use std::collections::HashSet;
use std::io::BufRead;
use std::num::NonZeroU32;

use gix::odb::pack::{Bundle, bundle};
use gix::progress::Discard;
use gix::protocol::Handshake;
use gix::protocol::fetch::{self, Arguments, Shallow, negotiate};
use gix::protocol::handshake::Ref;
use gix::{DynNestedProgress, ObjectId};

use super::mirror::Mirror;
use super::remote::{Connection, Remote, Trouble, agent, say_goodbye};
use crate::error::Result;

/// How much of the history comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    /// The commit alone.
    None,
    /// Everything that leads to it.
    All,
}

impl Remote {
    /// Brings a commit and its tree into a mirror, with as little more as the server allows.
    pub(super) fn fetch(&self, mirror: &Mirror, commit: ObjectId) -> Result<(), Trouble> {
        let (mut connection, mut handshake) = self.connect().map_err(Trouble::Other)?;
        // From version 2 on a server gives any commit that it has. Before, it gives what its references name, unless
        // it says otherwise; an older commit then comes with the history of every branch.
        let tips: Option<HashSet<ObjectId>> = handshake
            .refs
            .as_ref()
            .map(|tips| tips.iter().filter_map(tip).collect());
        let tips = match tips {
            Some(tips)
                if !tips.contains(&commit)
                    && !handshake
                        .capabilities
                        .contains("allow-reachable-sha1-in-want") =>
            {
                Vec::from_iter(tips)
            }
            _ => {
                let (wants, history) = ([commit], History::None);
                return self.transfer(&mut connection, &mut handshake, mirror, &wants, history);
            }
        };
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
            History::None => Shallow::DepthAtRemote(NonZeroU32::MIN),
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
            transport: &mut *connection,
            user_agent: agent(),
            trace_packetlines: false,
        };
        let receive = |reader: &mut dyn BufRead, progress: &mut dyn DynNestedProgress, stop: &_| {
            self.link.allow(self.pack_bytes_max);
            let options = bundle::write::Options {
                alloc_limit_bytes: Some(self.object_bytes_max),
                ..Default::default()
            };
            let objects = Some(repository.objects.clone());
            let hash = repository.object_hash();
            let target = mirror.packs();
            let written = Bundle::write_to_directory(
                reader,
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
        say_goodbye(connection);
        Ok(())
    }
}

/// What a branch or a tag points to, as a server before version 2 lets it be asked for. Such a server also lists what
/// people proposed to merge, which may be much and is not fetched.
fn tip(reference: &Ref) -> Option<ObjectId> {
    let (name, object, _) = reference.unpack();
    let is_known =
        name == "HEAD" || name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/");
    object
        .filter(|id| is_known && !id.is_null())
        .map(ToOwned::to_owned)
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

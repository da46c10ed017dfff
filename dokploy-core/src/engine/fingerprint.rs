//! Digests that say whether two things are the same. Pure.

use sha2::{Digest, Sha256};

use crate::id::ApplicationId;
use crate::model::{ApplicationSpec, Revision};

/// Feeds parts into a digest so that no two lists of parts collide: each is preceded by its length.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Starts one; `domain` keeps digests of different things apart.
    pub(crate) fn new(domain: &str) -> Self {
        let mut fingerprint = Self(Sha256::new());
        fingerprint.part(domain.as_bytes());
        fingerprint
    }

    /// Adds a part.
    pub(crate) fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The digest, in hexadecimal.
    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// Digest of everything that a build depends on: the commit and how it is built. `secrets` are keyed digests of the
/// build secrets, so that a changed one builds again. Applications share no images: each cleans up after itself.
pub(crate) fn build_fingerprint(
    application: ApplicationId,
    revision: &Revision,
    spec: &ApplicationSpec,
    secrets: &[(String, String)],
) -> String {
    let mut fingerprint = Fingerprint::new("build");
    fingerprint
        .part(application.as_uuid().as_bytes())
        .part(revision.id.as_bytes())
        .part(spec.context.as_bytes())
        .part(spec.dockerfile.as_bytes())
        .part(spec.target.as_deref().unwrap_or_default().as_bytes());
    for (name, value) in spec
        .build_args
        .iter()
        .chain(secrets.iter().map(|(name, value)| (name, value)))
    {
        fingerprint.part(name.as_bytes()).part(value.as_bytes());
    }
    fingerprint.finish()
}

/// Name of an image: `<application>:<first seven of the commit>`, and with a suffix where the same commit was built
/// differently. Never re-tagged, so that a name always means the same image.
pub(crate) fn image_name(
    spec: &ApplicationSpec,
    revision: &Revision,
    suffix: Option<&str>,
) -> String {
    let tag = revision.short();
    match suffix {
        None => format!("{}:{tag}", spec.name),
        Some(fingerprint) => {
            format!(
                "{}:{tag}-{}",
                spec.name,
                fingerprint.get(..8).unwrap_or(fingerprint)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(id: &str) -> Revision {
        Revision {
            id: id.to_owned(),
            reference: None,
            message: None,
            author: None,
            committed_at: None,
        }
    }

    #[test]
    fn a_changed_argument_commit_or_application_changes_the_fingerprint() {
        let mut spec = ApplicationSpec::named("app");
        let application = ApplicationId::new();
        let first = build_fingerprint(application, &revision("a"), &spec, &[]);
        assert_eq!(
            first,
            build_fingerprint(application, &revision("a"), &spec, &[])
        );
        assert_ne!(
            first,
            build_fingerprint(application, &revision("b"), &spec, &[])
        );
        assert_ne!(
            first,
            build_fingerprint(ApplicationId::new(), &revision("a"), &spec, &[])
        );
        spec.build_args.insert("VERSION".into(), "2".into());
        assert_ne!(
            first,
            build_fingerprint(application, &revision("a"), &spec, &[])
        );
    }

    #[test]
    fn an_image_is_named_after_application_and_commit() {
        let spec = ApplicationSpec::named("shop");
        let revision = revision("1a2b3c4d5e6f");
        assert_eq!(image_name(&spec, &revision, None), "shop:1a2b3c4");
        assert_eq!(
            image_name(&spec, &revision, Some("deadbeefcafe")),
            "shop:1a2b3c4-deadbeef"
        );
    }
}

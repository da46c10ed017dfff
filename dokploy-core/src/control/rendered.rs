//! Lists as they were written for somebody, kept as long as nothing on them has changed. Reading and writing fifty
//! applications costs more than all that decides who may see them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::ControlPlane;
use super::applications::{ApplicationView, sees_secrets};
use super::cached::LIST_TTL;
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ApplicationId, DeploymentId, ProjectId};
use crate::model::{Page, PageRequest};

/// Lists that are kept.
const LISTS_MAX: usize = 64;
/// Bytes of a list that is kept, so that all of them together stay within 64 MiB whatever people write into them.
const LIST_BYTES_MAX: usize = 1024 * 1024;

/// Lists that were written, the newest last.
#[derive(Debug, Default)]
pub(super) struct RenderedLists(Mutex<VecDeque<(String, Rendered)>>);

#[derive(Clone, Debug)]
struct Rendered {
    applications: Vec<ApplicationId>,
    progress: Vec<(DeploymentId, u64)>,
    until: Timestamp,
    text: Bytes,
}

impl RenderedLists {
    fn get(&self, name: &str, now: Timestamp) -> Option<Rendered> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, kept) = lists.iter().find(|(of, _)| of == name)?;
        (now < kept.until).then(|| kept.clone())
    }

    fn put(&self, name: String, rendered: Rendered) {
        if rendered.text.len() > LIST_BYTES_MAX {
            return;
        }
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|(of, _)| *of != name);
        if lists.len() >= LISTS_MAX {
            lists.pop_front();
        }
        lists.push_back((name, rendered));
    }
}

impl ControlPlane {
    /// The applications of [`ControlPlane::applications`], as `render` writes them. It is asked again only when one of
    /// them, its newest deployment or what the actor may see of them has changed, so that it has to write the same for
    /// the same page.
    ///
    /// # Errors
    ///
    /// Those of [`ControlPlane::applications`], and those of `render`.
    pub async fn applications_rendered(
        &self,
        actor: &Actor,
        project: Option<ProjectId>,
        page: PageRequest,
        render: impl FnOnce(Page<ApplicationView>) -> Result<Bytes>,
    ) -> Result<Bytes> {
        let reach = self.listing(actor, project).await?;
        let Some(list) = self.list_name(&reach, project, page).await? else {
            return render(self.applications(actor, project, page).await?);
        };
        let name = format!("{}:{list}", sees_secrets(actor));
        let lists = &self.inner.rendered;
        if let Some(kept) = lists.get(&name, self.now()) {
            let progress = self.store().newest_progress(&kept.applications).await?;
            if progress == kept.progress {
                return Ok(kept.text);
            }
        }
        // The name was found before the list is read: what changes in between has another one.
        let listed = self.applications(actor, project, page).await?;
        let views = listed.items.iter();
        let newest = views
            .clone()
            .filter_map(|view| view.last_deployment.as_ref());
        let mut progress: Vec<_> = newest.map(|one| (one.id, one.state.seq)).collect();
        progress.sort_unstable();
        let applications = views.map(|view| view.application.id).collect();
        let text = render(listed)?;
        let rendered = Rendered {
            applications,
            progress,
            until: self.now().plus(LIST_TTL),
            text: text.clone(),
        };
        lists.put(name, rendered);
        Ok(text)
    }
}

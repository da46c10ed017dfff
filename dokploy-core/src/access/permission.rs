//! The one decision: role and scopes say what, ownership and membership say where.

use super::action::{Action, Place, Rule};
use super::actor::{Actor, Identity};
use crate::model::{Project, User};

/// Whether an actor may do something to everything that he reaches. What he reaches is the store's answer.
pub fn can(actor: &Actor, action: Action) -> bool {
    let rule = action.rule();
    allows(actor, rule, |user| user.role >= rule.role)
}

/// Whether an actor may do something within a project that he reaches: as [`can`], and what the table gives to the
/// owner of a project besides.
pub fn can_in(actor: &Actor, action: Action, project: &Project) -> bool {
    let rule = action.rule();
    allows(actor, rule, |user| {
        let owns = project.owner_id == Some(user.id);
        user.role >= if owns { rule.owner_role } else { rule.role }
    })
}

/// Whether an actor may do something to what is his own.
pub(crate) fn can_somewhere(actor: &Actor, action: Action) -> bool {
    let rule = action.rule();
    allows(actor, rule, |user| user.role >= rule.owner_role)
}

fn allows(actor: &Actor, rule: Rule, has_role: impl Fn(&User) -> bool) -> bool {
    match &actor.identity {
        Identity::System(_) => true,
        Identity::Anonymous => false,
        Identity::User { user, .. } => has_role(user),
        Identity::Token { user, token } => {
            let is_limited = token.project_ids.is_some();
            has_role(user)
                && token.scopes.iter().any(|scope| *scope >= rule.scope)
                && !(is_limited && rule.place == Place::Installation)
        }
    }
}

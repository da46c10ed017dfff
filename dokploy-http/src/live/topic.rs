//! The names of what can be watched.

use std::str::FromStr;

use dokploy_core::control::Subject;
use dokploy_core::{Error, Result};

/// Reads a name such as `deployment:<id>` or `logs:deployment:<id>`.
///
/// # Errors
///
/// `invalid_spec` for what is no name.
pub(super) fn parse(name: &str) -> Result<Subject> {
    let (kind, id) = name.rsplit_once(':').unwrap_or(("", name));
    match kind {
        "deployment" => id_of(id).map(Subject::Deployment),
        "application" => id_of(id).map(Subject::Application),
        "project" => id_of(id).map(Subject::Project),
        "logs:deployment" => id_of(id).map(Subject::DeploymentLogs),
        "logs:application" => id_of(id).map(Subject::ApplicationLogs),
        _ => Err(Error::invalid_field(
            "topics",
            "expected is deployment:<id>, application:<id>, project:<id>, logs:deployment:<id> or logs:application:<id>",
        )),
    }
}

fn id_of<T: FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
        .map_err(|error: Error| Error::invalid_field("topics", error.message()))
}

/// The name of a subject.
pub(super) fn name(subject: Subject) -> String {
    match subject {
        Subject::Deployment(id) => format!("deployment:{id}"),
        Subject::Application(id) => format!("application:{id}"),
        Subject::Project(id) => format!("project:{id}"),
        Subject::DeploymentLogs(id) => format!("logs:deployment:{id}"),
        Subject::ApplicationLogs(id) => format!("logs:application:{id}"),
    }
}

#[cfg(test)]
mod tests {
    use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId};

    use super::*;

    #[test]
    fn every_subject_reads_back_from_its_name() {
        let subjects = [
            Subject::Deployment(DeploymentId::new()),
            Subject::Application(ApplicationId::new()),
            Subject::Project(ProjectId::new()),
            Subject::DeploymentLogs(DeploymentId::new()),
            Subject::ApplicationLogs(ApplicationId::new()),
        ];
        for subject in subjects {
            assert_eq!(parse(&name(subject)).unwrap(), subject);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let id = DeploymentId::new();
        for text in ["", ":", "deployment:", "deployment:1", &id.to_string()] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("user:{id}")).is_err());
        assert!(parse(&format!("logs:project:{id}")).is_err());
    }
}

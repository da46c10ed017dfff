//! One JSON object a line: events and log lines as they come, and at the end one result.

use std::collections::BTreeMap;
use std::io::Write;

use dokploy_core::Error;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::Event;
use dokploy_core::model::Deployment;
use serde::Serialize;
use serde_json::{Value, json};

use super::View;
use crate::cli::exit::Exit;
use crate::shape::DeploymentShape;

/// Writes JSON lines.
#[derive(Debug)]
pub struct JsonView<W> {
    output: W,
}

impl<W: Write + Send> JsonView<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self { output }
    }

    /// What was written to.
    pub fn into_output(self) -> W {
        self.output
    }

    fn write(&mut self, value: &impl Serialize) {
        let Ok(value) = serde_json::to_string(value) else {
            return;
        };
        // See the trait: a reader that has gone must not end a deployment.
        let _gone = writeln!(self.output, "{value}").and_then(|()| self.output.flush());
    }
}

impl<W: Write + Send> View for JsonView<W> {
    fn event(&mut self, event: &Event) {
        self.write(event);
    }

    fn line(&mut self, line: &LogLine) {
        self.write(&Tagged {
            r#type: "log",
            value: line,
        });
    }

    fn note(&mut self, text: &str) {
        self.write(&Tagged {
            r#type: "note",
            value: json!({"message": text}),
        });
    }

    fn tick(&mut self, _: Timestamp) {}

    fn end(&mut self, deployment: &Deployment, exit: Exit, _: &[LogLine]) {
        let shape = DeploymentShape::of(deployment);
        self.write(&result(exit, shape.status.as_str(), "deployment", shape));
    }
}

/// An object that begins with its type.
#[derive(Serialize)]
struct Tagged<T> {
    r#type: &'static str,
    #[serde(flatten)]
    value: T,
}

/// The last object of every command: how it ended, and one thing with its name.
pub(crate) fn result<'a, T: Serialize>(
    exit: Exit,
    status: &'a str,
    name: &'a str,
    value: T,
) -> impl Serialize + use<'a, T> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Ended<'a> {
        exit_code: u8,
        status: &'a str,
    }
    #[derive(Serialize)]
    struct Result<'a, T> {
        #[serde(flatten)]
        ended: Tagged<Ended<'a>>,
        #[serde(flatten)]
        value: BTreeMap<&'a str, T>,
    }
    let ended = Tagged {
        r#type: "result",
        value: Ended {
            exit_code: exit.code(),
            status,
        },
    };
    Result {
        ended,
        value: BTreeMap::from([(name, value)]),
    }
}

/// What went wrong, where no deployment says it.
pub(crate) fn error_shape(error: &Error) -> Value {
    json!({
        "code": error.code(),
        "message": error.message(),
        "causes": error.causes(),
        "hint": error.hint(),
        "violations": error.violations(),
    })
}

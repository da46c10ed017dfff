//! One JSON object a line: events and log lines as they come, and at the end one result.

use std::io::Write;

use dokploy_core::Error;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::Event;
use dokploy_core::model::Deployment;
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

    fn write(&mut self, value: &Value) {
        // See the trait: a reader that has gone must not end a deployment.
        let _gone = writeln!(self.output, "{value}").and_then(|()| self.output.flush());
    }
}

impl<W: Write + Send> View for JsonView<W> {
    fn event(&mut self, event: &Event) {
        self.write(&json!(event));
    }

    fn line(&mut self, line: &LogLine) {
        let mut value = json!(line);
        value["type"] = json!("log");
        self.write(&value);
    }

    fn note(&mut self, text: &str) {
        self.write(&json!({"type": "note", "message": text}));
    }

    fn tick(&mut self, _: Timestamp) {}

    fn end(&mut self, deployment: &Deployment, exit: Exit, _: &[LogLine]) {
        self.write(&json!({
            "type": "result",
            "exitCode": exit.code(),
            "status": deployment.state.status,
            "deployment": DeploymentShape::of(deployment),
        }));
    }
}

/// The result of a command that came to no deployment.
pub(crate) fn error(error: &Error, exit: Exit) -> Value {
    json!({
        "type": "result",
        "exitCode": exit.code(),
        "status": "error",
        "error": {
            "code": error.code(),
            "message": error.message(),
            "causes": error.causes(),
            "hint": error.hint(),
            "violations": error.violations(),
        },
    })
}

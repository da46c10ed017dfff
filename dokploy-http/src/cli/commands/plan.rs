//! `dokploy plan`

use dokploy_core::deployer::{Change, Plan, PlanAction};
use dokploy_core::model::{DeploymentRequest, UpdateOrder};
use dokploy_core::{Engine, Result};

use super::deploy::{ensure_allowed, request};
use crate::cli::arguments::{PlanArguments, WaitArguments};
use crate::cli::credentials::Given;
use crate::cli::exit::Exit;
use crate::cli::lookup;
use crate::cli::secret::SecretReader;
use crate::cli::session::{Session, Work, write_result};
use crate::cli::specification::Wanted;
use crate::cli::view::{Line, Tone, clean};

pub(crate) async fn run(mut session: Session, arguments: &PlanArguments) -> Result<Exit> {
    let environment = session.environment.clone();
    let mut secrets = SecretReader::new(&environment);
    let wanted = Wanted::read(&arguments.application, &mut secrets)?;
    let given = Given::read(
        &arguments.application,
        &secrets,
        session.config.home.as_ref(),
    )?;
    ensure_allowed(
        wanted.source.as_ref(),
        arguments.application.credentials.allow_file,
        &session.config,
    )?;
    let engine = session.open(Work::Look, &WaitArguments::default()).await?;
    let planned = plan(
        &session,
        &engine,
        &wanted,
        &given,
        &request(&arguments.revision),
    )
    .await;
    session.close(&engine).await;
    let plan = planned?;
    if session.json {
        write_result("planned", "plan", plan)?;
    } else {
        for line in render(&format!("{}/{}", session.project, wanted.name), &plan) {
            session.say(&line)?;
        }
    }
    Ok(Exit::Success)
}

async fn plan(
    session: &Session,
    engine: &Engine,
    wanted: &Wanted<'_>,
    given: &Given,
    request: &DeploymentRequest,
) -> Result<Plan> {
    let stored = lookup::find(engine, &session.project, &wanted.name).await?;
    let mut spec = lookup::draft(&session.project, wanted, stored.as_ref())?;
    spec.validate()?;
    // A private repository is looked at with its credential, which is taken back afterwards.
    let credentials = given
        .store(
            engine,
            &format!("{}/{}", session.project, wanted.name),
            &mut spec,
        )
        .await?;
    let plan = engine.preview(&session.project, spec, request).await;
    credentials.withdraw(engine).await;
    plan
}

/// A plan for people.
fn render(name: &str, plan: &Plan) -> Vec<Line> {
    let action = match plan.action {
        PlanAction::Create => "would be created",
        PlanAction::Update => "would be updated",
        PlanAction::Replace => "would be removed and made anew",
        PlanAction::Nothing => "would stay as it is",
    };
    let mut lines = vec![Line::of(Tone::Strong, name).with(Tone::Plain, format!(" {action}"))];
    let mut detail = |name: &str, text: &str| {
        lines.push(Line::of(Tone::Dim, format!("  {name:<13}")).with(Tone::Plain, clean(text)));
    };
    if let Some(revision) = &plan.revision {
        detail("revision", revision);
    }
    detail("image", &plan.image);
    detail("build", plan.build.as_deref().unwrap_or("none"));
    detail(
        "restarts",
        &match plan.restarts {
            0 => "no task".to_owned(),
            1 => "1 task".to_owned(),
            count => format!("{count} tasks"),
        },
    );
    let order = match plan.order {
        UpdateOrder::StartFirst => "the new task starts first",
        UpdateOrder::StopFirst => "the old task stops first",
    };
    detail("order", &format!("{order}: {}", plan.order_reason));
    if plan.downtime.is_zero() {
        detail("downtime", "none is expected");
    } else {
        detail(
            "downtime",
            &format!("about {} s", plan.downtime.as_secs_f64()),
        );
    }
    for change in &plan.changes {
        detail("change", &describe(change));
    }
    for irreversible in &plan.irreversible {
        detail("irreversible", irreversible);
    }
    for warning in &plan.warnings {
        detail("warning", warning);
    }
    lines
}

fn describe(change: &Change) -> String {
    let restarts = if change.restarts {
        ""
    } else {
        " (without a restart)"
    };
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{}: {from} → {to}{restarts}", change.field),
        (None, Some(to)) => format!("{}: + {to}{restarts}", change.field),
        (Some(from), None) => format!("{}: - {from}{restarts}", change.field),
        (None, None) => format!("{}{restarts}", change.field),
    }
}

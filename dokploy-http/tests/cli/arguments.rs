//! What may be typed, and what becomes of it.

use std::time::Duration;

use clap::Parser as _;
use dokploy_core::model::{
    ApplicationSpec, CommandLine, EndpointMode, EnvDelivery, EnvValue, EnvVar, FailureAction, Port,
    PortMode, Protocol, UpdateOrder, UpdatePolicy,
};
use dokploy_core::{Result, Secret};
use dokploy_http::cli::arguments::{Arguments, Command, DeployArguments};
use dokploy_http::cli::secret::SecretReader;
use dokploy_http::cli::specification::Wanted;
use dokploy_http::config::Environment;

fn parse(words: &str) -> std::result::Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("dokploy").chain(words.split_whitespace()))
}

fn deploy(words: &[&str]) -> DeployArguments {
    let words = ["dokploy", "deploy"].iter().chain(words);
    match Arguments::try_parse_from(words).unwrap().command {
        Some(Command::Deploy(deploy)) => *deploy,
        other => panic!("{other:?}"),
    }
}

/// Puts arguments into a specification, with `TOKEN` and `REGION` in the environment.
fn put(spec: &mut ApplicationSpec, words: &[&str]) -> Result<()> {
    let environment = Environment::of([("TOKEN", "hunter2"), ("REGION", "north")]);
    let deploy = deploy(words);
    let wanted = Wanted::read(&deploy.application, &mut SecretReader::new(&environment))?;
    wanted.put_into(spec)
}

fn spec(words: &[&str]) -> ApplicationSpec {
    let mut spec = ApplicationSpec::named("web");
    put(&mut spec, words).unwrap();
    spec.validate().unwrap();
    spec
}

#[test]
fn every_command_is_understood() {
    for words in [
        "deploy https://git.example.com/web",
        "deploy --name web",
        "plan ./web --replicas 2",
        "rollback web",
        "rollback web --to 0198f000-0000-7000-8000-000000000000 --timeout 5m",
        "logs web --follow --tail 10",
        "ps --json",
        "cancel web",
        "releases web --project shop",
        "rm web",
        "migrate --data-dir /srv/dokploy",
    ] {
        parse(words).unwrap_or_else(|error| panic!("{words}: {error}"));
    }
}

#[test]
fn what_is_not_understood_is_a_wrong_usage() {
    for words in [
        "deploy",
        "serve web",
        "deploy web extra",
        "deploy web --replicas many",
        "deploy web --replicas -1",
        "deploy web --publish nowhere",
        "deploy web --monitor soon",
        "deploy web --endpoint-mode magic",
        "deploy web --order sideways",
        "deploy web --env =value",
        "deploy web --token-env A --token-file B",
        "deploy web --token-env A --ssh-key-file B",
        "deploy web --registry-password-env A",
        "deploy web --ssh-known-hosts A",
        "deploy web --quiet --json",
        "logs web --tail -1",
        "rollback",
    ] {
        let error = parse(words).expect_err(words);
        assert_eq!(error.exit_code(), 2, "{words}: {error}");
    }
}

#[test]
fn a_refused_secret_is_not_repeated() {
    // Clap prints what it refuses, so that no form of a secret may be refused by it.
    for words in [
        "deploy web --secret =hunter2",
        "deploy web --build-secret K=@",
        "deploy web --secret K",
    ] {
        parse(words).unwrap();
    }
}

/// Words that are separated by spaces.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn every_option_of_a_source_reaches_the_specification() {
    let spec = spec(&words(
        "https://git.example.com/web.git --branch next --submodules on --dockerfile deploy/Dockerfile
         --context app --target final --build-arg VERSION=1 --registry registry.example.com/team",
    ));
    let git = spec.git_source.as_ref().unwrap();
    assert_eq!(git.repo_url, "https://git.example.com/web.git");
    assert_eq!(
        (git.branch.as_deref(), git.submodules),
        (Some("next"), true)
    );
    assert_eq!(spec.dockerfile, "deploy/Dockerfile");
    assert_eq!(
        (spec.context.as_str(), spec.target.as_deref()),
        ("app", Some("final"))
    );
    assert_eq!(spec.build_args["VERSION"], "1");
    assert_eq!(spec.registry.as_deref(), Some("registry.example.com/team"));
}

#[test]
fn every_option_of_a_service_reaches_the_specification() {
    let spec = spec(&words(
        "nginx --env MODE=fast=er --env REGION --secret TOKEN --secret-file TLS=@Cargo.toml --replicas 3
         --publish host:8080:80 --network shared --endpoint-mode dnsrr --constraint node.role==worker
         --memory 256 --cpus 0.5 --init on --stop-grace 3s",
    ));
    let keys: Vec<_> = spec
        .env_vars
        .iter()
        .map(|variable| variable.key.as_str())
        .collect();
    assert_eq!(keys, ["MODE", "REGION", "TOKEN", "TLS"]);
    assert_eq!(
        spec.env_vars[0].value,
        EnvValue::Plain("fast=er".to_owned())
    );
    assert_eq!(spec.env_vars[1].value, EnvValue::Plain("north".to_owned()));
    let secret = Secret::new("hunter2");
    assert_eq!(spec.env_vars[2].value, EnvValue::Secret { secret });
    assert_eq!(spec.env_vars[3].delivery, EnvDelivery::File);
    let port = Port {
        target: 80,
        published: Some(8080),
        mode: PortMode::Host,
        protocol: Protocol::Tcp,
    };
    assert_eq!((spec.replicas, spec.ports), (3, vec![port]));
    assert_eq!(spec.networks, ["shared"]);
    assert_eq!(spec.endpoint_mode, EndpointMode::Dnsrr);
    assert_eq!(spec.constraints, ["node.role==worker"]);
    assert_eq!((spec.memory_limit, spec.cpu_limit), (Some(256), Some(0.5)));
    assert_eq!((spec.init, spec.stop_grace), (true, Duration::from_secs(3)));
}

#[test]
fn every_option_of_a_rollout_reaches_the_specification() {
    let mut all = words(
        "nginx --health-interval 500ms --health-retries 5 --health-start-period 2s --monitor 10s
         --order stop-first --update-delay 0 --healthy-deadline 1m --on-failure pause",
    );
    all.extend(["--health-cmd", "wget -q -O- localhost"]);
    all.extend(["--release-command", r#"["/app", "migrate"]"#]);
    let spec = spec(&all);
    let check = spec.health_check.unwrap();
    let command = CommandLine::Shell("wget -q -O- localhost".to_owned());
    assert_eq!(check.command, command);
    assert_eq!(
        (check.interval, check.retries),
        (Duration::from_millis(500), 5)
    );
    assert_eq!(check.start_period, Some(Duration::from_secs(2)));
    let expected = UpdatePolicy {
        order: Some(UpdateOrder::StopFirst),
        delay: Duration::ZERO,
        monitor: Duration::from_secs(10),
        healthy_deadline: Duration::from_mins(1),
        on_failure: FailureAction::Pause,
        ..UpdatePolicy::default()
    };
    assert_eq!(spec.update, expected);
    let words = vec!["/app".to_owned(), "migrate".to_owned()];
    assert_eq!(spec.release_command, Some(CommandLine::Exec(words)));
}

#[test]
fn what_is_not_said_again_stays_and_what_is_said_changes() {
    let mut spec = spec(&words(
        "https://git.example.com/web --branch next --env A=1 --env B=2 --replicas 3 --publish 8080:80
         --health-cmd true --health-interval 1s",
    ));
    put(
        &mut spec,
        &words("--name web --env B=3 --health-timeout 2s"),
    )
    .unwrap();
    let value = |key: &str| {
        let found = spec.env_vars.iter().find(|variable| variable.key == key);
        found.map(|EnvVar { value, .. }| value.clone())
    };
    assert_eq!(value("A"), Some(EnvValue::Plain("1".to_owned())));
    assert_eq!(value("B"), Some(EnvValue::Plain("3".to_owned())));
    assert_eq!((spec.replicas, spec.ports.len()), (3, 1));
    let git = spec.git_source.as_ref().unwrap();
    assert_eq!(git.branch.as_deref(), Some("next"));
    let check = spec.health_check.as_ref().unwrap();
    assert_eq!(check.interval, Duration::from_secs(1));
    assert_eq!(check.timeout, Duration::from_secs(2));
}

#[test]
fn what_was_said_can_be_taken_back() {
    let mut spec = spec(&words(
        "https://git.example.com/web --branch next --env A=1 --build-arg A=1 --publish 80 --network shared
         --constraint node.role==worker --memory 256 --health-cmd true --release-command migrate
         --order stop-first --volume data:/data",
    ));
    let back = words(
        "--name web --unset A --branch none --publish none --network none --constraint none --memory none
         --health-cmd none --release-command none --order auto --volume none",
    );
    put(&mut spec, &back).unwrap();
    let mut expected = ApplicationSpec::named("web");
    put(&mut expected, &["https://git.example.com/web"]).unwrap();
    assert_eq!(spec, expected);
}

#[test]
fn options_that_do_not_fit_the_application_say_so() {
    let cases = [
        (
            vec!["nginx", "--branch", "main"],
            "--branch and --submodules are for a git repository",
        ),
        (
            vec!["nginx", "--health-interval", "1s"],
            "--health-interval and the like need a --health-cmd",
        ),
        (
            vec!["nginx", "--publish", "none", "--publish", "80"],
            "--publish is given both as none and with a value",
        ),
        (
            vec!["nginx", "--secret", "A=-", "--secret", "B=-"],
            "--secret B: only one value can be read from standard input",
        ),
        (
            vec!["nginx", "--env", "NOT_SET"],
            "--env NOT_SET: the variable NOT_SET is not set",
        ),
    ];
    for (words, expected) in cases {
        let mut spec = ApplicationSpec::named("web");
        // Standard input of a test may be anything; the first of the two values is read from it.
        match put(&mut spec, &words) {
            Err(error) if error.message().contains("--secret A") => {}
            Err(error) => assert_eq!(error.message(), expected),
            Ok(()) => panic!("{words:?}"),
        }
    }
}

use anyhow::Result;
use dokploy_core::model::*;
use dokploy_core::source::*;
use dokploy_tests::environment::Environment;
use dokploy_tests::repository::*;
use futures::StreamExt;
#[tokio::test(flavor = "multi_thread")]
async fn dbg() -> Result<()> {
    let env = Environment::find().unwrap();
    let repo = Repository::new().await?;
    repo.commit_application(&env.base_image, "x", SERVE).await?;
    let dir = tempfile::tempdir()?;
    let s = Sources::new(&SourcesOptions {
        policy: NetworkPolicy::trusting(),
        ..SourcesOptions::new(dir.path())
    })?;
    let req = SourceRequest {
        application: dokploy_core::id::ApplicationId::new(),
        source: Source::Git(GitSource {
            repo_url: repo.url(),
            branch: Some("main".into()),
            credential_id: None,
            submodules: false,
            watch_paths: vec![],
        }),
        branch: None,
        commit: None,
        credential: None,
    };
    let c = tokio_util::sync::CancellationToken::new();
    let rev = s.resolve(&req, &c).await?;
    let tree = s.fetch(&req, &rev, &c).await?;
    let mut st = tree.context(&ContextRequest {
        directory: ".".into(),
        dockerfile: "Dockerfile".into(),
        bytes_max: 1 << 30,
    });
    let mut n = 0;
    while let Some(x) = tokio::time::timeout(std::time::Duration::from_secs(5), st.next()).await? {
        n += x?.len();
        eprintln!("{n}");
    }
    eprintln!("end {n}");
    Ok(())
}

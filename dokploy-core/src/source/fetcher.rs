#[derive(Debug)]
pub struct Sources;
#[derive(Debug)]
pub struct SourcesOptions;

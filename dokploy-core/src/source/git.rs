#[derive(Debug)]
pub struct GitFetcher;
#[derive(Debug)]
pub struct GitOptions;

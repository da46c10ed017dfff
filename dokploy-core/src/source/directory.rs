#[derive(Debug)]
pub struct DirectoryFetcher;

#[derive(Debug)]
pub struct ArchiveFetcher;

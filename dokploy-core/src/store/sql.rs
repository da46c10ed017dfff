#[derive(Debug)]
pub struct SqlStore;
#[derive(Debug)]
pub struct SqlStoreOptions;

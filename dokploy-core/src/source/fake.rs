#[derive(Debug)]
pub struct FakeSource;

#[derive(Debug)]
pub struct FakeRuntime;
#[derive(Debug)]
pub struct FakeBehavior;

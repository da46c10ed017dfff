#[derive(Debug)]
pub struct NetworkPolicy;

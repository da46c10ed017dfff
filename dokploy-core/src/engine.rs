#[derive(Debug)]
pub struct Engine;
#[derive(Debug)]
pub struct EngineBuilder;
#[derive(Debug)]
pub struct EngineOptions;

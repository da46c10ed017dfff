#[derive(Debug)]
pub struct DockerRuntime;
#[derive(Debug)]
pub struct DockerOptions;

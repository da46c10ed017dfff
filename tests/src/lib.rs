//! What the tests of the whole share: the environment, git repositories, engines that may be broken, and a process
//! that can be killed.

pub mod agent;
pub mod assembly;
pub mod clock;
pub mod disk;
pub mod environment;
pub mod fakes;
pub mod git_server;
pub mod node;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod repository;
pub mod scenario;
pub mod scene;

//! One file for each command.

pub(crate) mod cancel;
pub(crate) mod deploy;
pub(crate) mod logs;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod plan;
pub(crate) mod ps;
pub(crate) mod releases;
pub(crate) mod rm;
pub(crate) mod rollback;
pub(crate) mod serve;

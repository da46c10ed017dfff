//! Whole deployments on the fakes, on paused time.

mod smoke;

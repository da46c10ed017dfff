//! Kills the process that deploys, at every point at which something has or has not happened yet, and looks whether
//! the next process ends what it began. Real engine, real database, real repository.

mod points;

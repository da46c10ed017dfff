//! Databases that really run, and a Prometheus that really answers.

mod cluster;
mod image;
mod mariadb;
mod postgresql;
mod prometheus;
mod redis;

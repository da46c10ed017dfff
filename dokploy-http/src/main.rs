//! The program `dokploy`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    dokploy_http::cli::main()
}

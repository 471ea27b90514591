//! The `usher` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    usher::cli::main()
}

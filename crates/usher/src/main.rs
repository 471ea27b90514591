//! The `usher` binary.

use std::process::ExitCode;

/// A recorded mint is some hundred small allocations, freed by other threads than made them: with the system's allocator it takes
/// longer (`docs/decisions.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    usher::cli::main()
}

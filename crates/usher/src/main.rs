//! The `usher` binary.

fn main() {}

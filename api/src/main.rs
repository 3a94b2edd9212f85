//! The callstore binary.
fn main() {}

//! The `callstore` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::command::main()
}

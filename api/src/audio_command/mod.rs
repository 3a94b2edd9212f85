//! `callstore audio`: converts and inspects files of audio, without a service.
//!
//! [`input`] tells what a file is and hands out its samples, [`output`] puts a file under its name when it is whole;
//! what happens to the samples is in the `audio` crate. Everything streams: memory does not depend on a file's length.

mod args;
mod convert;
mod error;
mod input;
mod inspect;
mod names;
mod output;
mod progress;
mod report;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use args::AudioCommand;
pub use error::AudioError;

/// How many bytes are read at a time.
const BLOCK: usize = 128 * 1024;

/// Runs the command, and says how the process should exit. When the reader of standard output is gone, that is no error.
pub fn main(command: &AudioCommand) -> ExitCode {
    let outcome = match command {
        AudioCommand::Convert(args) => convert::main(args),
        AudioCommand::Inspect(args) => inspect::inspect(args).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| match error {
        AudioError::NobodyReads => ExitCode::SUCCESS,
        error => {
            // Where standard error cannot be written, the exit code still says it.
            let _ = writeln!(io::stderr(), "callstore: {error}");
            ExitCode::FAILURE
        }
    })
}

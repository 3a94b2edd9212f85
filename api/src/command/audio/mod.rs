//! `callstore audio`: converts and inspects audio files without a service.
//!
//! [`input`] detects a file's format and reads its samples. [`output`] writes a file and renames it once it is
//! complete. The `audio` crate processes the samples. Everything streams, so memory use does not depend on a file's
//! length.

mod args;
mod convert;
mod error;
mod file;
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

pub(super) use args::AudioCommand;
pub(super) use error::AudioError;

use simulate::plain_line;

/// Runs the command and returns the exit code. It is no failure if the reader of standard output has closed it.
pub(super) fn main(command: &AudioCommand) -> ExitCode {
    let outcome = match command {
        AudioCommand::Convert(args) => convert::main(args),
        AudioCommand::Inspect(args) => inspect::inspect(args).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        if let AudioError::NobodyReads = error {
            return ExitCode::SUCCESS;
        }
        // If stderr is not writable either, the exit code still reports the failure.
        let _ = writeln!(io::stderr(), "callstore: {}", plain_line(&error.to_string()));
        ExitCode::FAILURE
    })
}

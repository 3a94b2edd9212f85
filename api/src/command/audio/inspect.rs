//! The command `callstore audio inspect`.

use std::io::{self, Write};

use service::audio::Meter;
use service::audio::number::wide;

use super::{args::InspectArgs, error::AudioError, file::BLOCK, input::Input, progress::Progress, report::Report};

/// Reads a file to its end and prints the report.
pub(super) fn inspect(args: &InspectArgs) -> Result<(), AudioError> {
    let mut input = Input::open(&args.file, args.given())?;
    let mut progress = Progress::new();
    progress.expect(input.samples_len());
    let measured = measure(&mut input, args.silence_below, &mut progress);
    progress.clear();
    let report = measured?;
    let printed = if args.json { report.to_json() } else { report.to_string() };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{printed}").and_then(|()| stdout.flush()).map_err(|source| {
        if source.kind() == io::ErrorKind::BrokenPipe {
            return AudioError::NobodyReads;
        }
        AudioError::Unwritable { file: "standard output".to_owned(), source }
    })
}

fn measure(input: &mut Input, silence_below: f64, progress: &mut Progress) -> Result<Report, AudioError> {
    let mut meter = Meter::new(input.format, silence_below);
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match input.read(&mut block)? {
            0 => return Ok(Report::new(input, bytes, silence_below, &meter.finish())),
            count => {
                meter.push(&block[..count]);
                bytes += wide(count);
                progress.add(count);
            }
        }
    }
}

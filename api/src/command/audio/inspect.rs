//! The command `callstore audio inspect`.

use std::io::{self, Write};

use service::audio::Meter;
use service::audio::number::wide;

use super::{
    args::InspectArgs, error::AudioError, file::BLOCK, input::Input, names::is_standard_stream, progress::Progress,
    report::Report,
};
use simulate::plain;

/// Reads a file to its end and prints the report.
pub(super) fn inspect(args: &InspectArgs) -> Result<(), AudioError> {
    let mut input = Input::open(&args.file, args.given())?;
    let mut progress = Progress::new();
    progress.expect(input.samples_len());
    let measured = measure(args, &mut input, &mut progress);
    progress.clear();
    let report = measured?;
    let printed = if args.json { report.to_json() } else { plain(&report.to_string()) };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{printed}").and_then(|()| stdout.flush()).map_err(|source| {
        if source.kind() == io::ErrorKind::BrokenPipe {
            return AudioError::NobodyReads;
        }
        AudioError::Unwritable { file: "standard output".to_owned(), source }
    })
}

fn measure(args: &InspectArgs, input: &mut Input, progress: &mut Progress) -> Result<Report, AudioError> {
    let mut meter = Meter::new(input.format, args.silence_below);
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match input.read(&mut block)? {
            0 => {
                let path = &args.file;
                let file = if is_standard_stream(path) { input.name.clone() } else { path.display().to_string() };
                return Ok(Report::new(file, input, bytes, args.silence_below, &meter.finish()));
            }
            count => {
                meter.push(&block[..count]);
                bytes += wide(count);
                progress.add(count);
            }
        }
    }
}

//! Third-party programs, installed by `scripts/test.sh`.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// The output of a program.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap_or_else(|error| panic!("{program}: {error}; see scripts/test.sh"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}; see scripts/test.sh\n{errors}", output.status);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The number of frames that ffprobe, sox and Python's soundfile find in a file, in this order.
pub(crate) async fn frames(file: &Path) -> [u64; 3] {
    let file = file.to_str().unwrap();
    let entries = ["-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0", file];
    // Debian's Python, because soundfile is Debian's package.
    let (python, info) = ("/usr/bin/python3", "import soundfile, sys; print(soundfile.info(sys.argv[1]).frames)");
    let found = [
        run("ffprobe", &entries).await,
        run("sox", &["--i", "-s", file]).await,
        run(python, &["-c", info, file]).await,
    ];
    found.map(|frames| frames.parse().unwrap())
}

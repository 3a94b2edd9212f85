//! Files and pipes: what is written under a file name, what passes through a pipe, and memory use.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::{Folder, refusal};
use crate::support::eventually;

#[tokio::test]
async fn a_file_is_replaced_only_by_force_and_keeps_its_mode() {
    let folder = Folder::new();
    folder.run("convert caller.ulaw a.wav --to-rate 16000").await;
    folder.run("convert caller.ulaw b.wav").await;
    fs::set_permissions(folder.path().join("b.wav"), fs::Permissions::from_mode(0o640)).unwrap();
    let before = folder.read("b.wav");
    let said = folder.refused("convert b.wav b.wav --to-rate 16000").await;
    assert!(said.contains("b.wav exists already") && said.contains("--force"), "{said}");
    assert!(folder.read("b.wav") == before);
    folder.run("convert b.wav b.wav --to-rate 16000 --force").await;
    assert!(folder.read("a.wav") == folder.read("b.wav"));
    assert_eq!(fs::metadata(folder.path().join("b.wav")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.names(), ["a.wav", "b.wav", "caller.ulaw"]);
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_not_replaced() {
    let folder = Folder::new();
    let mut child = folder.audio("convert - out.wav").stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&vec![0xFF; 1 << 20]).await.unwrap();
    eventually("a file is being written", async || folder.names().iter().find(|name| name.starts_with('.')).cloned())
        .await;
    folder.write("out.wav", b"newer");
    drop(pipe);
    let said = refusal("convert - out.wav", &child.wait_with_output().await.unwrap());
    assert!(said.contains("out.wav") && said.contains("exists"), "{said}");
    assert_eq!(folder.read("out.wav"), b"newer");
    assert_eq!(folder.names(), ["caller.ulaw", "out.wav"]);
}

#[tokio::test]
async fn no_terminal_gets_a_command_from_a_file_name() {
    let folder = Folder::new();
    let name = "a\u{1b}[2J\u{7}.ulaw";
    fs::copy(folder.path().join("caller.ulaw"), folder.path().join(name)).unwrap();
    fs::write(folder.path().join("\u{1b}]0;b\u{7}.wav"), "RIFF").unwrap();
    for arguments in [
        vec!["audio", "inspect", name],
        vec!["audio", "inspect", "none\u{1b}[2J.wav"],
        vec!["audio", "inspect", "\u{1b}]0;b\u{7}.wav"],
        vec!["audio", "convert", name, name],
        vec!["audio", "convert", name, "out\u{1b}[2J.mp3"],
        vec!["audio", "convert", name, "out.wav", "\u{1b}[2J"],
        vec!["backup", "copy", "--database-url", "sqlite://none\u{1b}[2J"],
        vec!["restore", "copy\u{1b}[2J"],
        vec!["verify", "--database-url", "sqlite://none\u{1b}[2J"],
        vec!["simulate", "none\u{1b}[2J.jsonl"],
        vec!["serve", "--listen", "127.0.0.1:0", "--admin-key-file", "none\u{1b}[2J"],
        vec!["\u{1b}[2J"],
    ] {
        let mut command = crate::support::Binary::bare(folder.path());
        let output = crate::support::Binary::output({
            command.args(&arguments);
            command
        })
        .await;
        let said = [&output.stdout[..], &output.stderr].concat();
        assert!(!said.is_empty(), "{arguments:?}");
        let said = String::from_utf8(said).unwrap();
        assert!(!said.chars().any(|char| char.is_control() && char != '\n'), "{arguments:?}: {said:?}");
        // What is wrong with the arguments themselves is told without the sequences.
        let is_escaped = output.status.code() == Some(2) || said.contains("\\u{1b}");
        assert!(is_escaped, "{arguments:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_failure_leaves_what_was_there() {
    let folder = Folder::new();
    folder.write("cut.pcm", &[7; 100_001]);
    folder.write("out.wav", b"older");
    folder.refused("convert cut.pcm out.wav --force").await;
    // From a pipe the damage shows only at the end, when the file is almost written.
    let arguments = "convert - out.wav --from-encoding pcm16 --force";
    let said = refusal(arguments, &super::feed(folder.audio(arguments), &folder.read("cut.pcm")).await);
    assert!(said.contains("--salvage"), "{said}");
    assert_eq!(folder.read("out.wav"), b"older");
    assert_eq!(folder.names(), ["caller.ulaw", "cut.pcm", "out.wav"]);
}

#[tokio::test]
async fn a_signal_leaves_nothing_half_written() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let folder = Folder::new();
        let mut child = folder.audio("convert - out.wav").stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&vec![0xFF; 1 << 20]).await.unwrap();
        eventually("a file is being written", async || {
            folder.names().iter().find(|name| name.starts_with('.')).cloned()
        })
        .await;
        let process = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().await.unwrap().success());
        assert_eq!(child.wait().await.unwrap().code(), Some(code));
        assert_eq!(folder.names(), ["caller.ulaw"]);
    }
}

#[tokio::test]
async fn a_reader_that_goes_is_no_error() {
    let folder = Folder::new();
    for arguments in ["convert /dev/zero - --to-container raw", "convert /dev/zero -"] {
        let mut child = folder.audio(arguments).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 100]).await.unwrap();
        drop(stdout);
        let output = child.wait_with_output().await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[tokio::test]
async fn standard_output_is_not_appended_to_the_file_that_is_read() {
    let folder = Folder::new();
    let before = folder.read("caller.ulaw");
    let file = File::options().append(true).open(folder.path().join("caller.ulaw")).unwrap();
    let output = folder.audio("convert caller.ulaw -").stdout(file).spawn().unwrap().wait_with_output().await.unwrap();
    let said = refusal("convert caller.ulaw - >> caller.ulaw", &output);
    assert!(said.contains("caller.ulaw is standard output"), "{said}");
    assert!(folder.read("caller.ulaw") == before);
}

#[tokio::test]
async fn links_devices_pipes_and_folders_are_not_written_to() {
    let folder = Folder::new();
    folder.write("older.wav", b"older");
    std::os::unix::fs::symlink("older.wav", folder.path().join("link.wav")).unwrap();
    std::os::unix::fs::symlink("nowhere.wav", folder.path().join("dangling.wav")).unwrap();
    folder.other("mkfifo pipe.wav").await;
    folder.other("mkdir folder.wav").await;
    let names = folder.names();
    for output in ["link.wav", "dangling.wav", "pipe.wav", "folder.wav", "/dev/null"] {
        for force in ["", " --force"] {
            let said = folder.refused(&format!("convert caller.ulaw {output}{force}")).await;
            assert!(said.contains(&format!("{output} is not a regular file")), "{said}");
        }
    }
    assert_eq!((folder.names(), folder.read("older.wav")), (names, b"older".to_vec()));
}

#[tokio::test]
async fn standard_input_may_be_a_file_or_a_part_of_one() {
    let folder = Folder::new();
    folder.run("convert caller.ulaw out.wav").await;
    let file = File::open(folder.path().join("caller.ulaw")).unwrap();
    let output = folder.audio("convert - -").stdin(file).output().await.unwrap();
    assert!(output.status.success() && output.stdout == folder.read("out.wav"), "its length is known");
}

#[tokio::test]
async fn a_wav_file_of_4_gib_is_refused_before_it_is_begun() {
    let folder = Folder::new();
    // A sparse file: no bytes on disk.
    File::create(folder.path().join("long.ulaw")).unwrap().set_len(3 << 30).unwrap();
    let said = folder.refused("convert long.ulaw out.wav").await;
    assert!(said.contains("4 GiB") && said.contains("--to-container raw"), "{said}");
    assert_eq!(folder.names(), ["caller.ulaw", "long.ulaw"]);
}

/// Peak memory of a process, in KiB.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn memory_does_not_grow_with_the_file() {
    let folder = Folder::new();
    for arguments in ["convert - - --to-rate 16000", "inspect -"] {
        let mut memory = Vec::new();
        let mut child = folder.audio(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let megabyte = vec![0x80; 1 << 20];
        for _ in 0..2 {
            for _ in 0..100 {
                pipe.write_all(&megabyte).await.unwrap();
            }
            memory.push(peak_memory(child.id().unwrap()));
        }
        drop(pipe);
        assert!(child.wait_with_output().await.unwrap().status.success());
        assert!(memory[1] < 48 * 1024 && memory[1].saturating_sub(memory[0]) < 1024, "{arguments}: {memory:?} KiB");
    }
}

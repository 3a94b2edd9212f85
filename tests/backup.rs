//! `callstore backup` and `callstore restore`, as an operator runs them.

mod files;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Binary, call, chunk, eventually};
use files::{Files, data_arguments, files as files_below, mode};

#[tokio::test]
async fn everything_acknowledged_before_a_backup_is_in_it_whatever_is_written_meanwhile() {
    let files = Files::new();
    let old = files.serve("old").await;
    let recording = files.record(&old, "MZ1").await;
    files.post(&old, "/calls", &call("MZ2")).await;
    let mut acknowledged = 0;
    while acknowledged < 50 {
        files.post(&old, "/calls/MZ2/chunks", &chunk("inbound", acknowledged, acknowledged * 20)).await;
        acknowledged += 1;
    }
    // Chunks, and calls that end, while the backup is made.
    let stop = AtomicBool::new(false);
    let writing = async {
        let mut number = acknowledged;
        while !stop.load(Ordering::Relaxed) {
            files.post(&old, "/calls/MZ2/chunks", &chunk("inbound", number, number * 20)).await;
            files.record(&old, &format!("MZ-{number}")).await;
            number += 1;
        }
        number
    };
    let backing_up = async {
        let said = files.done(&["backup", "copy"], "old").await;
        stop.store(true, Ordering::Relaxed);
        said
    };
    let (written, said) = tokio::join!(writing, backing_up);
    assert!(said.contains("copy: a database of "), "{said}");
    old.kill().await;

    for path in files_below(&files.path("copy")) {
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700), "{}", path.display());
    }
    let said = files.done(&["restore", "copy"], "new").await;
    assert!(said.contains("are restored"), "{said}");
    let new = files.serve("new").await;
    let audio = files.get(&new, &format!("/recordings/{recording}/audio")).await;
    assert_eq!(audio.bytes.len(), 44 + 2 * 960);
    let status = files.get(&new, "/calls/MZ2/chunks").await.json();
    let chunks = status["tracks"][0]["chunks"].as_u64().unwrap();
    assert!((u64::from(acknowledged)..=u64::from(written)).contains(&chunks), "{status}");
    assert_eq!(status["tracks"][0]["missingTotal"], 0);
    // Each call that the database has ends with its recording, whose file is right.
    let calls = files.get(&new, "/calls?limit=500").await.json();
    for call in calls["items"].as_array().unwrap() {
        let ended = files.post(&new, &format!("/calls/{}/end", call["id"].as_str().unwrap()), &json!({})).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        // The last may have been copied before its first chunk.
        for recording in ended["recordings"].as_array().unwrap() {
            let path = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
            assert_eq!(files.get(&new, &path).await.bytes.len() as u64, recording["sizeBytes"].as_u64().unwrap());
        }
    }
}

#[tokio::test]
async fn a_backup_that_was_killed_is_not_restored() {
    let files = Files::new();
    let old = files.serve("old").await;
    for name in ["MZ1", "MZ2"] {
        files.record(&old, name).await;
    }
    for point in ["backup.database", "backup.recording", "backup.summed"] {
        let (done, said) = files.run(&["backup", point], "old", Some(&format!("{point}:1"))).await;
        assert!(!done && said.is_empty(), "{said}");
        files.refused(&["restore", point], "new", "is no complete backup: it has no SHA256SUMS").await;
        files.refused(&["backup", point], "old", "is not empty. Name a new folder").await;
        assert!(!files.path("new").exists());
    }
    assert_eq!(files.recordings("backup.recording").len(), 1);
}

#[tokio::test]
async fn a_changed_bit_of_a_backup_is_found_before_anything_is_restored() {
    let files = Files::new();
    let old = files.serve("old").await;
    files.record(&old, "MZ1").await;
    old.kill().await;
    files.done(&["backup", "copy"], "old").await;
    for file in [files.path("copy/callstore.db"), files.recordings("copy").remove(0)] {
        let whole = fs::read(&file).unwrap();
        let mut changed = whole.clone();
        changed[1000] ^= 1;
        fs::write(&file, changed).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        files.refused(&["restore", "copy"], "new", &format!("{name}: its SHA-256 is not the one")).await;
        assert!(!files.path("new").exists(), "a refused restore leaves nothing behind");
        fs::remove_file(&file).unwrap();
        files.refused(&["restore", "copy"], "new", "cannot be read").await;
        fs::write(&file, whole).unwrap();
    }
    files.done(&["restore", "copy"], "new").await;
    assert_eq!(files.recordings("new").len(), 1);
}

#[tokio::test]
async fn a_backup_without_a_recording_that_its_database_names_is_not_restored() {
    let files = Files::new();
    let old = files.serve("old").await;
    files.record(&old, "MZ1").await;
    files.record(&old, "MZ2").await;
    old.kill().await;
    files.done(&["backup", "copy"], "old").await;
    let sums = fs::read_to_string(files.path("copy/SHA256SUMS")).unwrap();
    let line = sums.lines().find(|line| line.contains("recordings/")).unwrap();
    fs::write(files.path("copy/SHA256SUMS"), sums.replace(&format!("{line}\n"), "")).unwrap();
    files.refused(&["restore", "copy"], "new", "the database names this recording").await;
    assert!(!files.path("new").exists());
    files.done(&["backup", "--database-only", "alone"], "old").await;
    files.done(&["restore", "alone"], "other").await;
}

#[tokio::test]
async fn a_restore_overwrites_nothing_and_leaves_a_running_service_alone() {
    let files = Files::new();
    let old = files.serve("old").await;
    files.record(&old, "MZ1").await;
    files.done(&["backup", "copy"], "old").await;
    files.refused(&["restore", "copy"], "old", "old/callstore.db is there already").await;
    let other = ["restore", "copy", "--database-url", "sqlite://new/callstore.db", "--recordings", "old/recordings"];
    let mut command = Binary::bare(files.folder.path());
    let output = Binary::output({
        command.args(other);
        command
    })
    .await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another Callstore that is running uses it"), "{said}");
    old.kill().await;
    let mut command = Binary::bare(files.folder.path());
    let output = Binary::output({
        command.args(other);
        command
    })
    .await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("old/recordings is there already, and restore overwrites nothing"), "{said}");
    assert!(!files.path("new/callstore.db").exists());
}

#[tokio::test]
async fn a_recording_that_is_damaged_or_gone_is_told_and_the_backup_is_not_complete() {
    let files = Files::new();
    let old = files.serve("old").await;
    for name in ["MZ1", "MZ2", "MZ3"] {
        files.record(&old, name).await;
    }
    let recordings = files.recordings("old");
    fs::remove_file(&recordings[0]).unwrap();
    let mut changed = fs::read(&recordings[1]).unwrap();
    changed[1000] ^= 1;
    fs::write(&recordings[1], changed).unwrap();
    let said = "2 of 3 recordings could not be copied, so the backup is not complete";
    files.refused(&["backup", "copy"], "old", said).await;
    files.refused(&["backup", "other"], "old", "its SHA-256 differs from the one in the database").await;
    files.refused(&["restore", "copy"], "new", "is no complete backup").await;
}

#[tokio::test]
async fn a_call_that_is_deleted_while_a_backup_is_made_is_deleted_in_the_backup() {
    let files = Files::new();
    let old = files.serve("old").await;
    for name in ["MZ1", "MZ2"] {
        files.record(&old, name).await;
    }
    let gone = &files.recordings("old")[0];
    let id = gone.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut command = Binary::bare(files.folder.path());
    let held = files.path("held");
    command.args(["backup", "copy"]).args(data_arguments("old"));
    command.env("CALLSTORE_HOLD_AT", format!("backup.database:{}", held.display()));
    let deleting = async {
        let is_held = || async { held.exists().then_some(()) };
        eventually("the backup is held", is_held).await;
        files.ask(&old, Method::DELETE, &format!("/calls/{id}"), &Value::Null).await;
        let is_gone = || async { (!gone.exists()).then_some(()) };
        eventually("the recording is gone", is_gone).await;
        fs::remove_file(&held).unwrap();
    };
    let (output, ()) = tokio::join!(Binary::output(command), deleting);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("1 recordings of") && said.contains("1 calls were deleted meanwhile"), "{said}");
    files.done(&["restore", "copy"], "new").await;
    let new = files.serve("new").await;
    assert_eq!(files.get(&new, "/calls").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_copied_is_refused_with_what_to_use_instead() {
    let files = Files::new();
    files.serve("old").await.kill().await;
    for (arguments, words) in [
        (vec!["backup", "copy", "--database-url", "postgres://a@localhost/b"], "back it up with pg_dump"),
        (
            vec!["backup", "copy", "--database-url", "sqlite://old/callstore.db", "--recordings-url", "s3://a"],
            "Turn on versioning of the bucket, and add --database-only",
        ),
        (vec!["backup", "copy", "--database-url", "sqlite://nowhere.db"], "there is no database at "),
        (vec!["restore", "nowhere"], "there is no folder "),
    ] {
        let mut command = Binary::bare(files.folder.path());
        command.args(&arguments);
        let output = Binary::output(command).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
        assert!(!files.path("copy").exists() && !files.path("data").exists(), "{arguments:?}");
    }
    let mut command = Binary::bare(files.folder.path());
    command.args(["backup", "copy", "--database-only", "--recordings-url", "s3://a"]);
    command.args(["--database-url", "sqlite://old/callstore.db"]);
    assert!(Binary::output(command).await.status.success());
    assert!(files.path("copy/SHA256SUMS").exists() && !files.path("copy/recordings").exists());
}

#[tokio::test]
async fn modes_of_data_that_others_could_read_are_tightened_at_the_start() {
    let files = Files::new();
    let old = files.serve("data").await;
    files.record(&old, "MZ1").await;
    old.kill().await;
    let loosen = |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let recording = files.recordings("data").remove(0);
    let inner = recording.parent().unwrap().to_owned();
    let loose = ["data", "data/recordings", "data/callstore.db", "data/callstore.db-wal"].map(|name| files.path(name));
    for path in loose.iter().chain([&recording, &inner]) {
        loosen(path.clone(), if path.is_dir() { 0o755 } else { 0o644 });
    }
    loosen(files.folder.path().to_owned(), 0o755);
    let new = files.serve("data").await;
    let tight = || async { loose.iter().chain([&recording, &inner]).all(|path| mode(path) & 0o077 == 0).then_some(()) };
    eventually("the modes are tight", tight).await;
    assert_eq!(mode(files.folder.path()), 0o755, "the folder above is not the service's");
    files.get(&new, "/calls").await;
}

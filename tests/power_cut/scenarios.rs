//! What is done while the power goes.

use std::path::Path;

use tempfile::TempDir;

use super::{
    cuts::Recorder,
    expected::{Expected, command},
};
use crate::{
    disk::under,
    support::{Binary, on_sqlite},
};

/// A service without strace, whose data is certain.
async fn untraced(folder: &TempDir) -> Binary {
    Binary::start(under("env", &[], folder.path(), &[])).await
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_deleted_comes_back() {
    if !on_sqlite() {
        return;
    }
    // The first start makes all folders. The second one empties the log, and ends as by a signal.
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    let service = recorder.serve(None).await;
    recorder.record(&service, "MZ1").await;
    recorder.start(&service, "MZ2").await;
    recorder.send(&service, "MZ2").await;
    recorder.delete(&service, "MZ1").await;
    recorder.send(&service, "MZ2").await;
    recorder.end(service, "-KILL").await;
    let service = recorder.serve(None).await;
    recorder.send(&service, "MZ2").await;
    recorder.finish(&service, "MZ2").await;
    recorder.record(&service, "MZ3").await;
    recorder.delete(&service, "MZ3").await;
    recorder.end(service, "-TERM").await;
    recorder.cut(0, 10, |disk, expected| async move { expected.check(disk.path(), "data").await }).await;
}

#[tokio::test]
async fn without_any_one_of_its_syncs_something_is_lost() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    let service = recorder.serve(None).await;
    recorder.record(&service, "MZ1").await;
    recorder.end(service, "-KILL").await;
    let shard = recorder.folder_of_recording();
    let recordings = shard.parent().unwrap();
    let folders = [Path::new(""), Path::new("data"), recordings, &shard];
    for path in folders.into_iter().chain([Path::new("data/callstore.db-wal")]) {
        let fault = recorder.fault_without_syncs_of(path).await;
        assert!(fault.is_some(), "nothing is lost without syncs of {path:?}");
    }
}

#[tokio::test]
async fn a_failed_sync_of_the_log_takes_nothing_with_it_after_a_restart() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    untraced(&folder).await.kill().await;
    recorder.settle();
    let service = recorder.serve(Some("fdatasync:error=EIO:when=40")).await;
    recorder.start(&service, "MZ1").await;
    while recorder.send(&service, "MZ1").await {}
    // What the failed sync should have written is in the page cache, and the next start finds it there.
    recorder.end(service, "-KILL").await;
    let restart = recorder.lines();
    let service = recorder.serve(None).await;
    for _ in 0..4 {
        let mut down = Binary::bare(folder.path());
        down.args(["migrate", "down"]);
        assert!(recorder.send(&service, "MZ1").await);
    }
    recorder.end(service, "-KILL").await;
    recorder.cut(restart, 4, |disk, expected| async move { expected.check(disk.path(), "data").await }).await;
}

#[tokio::test]
async fn a_new_folder_of_recordings_whose_sync_failed_is_synced_again() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    untraced(&folder).await.kill().await;
    recorder.settle();
    // Of a thread that makes a recording, the second is that of the folder of all recordings.
    let service = recorder.serve(Some("fsync:error=EIO:when=2")).await;
    recorder.start(&service, "MZ1").await;
    recorder.send(&service, "MZ1").await;
    let mut failures = 0;
    while !recorder.finish(&service, "MZ1").await {
        failures += 1;
    }
    assert!(failures > 0, "no sync failed");
    recorder.end(service, "-KILL").await;
    recorder.cut(0, 3, |disk, expected| async move { expected.check(disk.path(), "data").await }).await;
}

#[tokio::test]
async fn two_recordings_in_a_new_folder_both_wait_for_its_sync() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    let service = untraced(&folder).await;
    let pair = recorder.start_pair(&service).await;
    for call in &pair {
        recorder.send(&service, call).await;
    }
    service.kill().await;
    recorder.settle();
    // A busy disk: the sync of the folder takes long, so that the other recording comes meanwhile.
    let service = recorder.serve(Some("fsync:delay_enter=200ms")).await;
    recorder.finish_together(&service, &pair).await;
    recorder.end(service, "-KILL").await;
    recorder.cut(0, 2, |disk, expected| async move { expected.check(disk.path(), "data").await }).await;
}

#[tokio::test]
async fn a_migration_can_be_cut_anywhere() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    let service = untraced(&folder).await;
    recorder.record(&service, "MZ1").await;
    service.kill().await;
    for _ in 0..4 {
        let mut down = Binary::bare(folder.path());
        down.args(["migrate", "down"]);
        let down = Binary::output(down).await;
        assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    }
    recorder.settle();
    recorder.run(&["migrate", "up"]).await;
    recorder.cut(0, 10, |disk, expected| async move { expected.check(disk.path(), "data").await }).await;
}

#[tokio::test]
async fn a_backup_is_whole_or_refused_after_a_power_cut() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::new(folder.path());
    let service = untraced(&folder).await;
    recorder.record(&service, "MZ1").await;
    service.kill().await;
    recorder.settle();
    recorder.run(&["backup", "copy"]).await;
    let check = |disk: TempDir, expected: Expected| async move {
        let restored = Binary::output(command(disk.path(), "new", &["restore", "copy"])).await;
        let said = String::from_utf8([restored.stdout, restored.stderr].concat()).unwrap();
        match restored.status.success() {
            true => expected.check(disk.path(), "new").await,
            false if expected.is_over => Err(said),
            false => expected.check(disk.path(), "data").await,
        }
    };
    recorder.cut(0, 8, check).await;
}

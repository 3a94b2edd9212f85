//! Files of recordings that no call has.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use super::{Server, eventually};

impl Server {
    /// Restarts the server with files beside a `recording` that no call has. Only an old one with a recording's name is
    /// removed.
    pub(crate) async fn restarts_without_orphans(&mut self, recording: &str) {
        self.stop().await;
        let folder = self.recordings();
        let (orphan, young) =
            ("0f/01905f3c-2b7a-7c11-9d4e-5a6b7c8d9e0f.wav", "0f/01905f3c-2b7a-7c11-9d4e-5a6b7c8d9f0f.wav");
        let not_ours = ["0f/notes.wav", "0e/01905f3c-2b7a-7c11-9d4e-5a6b7c8d9e0f.wav"];
        for name in not_ours.into_iter().chain([orphan, young]) {
            std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.join(name), "RIFF").unwrap();
        }
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
        for name in not_ours.into_iter().chain([orphan, recording]) {
            File::options().write(true).open(folder.join(name)).unwrap().set_modified(old).unwrap();
        }
        self.restart().await;
        eventually("the orphan is removed", || async { (!folder.join(orphan).exists()).then_some(()) }).await;
        for name in not_ours.into_iter().chain([young, recording]) {
            assert!(folder.join(name).exists(), "{name}");
        }
        for name in not_ours.into_iter().chain([young]) {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
    }
}

//! Cuts the power under a recorded service.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{StreamExt, stream};
use tempfile::TempDir;

use super::{
    super::{
        disk::{Image, Policy},
        expected::{Expected, Kept},
        trace::{Call, Op},
    },
    Note, Promise, Recorder,
};
use crate::support::number;

impl Recorder {
    /// The line of the trace at which each response left. What was answered before is certain.
    fn answered(&self) -> Vec<usize> {
        let sent = self.ops.iter().filter_map(|op| {
            let Call::Write { data, .. } = &op.call else { return None };
            data.starts_with(b"HTTP/1.1 ").then_some((op.enter, data))
        });
        let sent: Vec<_> = sent.collect();
        let place = |note: &Note| {
            let id = note.request.as_bytes();
            let with_id = |(_, data): &&(usize, &Vec<u8>)| data.windows(id.len()).any(|part| part == id);
            sent.iter().find(with_id).map_or(0, |(line, _)| *line)
        };
        self.notes.iter().map(place).collect()
    }

    /// Cuts the power at each response and at `more` other places from a line on, and checks what is left on each
    /// disk.
    pub(crate) async fn cut<F: Future<Output = Result<(), String>>>(
        self,
        from: usize,
        more: usize,
        check: impl Fn(TempDir, Expected) -> F,
    ) {
        let answered = self.answered();
        // A long run says how many.
        let more = number("POWER_CUT_PLACES").map_or(more, |places| places as usize);
        let on_disk = |op: &&Arc<Op>| match &op.call {
            Call::Seek(_) | Call::Open { .. } | Call::Unknown(_) => false,
            Call::Write { file, .. } | Call::Cut { file, .. } | Call::Sync(file) => {
                file.path.as_ref().is_some_and(|path| path.starts_with(&self.root))
            }
            Call::MakeFolder(_) | Call::Remove(_) | Call::Rename { .. } => true,
        };
        let changes = self.ops.iter().filter(|op| op.enter >= from).filter(on_disk);
        let changes: Vec<usize> = changes.flat_map(|op| [op.enter, op.exit.unwrap_or(op.enter)]).collect();
        let others = (0..more).map(|index| changes[changes.len() * (2 * index + 1) / (2 * more)]);
        let mut points: Vec<usize> = answered.iter().copied().filter(|line| *line > from).chain(others).collect();
        points.push(self.lines);
        points.sort_unstable();
        points.dedup();
        let images = self.images(&points);
        let count = images.len();
        let faults = stream::iter(images).map(|(point, policy, image)| {
            let checking = check(put(&image), self.expected(&answered, point));
            async move { checking.await.err().map(|fault| format!("{policy:?} at {point}: {fault}")) }
        });
        let faults: Vec<_> = faults.buffer_unordered(3).filter_map(std::future::ready).collect().await;
        assert!(faults.is_empty(), "of {count}:\n{}", faults.join("\n"));
    }

    /// The fault after a cut at the end, if the syncs of a file or folder had not happened.
    pub(crate) async fn fault_without_syncs_of(&self, path: &Path) -> Option<String> {
        let mut blind = self.clone();
        let path = self.root.join(path);
        blind.ops.retain(|op| !matches!(&op.call, Call::Sync(file) if file.path.as_ref() == Some(&path)));
        assert!(blind.ops.len() < self.ops.len(), "{} was never synced", path.display());
        let (_, _, image) = blind.images(&[self.lines]).swap_remove(0);
        let folder = put(&image);
        self.expected(&self.answered(), self.lines).check(folder.path(), "data").await.err()
    }

    /// The folder of the first recording.
    pub(crate) fn folder_of_recording(&self) -> PathBuf {
        let renamed = self.ops.iter().find_map(|op| match &op.call {
            Call::Rename { to, .. } => Some(to.parent().unwrap().strip_prefix(&self.root).unwrap().to_owned()),
            Call::Open { .. }
            | Call::Write { .. }
            | Call::Cut { .. }
            | Call::Seek(_)
            | Call::Sync(_)
            | Call::MakeFolder(_)
            | Call::Remove(_)
            | Call::Unknown(_) => None,
        });
        renamed.unwrap()
    }

    /// The disks after a cut at each of the points.
    fn images(&self, points: &[usize]) -> Vec<(usize, Policy, Image)> {
        let mut events: Vec<(usize, bool, &Arc<Op>)> = self.ops.iter().map(|op| (op.enter, false, op)).collect();
        events.extend(self.ops.iter().filter_map(|op| op.exit.map(|exit| (exit, true, op))));
        events.sort_by_key(|(line, leaves, _)| (*line, *leaves));
        let (mut events, mut disk, mut images) = (events.into_iter().peekable(), self.before.clone(), Vec::new());
        for (index, point) in points.iter().enumerate() {
            while let Some((_, leaves, op)) = events.next_if(|(line, ..)| line <= point) {
                if leaves { disk.leave(op) } else { disk.enter(op) }
            }
            // A torn disk at every second place.
            let torn = (index % 2 == 0).then_some(Policy::Torn(*point as u64));
            for policy in std::iter::once(Policy::None).chain(torn) {
                images.push((*point, policy, disk.image(policy)));
            }
        }
        images
    }

    fn expected(&self, answered: &[usize], point: usize) -> Expected {
        let mut calls: BTreeMap<String, Kept> = BTreeMap::new();
        for (note, line) in self.notes.iter().zip(answered) {
            if *line > point {
                calls.entry(note.call.clone()).or_default().may_be = Some(note.promise.clone());
                break;
            }
            let kept = calls.entry(note.call.clone()).or_default();
            match &note.promise {
                Promise::Started => {}
                Promise::Chunk => kept.chunks += 1,
                Promise::Said(text) => kept.said.push(text.clone()),
                Promise::Ended => kept.ended = true,
                Promise::Deleted => kept.deleted = true,
            }
        }
        Expected { calls, client: self.client.clone(), is_over: point >= self.lines }
    }
}

/// A folder with the files of a disk.
fn put(image: &Image) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, data) in image {
        match data {
            None => fs::create_dir_all(folder.path().join(path)).unwrap(),
            Some(data) => fs::write(folder.path().join(path), data).unwrap(),
        }
    }
    folder
}

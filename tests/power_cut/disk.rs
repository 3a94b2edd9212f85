//! A model of a disk: what may be on it after a power cut, by the promises of POSIX, which are weaker than those of
//! any file system.
//!
//! - A write is certain once a sync of its file was entered after the write had returned, and has succeeded.
//! - A name (of a file or folder that is created, renamed or removed) is certain once the folder that holds it was
//!   synced so. Syncing a file does not make its name certain.
//! - What a failed sync should have written stays uncertain for good, also after a sync that succeeds: the kernel takes
//!   it for written. Only if something in the same page is written again, it reaches the disk with that.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use super::{
    node::{Dice, Name, Node, Write},
    trace::{Call, Descriptor, Op},
};

/// What becomes of what is uncertain.
#[derive(Clone, Copy, Debug)]
pub(super) enum Policy {
    /// All of it is gone.
    None,
    /// Each name, and each sector of each write, is there or not, by chance.
    Torn(u64),
}

/// The files of a disk, relative to its root; a folder has no bytes.
pub(super) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

#[derive(Clone)]
pub(super) struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    /// What the process sees at each path.
    seen: HashMap<PathBuf, usize>,
    /// The node and the position of each open file.
    open: HashMap<i64, (usize, usize)>,
    /// What the syncs that are under way cover, by the line of their entry: the node, and the number of a change.
    syncs: HashMap<usize, (usize, BTreeSet<usize>)>,
    changes: usize,
}

impl Disk {
    /// A disk on which everything that is in a folder is certain.
    pub(super) fn of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            nodes: Vec::new(),
            seen: HashMap::new(),
            open: HashMap::new(),
            syncs: HashMap::new(),
            changes: 0,
        };
        disk.adopt(root);
        disk
    }

    fn adopt(&mut self, path: &Path) -> usize {
        let node = if path.is_dir() {
            let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
            let names = entries.map(|entry| (entry.file_name().into_string().unwrap(), self.adopt(&entry.path())));
            Node::folder(names.collect())
        } else {
            Node::file(fs::read(path).unwrap())
        };
        self.add(path, node)
    }

    fn add(&mut self, path: &Path, node: Node) -> usize {
        self.nodes.push(node);
        self.seen.insert(path.to_owned(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// A call is entered. What it changes may be there from now on.
    pub(super) fn enter(&mut self, op: &Op) {
        let is_sync = matches!(op.call, Call::Sync(_));
        if op.result < 0 && !is_sync {
            return;
        }
        match &op.call {
            Call::Open { path, create, truncate } if path.starts_with(&self.root) => {
                let known = self.seen.get(path).copied();
                if known.is_none() && *create {
                    let file = Node::file(Vec::new());
                    let node = self.add(path, file);
                    self.name(op, path, Some(node));
                } else if let Some(node) = known.filter(|_| *truncate) {
                    self.write(op, node, 0, None);
                }
            }
            Call::Write { file, offset, data } => {
                let Some(node) = self.node(file) else { return };
                let data = if op.exit.is_some() { &data[..usize::try_from(op.result).unwrap()] } else { &data[..] };
                let position = &mut self.open.entry(file.number).or_insert((node, 0)).1;
                let at = offset.unwrap_or(*position);
                if offset.is_none() {
                    *position += data.len();
                }
                self.write(op, node, at, Some(data.to_vec()));
            }
            Call::Cut { file, length } => {
                let Some(node) = self.node(file) else { return };
                self.write(op, node, *length, None);
            }
            Call::Sync(file) => {
                let Some(node) = self.node(file) else { return };
                self.syncs.insert(op.enter, (node, self.nodes[node].returned(op.enter)));
            }
            Call::MakeFolder(path) if path.starts_with(&self.root) => {
                let node = self.add(path, Node::folder(BTreeMap::new()));
                self.name(op, path, Some(node));
            }
            Call::Remove(path) if path.starts_with(&self.root) => {
                self.seen.remove(path);
                self.name(op, path, None);
            }
            Call::Rename { from, to } if from.starts_with(&self.root) => {
                let node = self.seen.remove(from).unwrap();
                assert!(matches!(self.nodes[node], Node::File { .. }), "a folder is renamed: {op:?}");
                self.seen.insert(to.clone(), node);
                self.name(op, to, Some(node));
                self.name(op, from, None);
            }
            Call::Unknown(text) => panic!("the model does not know this call: {text}"),
            Call::Open { .. } | Call::Seek(_) | Call::MakeFolder(_) | Call::Remove(_) | Call::Rename { .. } => {}
        }
    }

    /// A call returns. What a sync covers is certain from now on, or lost.
    pub(super) fn leave(&mut self, op: &Op) {
        match &op.call {
            Call::Open { path, .. } => {
                self.open.remove(&op.result);
                if let Some(node) = self.seen.get(path) {
                    self.open.insert(op.result, (*node, 0));
                }
            }
            Call::Seek(file) if op.result >= 0 => {
                if let Some(open) = self.open.get_mut(&file.number) {
                    open.1 = usize::try_from(op.result).unwrap();
                }
            }
            Call::Sync(_) => {
                let Some((node, covered)) = self.syncs.remove(&op.enter) else { return };
                self.nodes[node].synced(&covered, op.result >= 0);
            }
            Call::Write { .. }
            | Call::Cut { .. }
            | Call::Seek(_)
            | Call::MakeFolder(_)
            | Call::Remove(_)
            | Call::Rename { .. }
            | Call::Unknown(_) => {}
        }
    }

    fn node(&self, file: &Descriptor) -> Option<usize> {
        match &file.path {
            Some(path) => self.seen.get(path).copied(),
            None => self.open.get(&file.number).map(|(node, _)| *node),
        }
    }

    fn write(&mut self, op: &Op, node: usize, offset: usize, data: Option<Vec<u8>>) {
        self.changes += 1;
        let write = Write { change: self.changes, exit: op.exit, offset, data };
        let Node::File { unsure, .. } = &mut self.nodes[node] else { panic!("a folder is written: {op:?}") };
        unsure.push(write);
    }

    fn name(&mut self, op: &Op, path: &Path, node: Option<usize>) {
        self.changes += 1;
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let name = Name { change: self.changes, exit: op.exit, name, node };
        let parent = self.seen[path.parent().unwrap()];
        let Node::Folder { unsure, .. } = &mut self.nodes[parent] else { panic!("no folder: {op:?}") };
        unsure.push(name);
    }

    /// What is on the disk if the power goes now.
    pub(super) fn image(&self, policy: Policy) -> Image {
        let mut dice = match policy {
            Policy::None => None,
            Policy::Torn(seed) => Some(Dice(seed)),
        };
        let mut image = Image::new();
        self.take(self.seen[&self.root], Path::new(""), &mut dice, &mut image);
        image
    }

    fn take(&self, node: usize, path: &Path, dice: &mut Option<Dice>, image: &mut Image) {
        match &self.nodes[node] {
            // Of other processes; the next one creates it anew.
            Node::File { .. } if path.to_string_lossy().ends_with("-shm") => {}
            Node::File { certain, unsure, lost } => {
                let mut data = certain.clone();
                for write in lost.iter().chain(unsure) {
                    if let Some(dice) = dice {
                        write.tear(&mut data, dice);
                    }
                }
                image.insert(path.to_owned(), Some(data));
            }
            Node::Folder { certain, unsure } => {
                image.insert(path.to_owned(), None);
                let mut names = certain.clone();
                for name in unsure.iter().filter(|_| dice.as_mut().is_some_and(Dice::roll)) {
                    match name.node {
                        Some(node) => drop(names.insert(name.name.clone(), node)),
                        None => drop(names.remove(&name.name)),
                    }
                }
                for (name, node) in names {
                    self.take(node, &path.join(name), dice, image);
                }
            }
        }
    }
}

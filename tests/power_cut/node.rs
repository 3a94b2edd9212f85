//! A file or a folder on the disk of the model: what of it is certain, and what is not.

use std::collections::{BTreeMap, BTreeSet};

/// The kernel writes whole pages, and a disk whole sectors.
const PAGE: usize = 4096;
const SECTOR: usize = 512;

#[derive(Clone)]
pub(super) enum Node {
    File { certain: Vec<u8>, unsure: Vec<Write>, lost: Vec<Write> },
    Folder { certain: BTreeMap<String, usize>, unsure: Vec<Name> },
}

#[derive(Clone)]
pub(super) struct Write {
    pub change: usize,
    pub exit: Option<usize>,
    pub offset: usize,
    /// None: the file is cut off, or grown, to `offset`.
    pub data: Option<Vec<u8>>,
}

#[derive(Clone)]
pub(super) struct Name {
    pub change: usize,
    pub exit: Option<usize>,
    pub name: String,
    /// None: the name is removed.
    pub node: Option<usize>,
}

impl Node {
    pub(super) fn file(certain: Vec<u8>) -> Self {
        Self::File { certain, unsure: Vec::new(), lost: Vec::new() }
    }

    pub(super) fn folder(certain: BTreeMap<String, usize>) -> Self {
        Self::Folder { certain, unsure: Vec::new() }
    }

    /// The changes that had returned before a sync was entered, which are those that it covers.
    pub(super) fn returned(&self, entered: usize) -> BTreeSet<usize> {
        let all: Vec<(usize, Option<usize>)> = match self {
            Self::File { unsure, .. } => unsure.iter().map(|write| (write.change, write.exit)).collect(),
            Self::Folder { unsure, .. } => unsure.iter().map(|name| (name.change, name.exit)).collect(),
        };
        let covered = all.into_iter().filter(|(_, exit)| exit.is_some_and(|exit| exit < entered));
        covered.map(|(change, _)| change).collect()
    }

    /// A sync of these changes has returned.
    pub(super) fn synced(&mut self, covered: &BTreeSet<usize>, with_success: bool) {
        match self {
            // The file system keeps names for the next sync.
            Self::Folder { .. } if !with_success => {}
            Self::Folder { certain, unsure } => {
                let (settled, rest) =
                    std::mem::take(unsure).into_iter().partition(|name| covered.contains(&name.change));
                *unsure = rest;
                let settled: Vec<Name> = settled;
                for Name { name, node, .. } in settled {
                    match node {
                        Some(node) => drop(certain.insert(name, node)),
                        None => drop(certain.remove(&name)),
                    }
                }
            }
            Self::File { certain, unsure, lost } => {
                let (settled, rest) =
                    std::mem::take(unsure).into_iter().partition(|write| covered.contains(&write.change));
                *unsure = rest;
                let settled: Vec<Write> = settled;
                if !with_success {
                    lost.extend(settled);
                    return;
                }
                let pages: BTreeSet<usize> = settled.iter().flat_map(Write::pages).collect();
                let before = std::mem::take(lost).into_iter().flat_map(Write::by_page);
                let (with_page, still): (Vec<_>, _) =
                    before.partition(|write| write.pages().all(|page| pages.contains(&page)));
                *lost = still;
                with_page.iter().chain(&settled).for_each(|write| write.apply(certain));
            }
        }
    }
}

impl Write {
    fn end(&self) -> usize {
        self.offset + self.data.as_ref().map_or(0, Vec::len)
    }

    /// The pages that it writes to. Cutting a file off writes to none.
    fn pages(&self) -> std::ops::Range<usize> {
        self.offset / PAGE..self.end().div_ceil(PAGE).max(self.offset / PAGE)
    }

    /// The same as one write for each page.
    fn by_page(self) -> Vec<Self> {
        let Some(data) = &self.data else { return vec![self] };
        let part = |page: usize| {
            let (from, to) = (self.offset.max(page * PAGE), self.end().min((page + 1) * PAGE));
            let data = Some(data[from - self.offset..to - self.offset].to_vec());
            Self { offset: from, data, ..self.clone() }
        };
        self.pages().map(part).collect()
    }

    fn apply(&self, file: &mut Vec<u8>) {
        match &self.data {
            None => file.resize(self.offset, 0),
            Some(data) => {
                file.resize(file.len().max(self.end()), 0);
                file[self.offset..self.end()].copy_from_slice(data);
            }
        }
    }

    /// Writes some of its sectors. The file may have its new length without them.
    pub(super) fn tear(&self, file: &mut Vec<u8>, dice: &mut Dice) {
        let Some(data) = &self.data else {
            if dice.roll() {
                self.apply(file);
            }
            return;
        };
        let mut from = self.offset;
        while from < self.end() {
            let to = self.end().min((from / SECTOR + 1) * SECTOR);
            if dice.roll() {
                let data = Some(data[from - self.offset..to - self.offset].to_vec());
                Self { offset: from, data, ..self.clone() }.apply(file);
            }
            from = to;
        }
        if dice.roll() {
            file.resize(file.len().max(self.end()), 0);
        }
    }
}

/// Chance that is the same in every run (SplitMix64).
pub(super) struct Dice(pub u64);

impl Dice {
    /// Heads or tails.
    pub(super) fn roll(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) & 1 == 0
    }
}

//! A disk that remembers what was synced, and what a power cut may leave of the rest.
//!
//! As strict as POSIX: bytes are safe when a sync of their file has returned that began after they were written (or when the
//! file was opened with `O_DSYNC`); a name is safe when a sync of its folder has returned, and a sync of the file does not help it.
//! Of a folder's changes a cut leaves the first ones, as every journalling file system does; of a file's it may leave any, in
//! any sectors, and the new length without the bytes. After a failed sync nothing that it was to write is ever safe.

use crate::Random;
use crate::log::Record;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How much of what was not synced a cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// Of each file its first changes, the last of them torn.
    Beginning,
    /// Any sectors.
    Scattered,
    /// Everything: only the process ends.
    Everything,
}

impl Cut {
    /// All of them, in turn.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Beginning, Self::Scattered, Self::Everything];
}

#[derive(Debug, Clone)]
enum Change {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Bytes(at, data) => {
                content.resize(content.len().max(at + data.len()), 0);
                content[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(usize),
    Dir(usize),
}

#[derive(Debug, Clone)]
enum Naming {
    Set(String, Node),
    Remove(String),
    Rename(String, String),
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, Node>) {
        match self {
            Self::Set(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

/// A change that no sync has made safe: when it was made, and whether one has failed since.
#[derive(Debug, Clone)]
struct Unsynced<T> {
    at: u64,
    doomed: bool,
    change: T,
}

/// Something on the disk: as it surely is, as the program sees it, and the changes between.
#[derive(Debug, Clone)]
struct Kept<S, T> {
    safe: S,
    seen: S,
    unsynced: Vec<Unsynced<T>>,
}

impl<S: Clone, T> Kept<S, T> {
    /// All of it safe.
    fn safe(content: S) -> Self {
        Self { safe: content.clone(), seen: content, unsynced: Vec::new() }
    }

    fn sync(&mut self, began: u64, apply: impl Fn(&T, &mut S)) {
        let safe = &mut self.safe;
        self.unsynced.retain(|unsynced| {
            let stays = unsynced.doomed || unsynced.at >= began;
            if !stays {
                apply(&unsynced.change, safe);
            }
            stays
        });
    }

    fn doom(&mut self, began: u64) {
        self.unsynced.iter_mut().filter(|unsynced| unsynced.at < began).for_each(|unsynced| unsynced.doomed = true);
    }
}

/// The disk.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<Kept<Vec<u8>, Change>>,
    dirs: Vec<Kept<BTreeMap<String, Node>, Naming>>,
    /// What is open, and whether each write to it is synced.
    open: HashMap<u32, (Node, bool)>,
    syncs: HashMap<u64, u64>,
    /// Records played.
    now: u64,
    /// Files that were mapped to be written.
    pub mapped: BTreeSet<String>,
}

impl Disk {
    /// A folder, all of it safe.
    pub fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        disk.take(folder);
        disk
    }

    fn take(&mut self, folder: &Path) -> usize {
        let dir = self.dirs.len();
        self.dirs.push(Kept::safe(BTreeMap::new()));
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let node = if entry.file_type().unwrap().is_dir() {
                Node::Dir(self.take(&entry.path()))
            } else {
                let content = fs::read(entry.path()).unwrap();
                self.files.push(Kept::safe(content));
                Node::File(self.files.len() - 1)
            };
            names.insert(entry.file_name().into_string().unwrap(), node);
        }
        self.dirs[dir] = Kept::safe(names);
        dir
    }

    fn find(&self, path: &str) -> Option<Node> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.into_iter().try_fold(Node::Dir(0), |node, part| match node {
            Node::Dir(dir) => self.dirs[dir].seen.get(part).copied(),
            Node::File(_) => None,
        })
    }

    fn parent<'a>(&self, path: &'a str) -> (usize, &'a str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self.find(folder) {
            Some(Node::Dir(dir)) => (dir, name),
            other => panic!("{path} lies in {other:?}"),
        }
    }

    fn name(&mut self, dir: usize, change: Naming) {
        change.apply(&mut self.dirs[dir].seen);
        self.dirs[dir].unsynced.push(Unsynced { at: self.now, doomed: false, change });
    }

    fn change(&mut self, handle: u32, change: Change) {
        let Some(&(Node::File(file), synced)) = self.open.get(&handle) else { panic!("handle {handle} is no file") };
        let file = &mut self.files[file];
        change.apply(&mut file.seen);
        if synced {
            change.apply(&mut file.safe);
        } else {
            file.unsynced.push(Unsynced { at: self.now, doomed: false, change });
        }
    }

    /// Does what a record says.
    pub fn play(&mut self, record: &Record) {
        self.now += 1;
        match record {
            Record::Open { handle, path, is_dir, truncated, synced } => {
                let found = self.find(path).unwrap_or_else(|| {
                    assert!(!is_dir, "the folder {path} was never made");
                    self.files.push(Kept::safe(Vec::new()));
                    let node = Node::File(self.files.len() - 1);
                    let (dir, name) = self.parent(path);
                    self.name(dir, Naming::Set(name.to_owned(), node));
                    node
                });
                self.open.insert(*handle, (found, *synced));
                if *truncated && matches!(found, Node::File(file) if !self.files[file].seen.is_empty()) {
                    self.change(*handle, Change::Length(0));
                }
            }
            Record::Write { handle, at, data } => self.change(*handle, Change::Bytes(*at, data.clone())),
            Record::Truncate { handle, length } => self.change(*handle, Change::Length(*length)),
            Record::SyncBegin { number, .. } => drop(self.syncs.insert(*number, self.now)),
            Record::SyncEnd { handle, number } => {
                let began = self.syncs[number];
                match self.open[handle].0 {
                    Node::File(file) => self.files[file].sync(began, Change::apply),
                    Node::Dir(dir) => self.dirs[dir].sync(began, Naming::apply),
                }
            }
            Record::SyncFailed { handle, number } => {
                let began = self.syncs[number];
                match self.open[handle].0 {
                    Node::File(file) => self.files[file].doom(began),
                    Node::Dir(dir) => self.dirs[dir].doom(began),
                }
            }
            Record::Rename { from, to } => self.rename(from, to),
            Record::Link { from, to } => {
                let node = self.find(from).unwrap();
                let (dir, name) = self.parent(to);
                self.name(dir, Naming::Set(name.to_owned(), node));
            }
            Record::Unlink { path } | Record::RemoveDir { path } => {
                let (dir, name) = self.parent(path);
                self.name(dir, Naming::Remove(name.to_owned()));
            }
            Record::MakeDir { path } => {
                self.dirs.push(Kept::safe(BTreeMap::new()));
                let node = Node::Dir(self.dirs.len() - 1);
                let (dir, name) = self.parent(path);
                self.name(dir, Naming::Set(name.to_owned(), node));
            }
            Record::Mapped { path } => drop(self.mapped.insert(path.clone())),
            Record::Printed { .. } | Record::Fault { .. } => {}
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let node = self.find(from).unwrap();
        let ((old, old_name), (new, new_name)) = (self.parent(from), self.parent(to));
        if old == new {
            self.name(old, Naming::Rename(old_name.to_owned(), new_name.to_owned()));
        } else {
            self.name(new, Naming::Set(new_name.to_owned(), node));
            self.name(old, Naming::Remove(old_name.to_owned()));
        }
    }

    /// Where the folder differs from what the program should see: nowhere, unless something passed the shim by.
    pub fn differences(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        self.compare(0, folder, &mut found);
        found
    }

    fn compare(&self, dir: usize, folder: &Path, found: &mut Vec<String>) {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let (there, seen) = (entries.collect::<BTreeSet<_>>(), &self.dirs[dir].seen);
        for name in there.iter().filter(|name| !seen.contains_key(*name)) {
            found.push(format!("{} is not in the model", folder.join(name).display()));
        }
        for (name, node) in seen {
            let path = folder.join(name);
            match node {
                _ if !there.contains(name) => found.push(format!("{} is only in the model", path.display())),
                Node::Dir(dir) => self.compare(*dir, &path, found),
                Node::File(file) if fs::read(&path).unwrap() != self.files[*file].seen => {
                    found.push(format!("{} has other bytes", path.display()));
                }
                Node::File(_) => {}
            }
        }
    }

    /// Whether everything is safe.
    pub fn is_synced(&self) -> bool {
        self.files.iter().all(|file| file.unsynced.is_empty()) && self.dirs.iter().all(|dir| dir.unsynced.is_empty())
    }

    /// Cuts the power now: writes what is left to a new folder.
    pub fn cut(&self, how: Cut, random: &mut Random, folder: &Path) {
        self.leave(0, how, random, folder);
    }

    fn leave(&self, dir: usize, how: Cut, random: &mut Random, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let Kept { safe, unsynced, .. } = &self.dirs[dir];
        let mut names = safe.clone();
        let left = match how {
            Cut::Nothing => 0,
            Cut::Beginning | Cut::Scattered => random.index(unsynced.len() + 1),
            Cut::Everything => unsynced.len(),
        };
        unsynced[..left].iter().for_each(|unsynced| unsynced.change.apply(&mut names));
        for (name, node) in &names {
            match node {
                Node::Dir(dir) => self.leave(*dir, how, random, &folder.join(name)),
                Node::File(file) => fs::write(folder.join(name), self.content(*file, how, random)).unwrap(),
            }
        }
    }

    fn content(&self, file: usize, how: Cut, random: &mut Random) -> Vec<u8> {
        let Kept { safe, seen, unsynced } = &self.files[file];
        let mut content = safe.clone();
        match how {
            Cut::Nothing => {}
            Cut::Everything => return seen.clone(),
            Cut::Beginning if unsynced.is_empty() => {}
            Cut::Beginning => {
                let (last, first) = unsynced[..=random.index(unsynced.len())].split_last().unwrap();
                first.iter().for_each(|unsynced| unsynced.change.apply(&mut content));
                if let Change::Bytes(at, data) = &last.change {
                    Change::Bytes(*at, data[..random.index(data.len() + 1)].to_vec()).apply(&mut content);
                }
            }
            Cut::Scattered => scatter(unsynced, &mut content, random),
        }
        content
    }
}

/// Applies any sectors of the changes, and sometimes the length without the bytes.
fn scatter(unsynced: &[Unsynced<Change>], content: &mut Vec<u8>, random: &mut Random) {
    let keeps_length = random.below(2) == 0;
    for Unsynced { change, .. } in unsynced {
        match change {
            Change::Length(_) if random.below(2) == 0 => {}
            Change::Length(_) => change.apply(content),
            Change::Bytes(at, data) => {
                let mut from = 0;
                while from < data.len() {
                    let to = data.len().min((at + from) / SECTOR * SECTOR + SECTOR - at);
                    if random.below(2) == 0 {
                        Change::Bytes(at + from, data[from..to].to_vec()).apply(content);
                    } else if keeps_length {
                        Change::Length(content.len().max(at + to)).apply(content);
                    }
                    from = to;
                }
            }
        }
    }
}

//! System calls of a traced process, as strace writes them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The options of strace for a trace that can be read here: strings in hexadecimal, and the file of each descriptor.
pub(super) const OPTIONS: [&str; 9] = ["-f", "-qqq", "-xx", "-y", "-s", "4194304", "-e", "signal=none", "-e"];

/// The calls to trace: all that change files, and those that send responses.
pub(super) const CALLS: &str = "trace=open,openat,creat,mkdir,mkdirat,write,pwrite64,writev,pwritev,pwritev2,sendto,\
    sendmsg,fsync,fdatasync,sync,syncfs,sync_file_range,ftruncate,truncate,fallocate,rename,renameat,renameat2,unlink,\
    unlinkat,rmdir,link,linkat,symlink,symlinkat,copy_file_range,lseek";

/// A system call. It happens at some moment between two lines of the trace: strace stops one thread at a time, so when
/// one call made another one happen, their lines are in that order.
#[derive(Debug)]
pub(super) struct Op {
    /// The line at which it was entered.
    pub enter: usize,
    /// The line at which it returned, unless the process was killed in it.
    pub exit: Option<usize>,
    /// What it returned; 0 if it did not.
    pub result: i64,
    pub call: Call,
}

/// What a system call does.
#[derive(Debug)]
pub(super) enum Call {
    /// Opens a file; the descriptor is the result.
    Open {
        path: PathBuf,
        create: bool,
        truncate: bool,
    },
    /// Writes to a file, at its position if there is no `offset`, or sends.
    Write {
        file: Descriptor,
        offset: Option<usize>,
        data: Vec<u8>,
    },
    /// Cuts a file off, or grows it.
    Cut {
        file: Descriptor,
        length: usize,
    },
    /// Moves the position in a file to the result.
    Seek(Descriptor),
    /// Syncs a file or a folder.
    Sync(Descriptor),
    MakeFolder(PathBuf),
    Remove(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    /// A call that the model does not know.
    Unknown(String),
}

/// An open file as a system call names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub number: i64,
    /// Its name now; none once it is removed.
    pub path: Option<PathBuf>,
}

/// Reads a trace of a process that was started in `folder`. Its lines are numbered from `first` on.
pub(super) fn read(trace: &Path, folder: &Path, first: usize) -> Vec<Op> {
    let text = std::fs::read_to_string(trace).unwrap();
    let (mut ops, mut begun) = (Vec::new(), HashMap::new());
    for (line, text) in (first..).zip(text.lines()) {
        // A line begins with the thread. The rest of a call that others interrupted is on another line.
        let (thread, rest) = text.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (line, start.trim_end()));
        } else if let Some(end) = rest.strip_prefix("<... ") {
            let Some((enter, start)) = begun.remove(thread) else { continue };
            let (_, end) = end.split_once(" resumed>").unwrap();
            ops.extend(parse(&format!("{start}{end}"), enter, Some(line), folder));
        } else {
            ops.extend(parse(rest, line, Some(line), folder));
        }
    }
    for (enter, start) in begun.into_values() {
        ops.extend(parse(&format!("{start}) = ?"), enter, None, folder));
    }
    ops.sort_by_key(|op| op.enter);
    ops
}

fn parse(text: &str, enter: usize, exit: Option<usize>, folder: &Path) -> Option<Op> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let exit = exit.filter(|_| !result.starts_with('?'));
    let end = result.find(|at: char| at != '-' && !at.is_ascii_digit()).unwrap_or(result.len());
    let result: i64 = if exit.is_some() { result[..end].parse().ok()? } else { 0 };
    let all: Vec<&str> = arguments.trim_end().strip_suffix(')')?.split(", ").collect();
    let number = |at: usize| all[at].parse().unwrap();
    // A name, below the folder that the argument before it names.
    let below = |at: usize| descriptor(all[at - 1]).path.unwrap_or_default().join(path(all[at]));
    let open =
        |path, flags: &str| Call::Open { path, create: flags.contains("O_CREAT"), truncate: flags.contains("O_TRUNC") };
    let call = match name {
        "open" => open(folder.join(path(all[0])), all[1]),
        "openat" => open(below(1), all[2]),
        "write" => Call::Write { file: descriptor(all[0]), offset: None, data: bytes(all[1]) },
        "pwrite64" => Call::Write { file: descriptor(all[0]), offset: Some(number(3)), data: bytes(all[1]) },
        "sendto" | "sendmsg" | "writev" => {
            Call::Write { file: descriptor(all[0]), offset: None, data: bytes(&all[1..].join("")) }
        }
        "ftruncate" => Call::Cut { file: descriptor(all[0]), length: number(1) },
        "lseek" => Call::Seek(descriptor(all[0])),
        "fsync" | "fdatasync" => Call::Sync(descriptor(all[0])),
        "mkdir" => Call::MakeFolder(folder.join(path(all[0]))),
        "mkdirat" => Call::MakeFolder(below(1)),
        "unlink" | "rmdir" => Call::Remove(folder.join(path(all[0]))),
        "unlinkat" => Call::Remove(below(1)),
        "rename" => Call::Rename { from: folder.join(path(all[0])), to: folder.join(path(all[1])) },
        "renameat" | "renameat2" => Call::Rename { from: below(1), to: below(3) },
        _ => Call::Unknown(text.chars().take(200).collect()),
    };
    Some(Op { enter, exit, result, call })
}

/// The strings of an argument, without what is around them.
fn bytes(argument: &str) -> Vec<u8> {
    argument.split('"').skip(1).step_by(2).flat_map(decode).collect()
}

fn path(argument: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(bytes(argument)).unwrap())
}

/// Decodes `\x61\x62`.
fn decode(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

/// A descriptor with its file: `12<\x2f\x61>`.
fn descriptor(argument: &str) -> Descriptor {
    let (number, file) = argument.split_once('<').unwrap_or((argument, ""));
    let file = file.trim_end_matches("(deleted)").trim_end();
    let is_gone = argument.ends_with("(deleted)");
    let path = String::from_utf8(decode(file.trim_end_matches('>'))).unwrap();
    Descriptor { number: number.parse().unwrap_or(-1), path: (!is_gone && !path.is_empty()).then(|| path.into()) }
}

//! Opens the input and reads from it.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    path::Path,
};

use super::names::is_standard_stream;

/// The size of a read.
pub(super) const BLOCK: usize = 128 * 1024;

/// Opens a file. Standard input is duplicated as a `File`, so that its length is known if it is a regular file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = if is_standard_stream(path) {
        File::from(io::stdin().as_fd().try_clone_to_owned()?)
    } else {
        File::open(path)?
    };
    if file.metadata()?.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok(file) }
}

/// Reads the next bytes, and goes on if a signal interrupts that.
pub(super) fn read_some(file: &mut File, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

//! Files below a folder, reached without following a symbolic link: what a link leads to is not the service's own, and
//! whoever can place one would choose which file is read, replaced or deleted. The folder itself may be a link.
//!
//! Each step is an `openat` relative to the folder before it, with `O_NOFOLLOW`. A check of the path beforehand would
//! leave a moment in which a folder is exchanged for a link.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
};

/// Where a file is or will be: its folder, open, and its name there.
#[derive(Debug)]
pub(crate) struct Place {
    folder: OwnedFd,
    name: String,
}

/// Whether a path stays below the folder that it is relative to.
pub(crate) fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether a failure means that a symbolic link, or another special file, stands where a file or folder should be.
pub(crate) fn is_special(error: &io::Error) -> bool {
    let link = [Errno::LOOP, Errno::NOTDIR].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| link.contains(&code)) || error.kind() == io::ErrorKind::InvalidData
}

impl Place {
    /// Opens the folder of a file below `root`, one name after the other.
    ///
    /// # Errors
    /// When a folder is missing, cannot be opened or is a symbolic link, or the path leaves `root`.
    pub(crate) fn open(root: &Path, path: &str) -> io::Result<Self> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !is_below(path) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leaves the folder"));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut folder = openat(CWD, root, flags, Mode::empty())?;
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            folder = openat(&folder, part, flags | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(Self { folder, name: name.to_owned() })
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// When it is missing, cannot be opened, or is not a regular file.
    pub(crate) fn read(&self) -> io::Result<File> {
        // A pipe would otherwise block until someone writes to it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, &self.name, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"))
    }

    /// Moves a file here, and replaces the one that is here.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub(crate) fn receive(&self, from: &Path) -> io::Result<()> {
        Ok(renameat(CWD, from, &self.folder, &self.name)?)
    }

    /// Deletes the file, or the link that stands in its place.
    ///
    /// # Errors
    /// When it is missing or cannot be deleted.
    pub(crate) fn remove(&self) -> io::Result<()> {
        Ok(unlinkat(&self.folder, &self.name, AtFlags::empty())?)
    }

    /// Makes the names in the folder durable.
    ///
    /// # Errors
    /// When the folder cannot be synced.
    pub(crate) fn sync(self) -> io::Result<()> {
        File::from(self.folder).sync_all()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn no_link_is_followed_and_no_path_leaves_the_folder() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (root, secret) = (inside.path(), outside.path().join("a.wav"));
        fs::write(&secret, "secret").unwrap();
        fs::create_dir_all(root.join("ab/folder")).unwrap();
        fs::write(root.join("ab/a.wav"), "mine").unwrap();
        symlink(&secret, root.join("ab/link.wav")).unwrap();
        symlink(outside.path(), root.join("cd")).unwrap();
        symlink("ab", root.join("ef")).unwrap();

        let read = |path| Place::open(root, path).and_then(|place| place.read());
        assert_eq!(io::read_to_string(read("ab/a.wav").unwrap()).unwrap(), "mine");
        for path in ["ab/link.wav", "cd/a.wav", "ef/a.wav", "ab/folder", "ab/a.wav/b"] {
            assert!(is_special(&read(path).unwrap_err()), "{path}");
        }
        for path in ["", "/ab/a.wav", "../a.wav", "ab/../../a.wav"] {
            assert_eq!(read(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path}");
        }
        assert_eq!(read("ab/none.wav").unwrap_err().kind(), io::ErrorKind::NotFound);

        fs::write(root.join("new"), "new").unwrap();
        Place::open(root, "ab/link.wav").unwrap().receive(&root.join("new")).unwrap();
        assert_eq!(fs::read_to_string(root.join("ab/link.wav")).unwrap(), "new");
        assert_eq!(fs::read_to_string(secret).unwrap(), "secret");
    }
}

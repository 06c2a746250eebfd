//! The Python inside the binary, as the build script found it.

use std::path::{Path, PathBuf};

/// The Python a binary of rdev is linked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The interpreter it was built with.
    pub python: PathBuf,
    /// The folder that one lies in, without symbolic links.
    pub home: PathBuf,
    /// `3.11`.
    pub version: String,
}

impl Linked {
    /// That of the running binary, as `build.rs` found it.
    pub fn with_this_binary() -> Self {
        Self {
            python: PathBuf::from(env!("RDEV_BUILD_PYTHON")),
            home: PathBuf::from(env!("RDEV_BUILD_HOME")),
            version: env!("RDEV_BUILD_VERSION").to_owned(),
        }
    }

    /// Whether an environment made from the interpreters in a folder was made from this
    /// one. The folder may hold links to it, as Homebrew's and uv's do.
    pub(super) fn lies_in(&self, folder: &Path) -> bool {
        if folder.canonicalize().is_ok_and(|folder| folder == self.home) {
            return true;
        }
        let named = format!("python{}", self.version);
        [named.as_str(), "python3", "python"].into_iter().any(|name| {
            let python = folder.join(name).canonicalize();
            python.is_ok_and(|python| python.parent() == Some(&self.home))
        })
    }

    /// Whether a path leads to the linked interpreter itself.
    pub(super) fn is(&self, python: &Path) -> bool {
        matches!(
            (python.canonicalize(), self.python.canonicalize()),
            (Ok(python), Ok(linked)) if python == linked
        )
    }
}

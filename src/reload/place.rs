//! Where a file really is: the events of a directory name what lies in it, not the links
//! that lead there, so a file reached through links is found again by every place on the
//! way.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How many links are followed before a path counts as a circle, as in the kernel.
const LINKS: usize = 40;

/// A file's name, and the places where a change of it can show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// One name per file, however it was reached, as long as no link in the project
    /// leads to it. Where one does, the name goes through the first such link, since that
    /// link can be pointed elsewhere.
    pub(super) name: PathBuf,
    /// The real paths of those links and, last, of the file.
    pub(super) spots: Vec<PathBuf>,
}

/// Follows an absolute path. Links count where a developer changes them: below the real
/// `root`, and where the path itself ends in one. Links higher up (`/tmp` on macOS, a home
/// directory) are only followed: watching what they lie in would cost more than it tells.
pub(super) fn locate(root: &Path, path: &Path) -> Place {
    let mut at = PathBuf::from("/");
    let mut ahead = parts(path);
    let mut name = None;
    let mut spots = Vec::new();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let Ok(target) = fs::read_link(&at) else { continue };
        followed += 1;
        if followed > LINKS {
            break;
        }
        if at.starts_with(root) || ahead.is_empty() {
            name.get_or_insert_with(|| {
                ahead.iter().rev().fold(at.clone(), |path, part| path.join(part))
            });
            spots.push(at.clone());
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        } else {
            at.pop();
        }
        ahead.extend(parts(&target));
    }
    spots.push(at.clone());
    Place { name: name.unwrap_or(at), spots }
}

/// The steps of a path, the first one last.
fn parts(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        })
        .collect()
}

/// Which files are reached through which links. What a link led to earlier is kept: it
/// costs one look too many, and no change is missed.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<PathBuf, BTreeSet<PathBuf>>);

impl Links {
    /// Remembers the places on the way to a file, where there are any.
    pub(super) fn record(&mut self, place: &Place) {
        if place.spots.len() == 1 {
            return;
        }
        for spot in &place.spots {
            self.0.entry(spot.clone()).or_default().insert(place.name.clone());
        }
    }

    /// The names of the files that something at this path, or below it, leads to.
    pub(super) fn through(&self, path: &Path) -> Vec<PathBuf> {
        let below = self.0.range(path.to_path_buf()..);
        below
            .take_while(|(spot, _)| spot.starts_with(path))
            .flat_map(|(_, names)| names.iter().cloned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_way_to_a_file_gives_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let root = top.join("project");
        fs::create_dir_all(root.join("pkg")).unwrap();
        fs::write(root.join("pkg/a.py"), "").unwrap();
        symlink("project", top.join("alias")).unwrap();
        let plain = root.join("pkg/a.py");
        for way in ["project/pkg/a.py", "alias/./pkg/a.py", "alias/pkg/../pkg/a.py"] {
            let place = locate(&root, &top.join(way));
            assert_eq!(place.name, plain, "{way}");
            assert_eq!(place.spots, std::slice::from_ref(&plain), "{way}");
        }
    }

    #[test]
    fn links_in_the_project_are_places_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let root = top.join("project");
        fs::create_dir_all(top.join("shared")).unwrap();
        fs::create_dir_all(&root).unwrap();
        fs::write(top.join("shared/a.py"), "").unwrap();
        symlink("../shared", root.join("pkg")).unwrap();
        symlink("project", top.join("alias")).unwrap();
        let place = locate(&root, &top.join("alias/pkg/a.py"));
        assert_eq!(place.name, root.join("pkg/a.py"));
        assert_eq!(place.spots, [root.join("pkg"), top.join("shared/a.py")]);
    }

    #[test]
    fn a_circle_of_links_ends() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        symlink("b.py", top.join("a.py")).unwrap();
        symlink("a.py", top.join("b.py")).unwrap();
        assert_eq!(locate(&top, &top.join("a.py")).name, top.join("a.py"));
    }
}

//! Where a project's history lies, and what it may hold.
//!
//! The project is that of the folder rdev was started in, and so it is for the commands
//! that read the history: the nearest folder upwards, below the home folder, with `.git`
//! or `pyproject.toml` in it, or else that folder itself.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::surroundings::Surroundings;

/// What is in a project's own folder.
const MARKS: [&str; 2] = [".git", "pyproject.toml"];

/// The history of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryConfig {
    pub place: HistoryPlace,
    /// Bytes on disk.
    pub size: u64,
    pub age: SignedDuration,
    /// Bytes kept of one body.
    pub body: u64,
}

/// Where a history lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryPlace {
    /// In the user's state folder, under a name of rdev's own choosing.
    Own(PathBuf),
    /// In a file the user named.
    Named(PathBuf),
    /// On no disk.
    Memory,
    /// Nowhere, since the user has no state folder.
    Nowhere,
}

impl HistoryPlace {
    /// `named` is `--history` as typed.
    pub(super) fn find(named: Option<&Path>, surroundings: &Surroundings) -> Self {
        if let Some(named) = named {
            return Self::Named(surroundings.current_dir.join(named));
        }
        match state_folder(surroundings) {
            Some(folder) => Self::Own(folder.join("rdev").join(file_name(&project(
                &surroundings.current_dir,
                surroundings.home.as_deref(),
            )))),
            None => Self::Nowhere,
        }
    }

    /// The file, where there is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Own(file) | Self::Named(file) => Some(file),
            Self::Memory | Self::Nowhere => None,
        }
    }
}

/// XDG Base Directory Specification: a path that is not absolute is to be ignored.
fn state_folder(surroundings: &Surroundings) -> Option<PathBuf> {
    let named = surroundings.state_home.as_deref().map(Path::new);
    if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
        return Some(folder.to_path_buf());
    }
    let home = surroundings.home.as_deref().filter(|home| home.is_absolute())?;
    Some(home.join(".local/state"))
}

/// The folder of the project that another folder belongs to.
pub(super) fn project(folder: &Path, home: Option<&Path>) -> PathBuf {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let home = home.and_then(|home| home.canonicalize().ok());
    let above = folder.ancestors().take_while(|above| Some(*above) != home.as_deref());
    let marked = above
        .into_iter()
        .find(|above| MARKS.iter().any(|mark| above.join(mark).exists()));
    marked.map(Path::to_path_buf).unwrap_or(folder)
}

/// A name that people recognise, and that no other project has.
fn file_name(project: &Path) -> OsString {
    let name = project.file_name().map(|name| name.to_string_lossy().into_owned());
    let safe = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => letter,
        _ => '-',
    };
    let slug: String = name.unwrap_or_default().chars().map(safe).take(40).collect();
    let slug = slug.trim_start_matches('.');
    let slug = if slug.is_empty() { "root" } else { slug };
    format!("{slug}-{:016x}.db", fnv_1a(project.as_os_str().as_bytes())).into()
}

/// FNV-1a of 64 bits: the same from one version of rdev to the next, which the standard
/// library's hash is not.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Reads `500MiB`, `1.5 GB` or plain bytes; 0 is no limit.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 13] = [
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
        ("kb", 1000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("k", 1 << 10),
        ("m", 1 << 20),
        ("g", 1 << 30),
        ("b", 1),
        ("", 1),
    ];
    let trouble = || "a size is a number with B, kB, MB, GB, KiB, MiB or GiB".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|letter: char| letter.is_ascii_alphabetic());
    let (number, unit) = lower.split_at(end.unwrap_or(lower.len()));
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(trouble)?;
    let bytes = match number.trim().parse::<u64>() {
        Ok(number) => number.checked_mul(*factor),
        Err(_) => fraction(number.trim(), *factor),
    };
    match bytes.ok_or_else(trouble)? {
        0 => Ok(u64::MAX),
        bytes => Ok(bytes),
    }
}

/// `1.5` of a unit.
#[expect(clippy::cast_sign_loss, reason = "it is looked at before")]
fn fraction(number: &str, factor: u64) -> Option<u64> {
    let number: f64 = number.parse().ok()?;
    let bytes = number * factor as f64;
    (bytes.is_finite() && bytes >= 0.0 && bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Reads `30d`, `12h` or `2 weeks`; 0 is no limit.
pub(super) fn parse_age(text: &str) -> Result<SignedDuration, String> {
    if text.trim() == "0" {
        return Ok(SignedDuration::MAX);
    }
    let trouble = "an age is a number with h, d or w: 30d";
    let span: Span = text.parse().map_err(|_| trouble.to_owned())?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours());
    match age.map_err(|_| trouble.to_owned())? {
        age if age.is_positive() => Ok(age),
        _ => Err(trouble.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_belongs_to_the_project_around_it() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let deep = home.join("code/shop/src/shop");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(project(&deep, Some(&home)), deep);
        // A home folder under version control makes no project of all that is in it.
        fs::create_dir(home.join(".git")).unwrap();
        assert_eq!(project(&deep, Some(&home)), deep);
        assert_eq!(project(&deep, None), home);
        fs::write(home.join("code/shop/pyproject.toml"), "").unwrap();
        assert_eq!(project(&deep, Some(&home)), home.join("code/shop"));
        assert_eq!(project(&home.join("code"), Some(&home)), home.join("code"));
    }

    #[test]
    fn a_file_is_named_after_its_project() {
        let name = |path: &str| file_name(Path::new(path)).into_string().unwrap();
        assert_eq!(name("/srv/shop"), "shop-23924b8039499120.db");
        assert_ne!(name("/srv/shop"), name("/home/shop"));
        assert!(name("/srv/a b/ü").starts_with("--"), "{}", name("/srv/a b/ü"));
        assert!(name("/").starts_with("root-"));
        assert!(name("/srv/.hidden").starts_with("hidden-"));
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let table = [
            ("500MiB", Some(500 << 20)),
            ("8 gib", Some(8 << 30)),
            ("1.5kB", Some(1500)),
            ("10", Some(10)),
            ("10b", Some(10)),
            ("0", Some(u64::MAX)),
            ("", None),
            ("-1", None),
            ("many", None),
            ("1 XB", None),
            ("99999999999TiB", None),
            ("1e99GB", None),
        ];
        for (text, bytes) in table {
            assert_eq!(parse_size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn ages_are_read_as_people_write_them() {
        let table = [
            ("30d", Some(SignedDuration::from_hours(720))),
            ("1w", Some(SignedDuration::from_hours(168))),
            ("12h 30m", Some(SignedDuration::from_mins(750))),
            ("0", Some(SignedDuration::MAX)),
            ("-1d", None),
            ("30", None),
            ("x", None),
        ];
        for (text, age) in table {
            assert_eq!(parse_age(text).ok(), age, "{text}");
        }
    }
}

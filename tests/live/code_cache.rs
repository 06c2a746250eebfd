//! Compiled code that is kept: for what was compiled alone, and believed when whole.

use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::rdev;

const APP: &str = "\
import part

def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [part.WORD.encode()]
";

/// How many files rdev's own Python has, which is kept as well.
fn own() -> usize {
    let files =
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/python")).unwrap();
    let is_python = |entry: &DirEntry| entry.path().extension() == Some("py".as_ref());
    files.map(|entry| entry.unwrap()).filter(is_python).count()
}

/// The code that is kept in a cache folder.
fn kept(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache.join("rdev/code")).into_iter().flatten();
    let entries = entries.map(|entry| entry.unwrap());
    let is_code = |entry: &DirEntry| !entry.file_name().as_bytes().starts_with(b".");
    entries.filter(is_code).map(|entry| entry.path()).collect()
}

/// It is written once nobody waits.
fn until_kept(cache: &Path, sources: usize) {
    until("the code is kept", || (kept(cache).len() == own() + sources).then_some(()));
}

#[test]
fn every_source_is_compiled_once_and_a_spoilt_cache_again() {
    let (folder, cache) = (Folder::empty(), Folder::empty());
    folder.save("part.py", "WORD = 'one'\n");
    folder.save("web.py", APP);
    let serve = || {
        let launch = rdev(folder.path()).env("XDG_CACHE_HOME", cache.path());
        launch.args(["web:app", "--reload"]).serve()
    };
    let server = serve();
    assert_eq!(server.get("/").expect(200).text(), "one");
    until_kept(cache.path(), 2);
    for word in ["two", "one", "two"] {
        folder.save("part.py", &format!("WORD = '{word}'\n"));
        assert_eq!(server.get("/").expect(200).text(), word);
    }
    until_kept(cache.path(), 3);
    drop(server);
    for path in kept(cache.path()) {
        fs::write(path, "spoilt").unwrap();
    }
    let server = serve();
    assert_eq!(server.get("/").expect(200).text(), "two");
    let is_mended = || {
        let whole = kept(cache.path())
            .into_iter()
            .filter(|path| path.metadata().unwrap().len() > 6);
        (whole.count() == own() + 2).then_some(())
    };
    until("all that is used was compiled again", is_mended);
}

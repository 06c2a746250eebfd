//! Every way to name a target, in a tree that has one of each.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Finder, Target, TargetError};

/// A tree with every kind of thing a target can name.
fn tree() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for file in [
        "app.py",
        "my-app.py",
        "my.app.py",
        "a:b.py",
        "notes.txt",
        "flat/wsgi.py",
        "flat/main.py",
        "empty/readme.txt",
        "pkg/__init__.py",
        "pkg/web.py",
        "pkg/deep/__init__.py",
        "pkg/deep/site.py",
        "my-project/__init__.py",
        "my-project/main.py",
        "src/space/web.py",
        "src/v1.2/web.py",
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    (folder, root)
}

fn find(
    root: &Path,
    app_dir: Option<&str>,
    reload: bool,
    typed: &str,
) -> Result<Target, TargetError> {
    let typed = (!typed.is_empty()).then_some(OsStr::new(typed));
    Finder::new(root, app_dir.map(Path::new), reload)?.find(typed)
}

#[test]
fn a_path_need_not_be_text_but_what_is_imported_has_to_be() {
    let (_kept, root) = tree();
    let folder = root.join(OsStr::from_bytes(b"caf\xe9"));
    // Some file systems refuse such names, and then there is nothing to be found.
    if fs::create_dir(&folder).is_err() {
        return;
    }
    fs::write(folder.join("app.py"), "").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"\xe9.py")), "").unwrap();
    let finder = Finder::new(&root, None, false).unwrap();
    let find = |typed: &[u8]| finder.find(Some(OsStr::from_bytes(typed)));
    for (typed, callable) in [
        (b"caf\xe9/".as_slice(), None),
        (b"caf\xe9/app.py", None),
        (b"caf\xe9/app.py:web.app", Some("web.app")),
    ] {
        let target = find(typed).unwrap();
        assert_eq!((target.module.as_str(), &target.app_dir), ("app", &folder));
        assert_eq!(target.callable.as_deref(), callable);
    }
    let refused = [
        (b"caf\xe9/\xe9.py".as_slice(), "not UTF-8"),
        (b"caf\xe9:app", "not a module's name"),
        (b"caf\xe9/app.py:\xe9", "not the name of an application"),
        (b"caf\xe9/none.py", "does not exist"),
    ];
    for (typed, words) in refused {
        let told = find(typed).unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn every_way_to_name_a_target_gives_module_name_and_folder() {
    let (_kept, root) = tree();
    // typed, module, callable, the folder below the root, shown ("" as typed)
    let table = [
        ("", "app", None, "", "app.py"),
        ("shop:app", "shop", Some("app"), "", ""),
        ("pkg.web:a.b", "pkg.web", Some("a.b"), "", ""),
        ("pkg.web", "pkg.web", None, "", ""),
        ("pkg:make(\"a/b.py:c\")", "pkg", Some("make(\"a/b.py:c\")"), "", ""),
        ("pkg:make({'a': 1})", "pkg", Some("make({'a': 1})"), "", ""),
        ("größe:app", "größe", Some("app"), "", ""),
        ("app.py", "app", None, "", ""),
        ("./app.py:create()", "app", Some("create()"), "", ""),
        ("my-app.py", "my-app", None, "", ""),
        ("a:b.py", "a:b", None, "", ""),
        (".", "app", None, "", "app.py"),
        ("./", "app", None, "", "app.py"),
        ("pkg/..", "app", None, "", "pkg/../app.py"),
        ("flat/", "wsgi", None, "flat", "flat/wsgi.py"),
        ("./flat", "wsgi", None, "flat", "flat/wsgi.py"),
        ("flat/:web", "wsgi", Some("web"), "flat", "flat/wsgi.py:web"),
        ("flat/main.py", "main", None, "flat", ""),
        ("pkg/web.py", "pkg.web", None, "", ""),
        ("pkg/deep/site.py:app", "pkg.deep.site", Some("app"), "", ""),
        ("pkg/__init__.py", "pkg", None, "", ""),
        ("pkg/", "pkg", None, "", "pkg/__init__.py"),
        ("my-project/main.py", "main", None, "my-project", ""),
        ("my-project/__init__.py", "my-project", None, "", ""),
        ("src/space/web.py", "web", None, "src/space", ""),
    ];
    for (typed, module, callable, folder, shown) in table {
        let target = find(&root, None, false, typed)
            .unwrap_or_else(|error| panic!("{typed}: {error}"));
        let expected = Target {
            module: module.to_owned(),
            others: Vec::new(),
            callable: callable.map(str::to_owned),
            app_dir: if folder.is_empty() { root.clone() } else { root.join(folder) },
            shown: if shown.is_empty() { typed } else { shown }.to_owned(),
        };
        assert_eq!(target, expected, "{typed}");
    }
}

#[test]
fn an_app_dir_decides_where_modules_are_imported_from() {
    let (_kept, root) = tree();
    let table = [
        ("flat", "", "wsgi", "flat"),
        ("src", "space.web:app", "space.web", "src"),
        ("src", "src/space/web.py", "space.web", "src"),
        ("pkg", "pkg/web.py", "web", "pkg"),
        ("pkg", "pkg/deep/", "deep", "pkg"),
        ("src/../src", "src/space/web.py", "space.web", "src"),
    ];
    for (app_dir, typed, module, folder) in table {
        let target = find(&root, Some(app_dir), false, typed)
            .unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!(target.module, module, "{app_dir} {typed}");
        assert_eq!(target.app_dir, root.join(folder), "{app_dir} {typed}");
    }
}

#[test]
fn what_cannot_be_served_is_told_with_the_way_out() {
    let (_kept, root) = tree();
    // --app-dir, typed, exit code, a part of the message
    let table = [
        (Some("empty"), "", 1, "has no app.py, wsgi.py or main.py\n\nSay what"),
        (None, "empty/", 1, "empty: it has no app.py"),
        (None, "helo.py", 1, "helo.py does not exist"),
        (None, "flat/main", 1, "did you mean flat/main.py?"),
        (None, "nowhere/app.py", 1, "nowhere/app.py does not exist"),
        (None, "app.py/", 1, "app.py/ does not exist"),
        (None, "./notes.txt", 2, "does not end in .py"),
        (None, "my.app.py", 2, "the dot in \"my.app\""),
        (Some("src"), "src/v1.2/web.py", 2, "the dot in \"v1.2\""),
        (None, ":app", 2, "\":app\" names no module"),
        (None, "app.py:", 2, "nothing behind the colon"),
        (None, "app:", 2, "nothing behind the colon"),
        (None, "my-app:app", 2, "as in ./my-app.py"),
        (None, "pkg..web", 2, "is not a module's name"),
        (None, ".pkg", 2, "is not a module's name"),
        (None, "8000", 2, "--port 8000"),
        (None, "localhost:8000", 2, "\"8000\" is not the name"),
        (None, "app:make(", 2, "is not the name"),
        // Only a path that is there as it stands is spared the cut at its colon.
        (None, "a:b.py:app", 2, "\"b.py:app\" is not the name"),
        (None, "app:my-app", 2, "is not the name"),
        (Some("missing"), "app", 2, "--app-dir missing: there is no such folder"),
        (Some("app.py"), "app", 2, "--app-dir app.py"),
        (Some("src"), "pkg/web.py", 2, "does not lie in"),
    ];
    for (app_dir, typed, code, part) in table {
        let error = find(&root, app_dir, false, typed).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(part), "{typed}: {text}");
        assert_eq!(error.exit_code(), code, "{typed}: {text}");
    }
}

#[test]
fn with_reload_a_file_may_appear_later_but_its_folder_may_not() {
    let (_kept, root) = tree();
    let table = [
        ("helo.py:app", "helo", ""),
        ("pkg/new.py", "pkg.new", ""),
        ("empty/", "app", "empty"),
    ];
    for (typed, module, folder) in table {
        let target = find(&root, None, true, typed).unwrap();
        assert_eq!(target.module, module, "{typed}");
        let folder = if folder.is_empty() { root.clone() } else { root.join(folder) };
        assert_eq!(target.app_dir, folder, "{typed}");
    }
    let error = find(&root, None, true, "nowhere/app.py").unwrap_err();
    assert!(error.to_string().contains("nor does the folder"), "{error}");
    assert!(find(&root, None, true, "./nowhere").is_err());
    let target = find(&root, Some("empty"), true, "").unwrap();
    assert_eq!((target.module.as_str(), target.shown.as_str()), ("app", "app.py"));
    assert_eq!(target.others, ["wsgi", "main"]);
    assert!(find(&root, Some("empty"), false, "").is_err());
}

#[test]
fn a_linked_file_keeps_its_own_name_and_folder() {
    let (_kept, root) = tree();
    std::os::unix::fs::symlink(root.join("app.py"), root.join("flat/linked.py")).unwrap();
    let target = find(&root, None, false, "flat/linked.py").unwrap();
    assert_eq!((target.module.as_str(), target.app_dir), ("linked", root.join("flat")));
}

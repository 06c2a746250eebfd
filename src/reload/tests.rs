//! The watcher and the tree together, on real folders with real events. No test sleeps:
//! each waits for the wake-up, with a deadline.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, UNIX_EPOCH};

use super::interest::Interest;
use super::patterns::Patterns;
use super::tree::Tree;
use super::watch::Watcher;
use crate::clock;
use crate::lane::FileStat;

const DEADLINE: Duration = Duration::from_secs(20);

struct Project {
    _dir: tempfile::TempDir,
    /// Holds the project and what lies beside it.
    top: PathBuf,
    root: PathBuf,
    tree: Tree,
    watcher: Watcher,
    woken: Receiver<()>,
    ends: u32,
}

impl Project {
    fn new(files: &[&str]) -> Self {
        Self::reached_by(files, |_| "project")
    }

    /// `prepare` may make links in the folder it is given, and returns the way to the
    /// project from there.
    fn reached_by(files: &[&str], prepare: impl Fn(&Path) -> &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let root = top.join("project");
        fs::create_dir(&root).unwrap();
        for file in files {
            write(&root.join(file), "v = 1\n");
        }
        let way = top.join(prepare(&top));
        let (sender, woken) = channel();
        let patterns = Patterns::new(&way, &way, &[], &[]).unwrap();
        let interest = Arc::new(Interest::new(patterns));
        let wake = move || _ = sender.send(());
        let watcher = Watcher::start(&way, Arc::clone(&interest), wake).unwrap();
        let tree = Tree::scan(&way, interest).unwrap();
        Self { _dir: dir, top, root, tree, watcher, woken, ends: 0 }
    }

    fn load(&mut self, path: &Path) {
        self.watcher.add_files(&[path.to_path_buf()]).unwrap();
        self.tree.loaded(&[path.to_path_buf()]);
    }

    /// Waits until all of these were reported as changed, and returns all that were.
    fn until(&mut self, expected: &[&str]) -> BTreeSet<String> {
        let deadline = clock::monotonic() + DEADLINE;
        let mut seen = BTreeSet::new();
        while !expected.iter().all(|name| seen.contains(*name)) {
            let left = deadline.saturating_duration_since(clock::monotonic());
            assert!(
                self.woken.recv_timeout(left).is_ok(),
                "{expected:?} expected, saw {seen:?}"
            );
            let pending = self.watcher.drain();
            assert!(pending.trouble.is_none(), "{:?}", pending.trouble);
            let mut changed = self.tree.refresh(&pending.paths);
            if pending.sweep {
                changed.extend(self.tree.sweep());
            }
            seen.extend(changed.iter().map(|path| self.name(path)));
        }
        seen
    }

    /// Everything that is reported for what was done so far. Events come in order, so the
    /// file made here is the last of them; a new one each time, since a late event of the
    /// one before would show it too soon.
    fn settled(&mut self) -> BTreeSet<String> {
        self.ends += 1;
        let end = format!("the_end_{}.py", self.ends);
        write(&self.root.join(&end), "");
        let mut seen = self.until(&[&end]);
        seen.remove(&end);
        seen
    }

    fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root);
        let below = inside.or_else(|_| path.strip_prefix(&self.top));
        below.unwrap_or(path).display().to_string()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn every_way_of_saving_is_a_change_of_that_file_alone() {
    let mut project = Project::new(&["app.py", "other.py"]);
    let app = project.root.join("app.py");
    write(&app, "in place");
    assert_eq!(project.settled(), set(&["app.py"]));

    let temporary = project.root.join(".app.py.tmp");
    write(&temporary, "by rename");
    fs::rename(&temporary, &app).unwrap();
    assert_eq!(project.settled(), set(&["app.py"]));

    let mut file = fs::File::create(&app).unwrap();
    assert_eq!(project.until(&["app.py"]), set(&["app.py"]));
    file.write_all(b"truncated, then written").unwrap();
    drop(file);
    assert_eq!(project.settled(), set(&["app.py"]));

    let backup = project.root.join("app.py~");
    fs::rename(&app, &backup).unwrap();
    write(&app, "as vim does");
    fs::remove_file(&backup).unwrap();
    assert_eq!(project.settled(), set(&["app.py"]));
    assert!(project.tree.sweep().is_empty());
}

#[test]
fn files_that_come_and_go_are_changes() {
    let mut project = Project::new(&["app.py", "pkg/__init__.py", "pkg/deep/a.py"]);
    write(&project.root.join("new.py"), "");
    assert_eq!(project.settled(), set(&["new.py"]));
    fs::remove_file(project.root.join("new.py")).unwrap();
    assert_eq!(project.settled(), set(&["new.py"]));
    fs::rename(project.root.join("pkg"), project.root.join("lib")).unwrap();
    assert_eq!(
        project.settled(),
        set(&["pkg/__init__.py", "pkg/deep/a.py", "lib/__init__.py", "lib/deep/a.py"])
    );
    write(&project.root.join("lib/deep/a.py"), "v = 2");
    assert_eq!(project.settled(), set(&["lib/deep/a.py"]));
    fs::remove_dir_all(project.root.join("lib")).unwrap();
    assert_eq!(project.settled(), set(&["lib/__init__.py", "lib/deep/a.py"]));
}

#[test]
fn packages_made_at_once_are_never_missed() {
    let mut project = Project::new(&["app.py"]);
    for round in 0..50 {
        let package = format!("a{round}/b/c");
        let names = ["x.py", "y.py"].map(|name| format!("{package}/{name}"));
        for name in &names {
            write(&project.root.join(name), "v = 1");
        }
        project.until(&[&names[0], &names[1]]);
        write(&project.root.join(&names[0]), "v = 2");
        project.until(&[&names[0]]);
    }
}

#[test]
fn a_package_made_anew_in_the_same_place_is_still_watched() {
    let mut project = Project::new(&["app.py", "pkg/a.py"]);
    for round in 0..20 {
        fs::remove_dir_all(project.root.join("pkg")).unwrap();
        write(&project.root.join("pkg/a.py"), &format!("v = {round}"));
        project.until(&["pkg/a.py"]);
        project.settled();
        write(&project.root.join("pkg/a.py"), "v = 'edited'");
        project.until(&["pkg/a.py"]);
        project.settled();
    }
}

#[test]
fn content_counts_and_nothing_else() {
    let mut project = Project::new(&["app.py"]);
    let app = project.root.join("app.py");
    for text in ["v = 2\n", "v = 3\n", "v = 4\n"] {
        write(&app, text);
        assert_eq!(project.settled(), set(&["app.py"]), "same length, same second");
    }

    let old = project.root.join("old.bak");
    write(&old, "v = 0\n");
    let hour = UNIX_EPOCH + Duration::from_secs(3600);
    fs::File::options().write(true).open(&old).unwrap().set_modified(hour).unwrap();
    Command::new("cp").arg("-p").args([&old, &app]).status().unwrap();
    assert_eq!(fs::metadata(&app).unwrap().modified().unwrap(), hour);
    assert_eq!(project.settled(), set(&["app.py"]), "an older file restored");
}

#[test]
fn the_same_content_again_is_no_change() {
    let mut project = Project::new(&["app.py", "pkg/a.py"]);
    let app = project.root.join("app.py");
    Command::new("touch").arg(&app).status().unwrap();
    assert_eq!(project.settled(), set(&[]));
    let saved = project.root.join("saved");
    write(&saved, "v = 1\n");
    fs::rename(&saved, &app).unwrap();
    assert_eq!(project.settled(), set(&[]));
    // Done before anyone looks, deleting and making anew is the same as a touch.
    fs::remove_file(&app).unwrap();
    write(&app, "v = 1\n");
    fs::remove_dir_all(project.root.join("pkg")).unwrap();
    write(&project.root.join("pkg/a.py"), "v = 1\n");
    assert_eq!(project.settled(), set(&[]));
    assert!(project.tree.sweep().is_empty());
}

#[test]
fn a_branch_switch_is_seen_whole() {
    let names: Vec<String> =
        (0..300).map(|number| format!("p{}/m{number}.py", number % 20)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut project = Project::new(&names[..150]);
    // As git does: unlink, make folders, write anew.
    for name in &names {
        let path = project.root.join(name);
        let _ = fs::remove_file(&path);
        write(&path, "v = 2\n");
    }
    assert_eq!(project.until(&names), set(&names));
    assert!(project.tree.sweep().is_empty());
}

#[test]
fn a_flood_of_events_is_seen_whole() {
    let mut project = Project::new(&["app.py"]);
    let names: Vec<String> = (0..9000).map(|number| format!("m{number}.py")).collect();
    for name in &names {
        fs::write(project.root.join(name), "").unwrap();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(project.until(&names), set(&names));
}

#[test]
fn what_editors_and_python_leave_behind_is_not_code() {
    let mut project = Project::new(&["app.py"]);
    for name in [
        ".app.py.swp",
        "4913",
        "app.py~",
        "#app.py#",
        "app.py___jb_tmp___",
        "flycheck_app.py",
        "__pycache__/app.cpython-311.pyc",
        "db.sqlite3",
        "uploads/7/picture.png",
    ] {
        write(&project.root.join(name), "noise");
    }
    symlink("user@host.1234", project.root.join(".#app.py")).unwrap();
    assert_eq!(project.settled(), set(&[]));
}

#[test]
fn only_the_users_own_folders_have_watches() {
    let files = [
        "app.py",
        "pkg/a.py",
        ".git/hooks/a.py",
        "venv/pyvenv.cfg",
        "venv/lib/python3.11/site-packages/flask/app.py",
        "node_modules/gyp/a.py",
        "pkg/__pycache__/a.py",
    ];
    let project = Project::new(&files);
    let root = &project.root;
    assert_eq!(project.watcher.directories(), [root.clone(), root.join("pkg")]);
}

#[test]
fn an_environment_made_while_running_loses_its_watches() {
    let mut project = Project::new(&["app.py", "env/lib/python3.11/a.py"]);
    assert_eq!(project.watcher.directories().len(), 4);
    write(&project.root.join("env/pyvenv.cfg"), "");
    write(&project.root.join("env/lib/python3.11/b.py"), "");
    assert!(project.settled().is_subset(&set(&["env/lib/python3.11/b.py"])));
    assert_eq!(project.watcher.directories(), [project.root.clone()]);
}

#[test]
fn what_git_ignores_can_change() {
    let mut project = Project::new(&["app.py"]);
    write(&project.root.join("made/a.py"), "");
    project.until(&["made/a.py"]);
    write(&project.root.join(".gitignore"), "made/\n");
    write(&project.root.join("made/a.py"), "v = 2");
    project.settled();
    assert_eq!(project.watcher.directories(), [project.root.clone()]);
    fs::remove_file(project.root.join(".gitignore")).unwrap();
    project.until(&["made/a.py"]);
}

#[test]
fn a_loaded_file_counts_wherever_it_lies_and_whatever_its_name() {
    let mut project = Project::new(&["app.py", "instance/config.py", ".gitignore"]);
    write(&project.root.join(".gitignore"), "instance/\n");
    project.settled();
    let outside = project.top.join("lib/data.json");
    write(&outside, "1");
    let ignored = project.root.join("instance/config.py");
    project.load(&outside);
    project.load(&ignored);
    write(&outside, "2");
    write(&ignored, "2");
    write(&project.top.join("lib/beside.py"), "");
    assert_eq!(project.settled(), set(&["lib/data.json", "instance/config.py"]));
    // An editor's atomic save replaces the inode.
    write(&project.top.join("lib/new"), "3");
    fs::rename(project.top.join("lib/new"), &outside).unwrap();
    project.until(&["lib/data.json"]);
    // The folder itself goes and comes back.
    fs::remove_dir_all(project.top.join("lib")).unwrap();
    project.until(&["lib/data.json"]);
    write(&outside, "4");
    project.until(&["lib/data.json"]);
}

#[test]
fn a_file_that_an_import_missed_is_awaited() {
    let mut project = Project::new(&["app.py"]);
    project.load(&project.top.join("lib/pkg/missing.py"));
    for round in 0..10 {
        write(&project.top.join("lib/pkg/missing.py"), &format!("v = {round}"));
        assert_eq!(project.until(&["lib/pkg/missing.py"]), set(&["lib/pkg/missing.py"]));
        fs::remove_dir_all(project.top.join("lib")).unwrap();
        project.until(&["lib/pkg/missing.py"]);
    }
}

#[test]
fn a_project_reached_through_a_link_is_the_same_project() {
    let mut project = Project::reached_by(&["app.py", "pkg/a.py"], |top| {
        symlink("project", top.join("link")).unwrap();
        "./link"
    });
    project.load(&project.top.join("link/./app.py"));
    project.load(&project.top.join("link/pkg/../pkg/a.py"));
    write(&project.root.join("app.py"), "v = 2");
    write(&project.top.join("link/pkg/a.py"), "v = 2");
    write(&project.top.join("link/new.py"), "v = 2");
    assert_eq!(project.settled(), set(&["app.py", "pkg/a.py", "new.py"]));
}

#[test]
fn files_behind_links_in_the_project_are_seen_where_they_really_are() {
    let mut project = Project::reached_by(&["app.py"], |top| {
        write(&top.join("v1/a.py"), "v = 1");
        write(&top.join("v2/a.py"), "v = 'two'");
        write(&top.join("conf/dev.py"), "v = 1");
        symlink("../v1", top.join("project/pkg")).unwrap();
        symlink("../conf/dev.py", top.join("project/settings.py")).unwrap();
        "project"
    });
    write(&project.top.join("conf/dev.py"), "v = 2");
    assert_eq!(project.settled(), set(&["settings.py"]));
    project.load(&project.root.join("pkg/a.py"));
    write(&project.top.join("v1/a.py"), "v = 2");
    assert_eq!(project.settled(), set(&["pkg/a.py"]));
    // The link is pointed elsewhere, in one step as `ln -sfn` does it.
    symlink("../v2", project.root.join("next")).unwrap();
    fs::rename(project.root.join("next"), project.root.join("pkg")).unwrap();
    assert_eq!(project.settled(), set(&["pkg/a.py"]));
    write(&project.top.join("v2/a.py"), "v = 3");
    assert_eq!(project.settled(), set(&["pkg/a.py"]));
}

#[test]
fn the_served_folder_itself_may_be_replaced() {
    let mut project = Project::new(&["app.py", "pkg/a.py"]);
    fs::rename(&project.root, project.top.join("before")).unwrap();
    project.until(&["app.py", "pkg/a.py"]);
    write(&project.root.join("pkg/a.py"), "v = 2");
    project.until(&["pkg/a.py"]);
    write(&project.root.join("pkg/a.py"), "v = 3");
    assert_eq!(project.settled(), set(&["pkg/a.py"]));
}

#[test]
fn a_mark_tells_what_an_import_may_have_missed() {
    let mut project = Project::new(&["app.py", "late.py"]);
    let (app, late) = (project.root.join("app.py"), project.root.join("late.py"));
    let loaded = [app.clone(), late.clone()];
    let before = project.tree.mark();
    assert!(project.tree.changed_since(&before, &loaded).is_empty());
    write(&late, "v = 2");
    write(&app, "v = 1\n");
    assert_eq!(project.tree.changed_since(&before, &loaded), loaded[1..]);
    // Found once, it is still a change since that mark, but none since the next.
    assert_eq!(project.tree.changed_since(&before, &loaded), loaded[1..]);
    let next = project.tree.mark();
    assert!(project.tree.changed_since(&next, &loaded).is_empty());
    // There and back again: the import may have read what was in between.
    write(&late, "v = 3");
    project.tree.refresh(std::slice::from_ref(&late));
    write(&late, "v = 2");
    assert_eq!(project.tree.changed_since(&next, &loaded), loaded[1..]);
}

#[test]
fn a_file_unknown_at_the_mark_is_judged_by_its_times() {
    let mut project = Project::new(&["app.py"]);
    let mark = project.tree.mark();
    let (written, old) = (project.top.join("written.py"), Path::new("/etc/passwd"));
    write(&written, "v = 1");
    let loaded = [written.clone(), old.to_path_buf(), "<frozen os>".into()];
    assert_eq!(project.tree.changed_since(&mark, &loaded), [written]);
}

fn stat(path: &Path) -> Option<FileStat> {
    fs::metadata(path).ok().map(|met| FileStat::of(&met))
}

#[test]
fn what_was_read_counts_until_the_application_writes_it() {
    let mut project = Project::new(&["app.py"]);
    let (data, missing) = (project.root.join("data.json"), project.root.join("no/.env"));
    write(&data, "1");
    for path in [&data, &missing] {
        project.watcher.add_files(std::slice::from_ref(path)).unwrap();
        assert!(!project.tree.read(path, stat(path)));
    }
    write(&data, "2");
    write(&missing, "A=1");
    assert_eq!(project.settled(), set(&["data.json", "no/.env"]));
    write(&project.root.join("other.json"), "1");
    assert_eq!(project.settled(), set(&[]));
    project.tree.written(&data);
    assert!(project.tree.leaves_out(&data));
    write(&data, "3");
    assert_eq!(project.settled(), set(&[]));
    assert!(project.tree.sweep().is_empty());
}

#[test]
fn a_file_that_is_other_than_when_it_was_read_has_changed() {
    let mut project = Project::new(&["app.py"]);
    let data = project.root.join("data.json");
    assert!(!project.tree.read(&data, None));
    write(&data, "1");
    assert!(project.tree.read(&data, None));
    let read = stat(&data);
    project.tree.mark();
    assert!(!project.tree.read(&data, read));
    fs::remove_file(&data).unwrap();
    assert!(project.tree.read(&data, read));
}

#[test]
fn only_what_the_last_generation_has_read_counts() {
    let mut project = Project::new(&["app.py", "data.py"]);
    let (old, new) = (project.root.join("old.json"), project.root.join("new.json"));
    let module = project.root.join("data.py");
    for path in [&old, &new] {
        write(path, "1");
    }
    project.tree.mark();
    for path in [&old, &new, &module] {
        project.tree.read(path, stat(path));
    }
    let mark = project.tree.mark();
    project.tree.read(&new, stat(&new));
    assert!(project.tree.reads_changed_since(&mark).is_empty());
    project.tree.forget_reads_before(&mark);
    for path in [&old, &new, &module] {
        write(path, "2");
    }
    assert_eq!(project.tree.reads_changed_since(&mark), std::slice::from_ref(&new));
    // The search finds that one, read or not.
    assert_eq!(project.tree.sweep(), [module]);
}

#[test]
fn where_nothing_is_told_a_look_finds_whatever_came_changed_and_went() {
    let mut project = Project::new(&["app.py", "pkg/a.py", "out/b.py"]);
    let root = project.root.clone();
    project.tree.begin_polling();
    let look = |project: &mut Project| -> BTreeSet<String> {
        let found = project.tree.look_over();
        found.iter().map(|path| project.name(path)).collect()
    };
    assert_eq!(look(&mut project), set(&[]));
    write(&root.join("pkg/deep/er/c.py"), "");
    write(&root.join("pkg/a.py"), "v = 2");
    assert_eq!(look(&mut project), set(&["pkg/deep/er/c.py", "pkg/a.py"]));
    write(&root.join("pkg/deep/er/d.py"), "");
    assert_eq!(look(&mut project), set(&["pkg/deep/er/d.py"]));
    fs::remove_dir_all(root.join("pkg/deep")).unwrap();
    assert_eq!(look(&mut project), set(&["pkg/deep/er/c.py", "pkg/deep/er/d.py"]));
    write(&root.join("pkg/deep/er/c.py"), "");
    assert_eq!(look(&mut project), set(&["pkg/deep/er/c.py"]));
    write(&root.join(".gitignore"), "out/\n");
    assert_eq!(look(&mut project), set(&[]));
    write(&root.join("out/b.py"), "v = 2");
    assert_eq!(look(&mut project), set(&[]));
    fs::rename(&root, project.top.join("away")).unwrap();
    assert_eq!(look(&mut project), set(&["app.py", "pkg/a.py", "pkg/deep/er/c.py"]));
    fs::rename(project.top.join("away"), &root).unwrap();
    assert_eq!(look(&mut project), set(&["app.py", "pkg/a.py", "pkg/deep/er/c.py"]));
}

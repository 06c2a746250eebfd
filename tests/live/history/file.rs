//! The file: whose it is, and what becomes of one that is damaged, newer, foreign or gone.

use super::*;

#[test]
fn the_file_is_for_its_user_alone() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/").expect(200);
    project.listed(1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&project.state.path().join("rdev")), 0o700);
    let files = project.files();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Serves and records although the file there cannot be gone on with; gives what rdev
/// said.
fn serves_all_the_same(project: &Project) -> String {
    let mut server = project.serve(["app:app"]);
    server.get("/new").expect(200);
    let lines = project.listed(1);
    assert!(lines[0].contains(" /new"), "{lines:?}");
    server.signal(Signal::TERM);
    server.wait_for_exit();
    server.stderr()
}

#[test]
fn a_file_that_is_no_database_any_more_is_put_aside() {
    let (project, file) = with_a_file();
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at * at % 251) as u8).collect();
    fs::write(&file, &noise).unwrap();
    let said = serves_all_the_same(&project);
    let aside = project.aside("damaged");
    assert!(said.contains(&*aside.to_string_lossy()), "{said}");
    assert_eq!(fs::read(aside).unwrap(), noise);
}

#[test]
fn a_truncated_file_is_put_aside() {
    let (project, file) = with_a_file();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..5000]).unwrap();
    let said = serves_all_the_same(&project);
    let aside = project.aside("damaged");
    assert!(said.contains(&*aside.to_string_lossy()), "{said}");
}

#[test]
fn a_file_that_is_taken_away_is_begun_anew() {
    let project = project();
    let server = project.serve(["app:app"]);
    server.get("/one").expect(200);
    project.listed(1);
    for file in project.files() {
        fs::remove_file(file).unwrap();
    }
    until("what happens then to be in a new one", || {
        server.get("/two").expect(200);
        project.run(["history"]).stdout.contains("/two").then_some(())
    });
    assert!(server.said().contains("was taken away; it is begun anew"));
}

#[test]
fn what_is_no_file_is_neither_followed_nor_waited_for() {
    let project = project();
    let place = |name: &str| project.folder.path().join(name);
    std::os::unix::fs::symlink(place("elsewhere"), place("link")).unwrap();
    let pipe = Command::new("mkfifo").arg(place("pipe")).status().unwrap();
    assert!(pipe.success());
    for (name, why) in [("link", "it is a symbolic link"), ("pipe", "it is no file")] {
        let mut server = project.serve(["app:app", "--history", name]);
        server.get("/").expect(200);
        server.wait_for(why, |program| program.said().contains(why));
        let ran = project.run(["history", "--history", name]);
        assert!(matches!(ran.code, Some(1 | 2)), "{name}: {}", ran.stderr);
    }
    assert!(!place("elsewhere").exists());
}

#[test]
fn a_newer_file_is_put_aside_whole() {
    let (project, file) = with_a_file();
    let database = Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    assert_eq!(project.run(["history"]).code, Some(2));
    let said = serves_all_the_same(&project);
    let aside = project.aside("newer");
    assert!(said.contains("newer rdev") && said.contains(&*aside.to_string_lossy()));
    let database = Connection::open(aside).unwrap();
    let count: i64 = database
        .query_row("SELECT count(*) FROM exchange", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_named_file_that_is_no_history_is_left_alone() {
    let project = project();
    project.folder.save("notes.txt", "mine");
    let named = ["app:app", "--history", "notes.txt"];
    let mut server = project.serve(named);
    server.get("/").expect(200);
    server.wait_for("the reason", |it| it.stderr().contains("nothing is recorded"));
    assert_eq!(
        fs::read_to_string(project.folder.path().join("notes.txt")).unwrap(),
        "mine"
    );
    assert!(!project.state.path().join("rdev").exists());
}

#[test]
fn a_history_where_nothing_can_be_written_is_read() {
    let project = project();
    let mut server = project.launch().arg("app:app").serve();
    server.get("/a%3fb").expect(200);
    project.listed(1);
    server.signal(Signal::INT);
    server.wait_for_exit();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" \
                  && shift && exec \"$@\"";
    let state = project.state.path().to_str().unwrap();
    let reading = ["unshare", "--user", "--map-root-user", "--mount"];
    let reading = [&reading[..], &["sh", "-ec", script, "sh", state]].concat();
    let mut program =
        project.launch().args(["history", "path:/a"]).inside(&reading).without_terminal();
    assert_eq!(program.wait_for_exit().code(), Some(0), "{}", program.stderr());
    assert!(program.stdout().contains("/a%3fb"), "{}", program.stdout());
}

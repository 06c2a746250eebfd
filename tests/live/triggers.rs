//! What makes a new generation and what does not, beyond modules: data that was read, what
//! the application writes itself, what it serves, what editors leave behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::client::{Client, request};
use crate::folder::Folder;
use crate::rdev::{Rdev, rdev};

/// An application with a function per path; `/` answers with the process and `WORD`.
fn app(head: &str, paths: &str) -> String {
    format!(
        "import os\nWORD = 'word'\n{head}\n\n\
         def app(environ, start_response):\n    \
         path = environ['PATH_INFO']\n    \
         text = '%d %s' % (os.getpid(), WORD)\n    \
         {}\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [text.encode()]\n",
        paths.replace('\n', "\n    ")
    )
}

fn serve(folder: &Folder) -> Rdev {
    rdev(folder.path()).args(["app", "--reload"]).serve()
}

/// What the application answers, and in which process.
fn ask(server: &Rdev, path: &str) -> (String, String) {
    let text = server.get(path).expect(200).text();
    let (process, word) = text.split_once(' ').unwrap();
    (process.to_owned(), word.to_owned())
}

/// Makes a change of the code and waits for it: whatever was done before has been noticed
/// by then. Gives the reasons of all generations since the first.
fn reasons(folder: &Folder, server: &mut Rdev) -> Vec<String> {
    folder.save("app.py", &format!("{}# the end\n", folder.text("app.py")));
    server.get("/").expect(200);
    let is_last = "(app.py changed)";
    server.wait_for("the last generation", |program| program.stderr().contains(is_last));
    let told = server.stderr();
    let lines = told.lines().filter(|line| line.contains(" changed"));
    lines.map(str::to_owned).collect()
}

/// That the only reload is the one that was made to find out.
fn expect_none(folder: &Folder, server: &mut Rdev) {
    let reasons = reasons(folder, server);
    assert_eq!(reasons.len(), 1, "{reasons:?}\n{}", server.said());
}

#[test]
fn a_generation_names_the_data_file_that_made_it() {
    let folder = Folder::empty();
    folder.save("app.py", &app("WORD = open('.env').read()", ""));
    folder.save(".env", "one");
    folder.save(".gitignore", ".env\n");
    let server = serve(&folder);
    let (first, _) = ask(&server, "/");
    folder.save(".env", "two");
    let (second, word) = ask(&server, "/");
    assert_eq!(word, "two");
    assert_ne!(first, second);
    assert!(server.stderr().contains("(.env changed)"), "{}", server.said());
}

#[test]
fn a_request_right_after_the_save_of_a_data_file_never_meets_the_old_one() {
    let folder = Folder::empty();
    folder.save("app.py", &app("WORD = open('data.json').read()", ""));
    folder.save("data.json", "first");
    let server = serve(&folder);
    let mut client = server.connect();
    for round in 0..50 {
        let word = format!("round {round}");
        if round % 2 == 0 {
            folder.replace("data.json", &word);
        } else {
            folder.save("data.json", &word);
        }
        let answer = client.get("/").expect(200).text();
        assert!(answer.ends_with(&word), "{answer} after {word}\n{}", server.said());
    }
}

#[test]
fn a_request_right_after_the_save_of_a_template_never_meets_the_old_one() {
    let folder = Folder::empty();
    let page = "text = '%d %s' % (os.getpid(), flask.render_template('page.html'))";
    let head = "import flask\nshop = flask.Flask(__name__)";
    let page = format!("with shop.app_context():\n    {page}");
    folder.save("app.py", &app(head, &page));
    fs::create_dir(folder.path().join("templates")).unwrap();
    folder.save("templates/page.html", "first");
    let server = serve(&folder);
    let mut client = server.connect();
    assert!(client.get("/").expect(200).text().ends_with("first"));
    for round in 0..30 {
        let word = format!("round {round}");
        folder.save("templates/page.html", &word);
        let answer = client.get("/").expect(200).text();
        assert!(answer.ends_with(&word), "{answer} after {word}\n{}", server.said());
    }
}

#[test]
fn what_the_application_writes_makes_no_generation() {
    let folder = Folder::empty();
    let head = "import json, logging, sqlite3\n\
        logging.basicConfig(filename='app.log', level='INFO')\n\
        if not os.path.exists('state.json'):\n    \
        open('state.json', 'w').write('{}')\n\
        STATE = json.load(open('state.json'))\n\
        VISITS = open('visits').read()\n\
        GONE = os.path.exists('lock') and open('lock').read()\n\
        base = sqlite3.connect('shop.db', check_same_thread=False)\n\
        base.execute('create table if not exists visit (path)')\n\
        open('shop.db', 'rb').read(16)";
    let paths = "logging.info(path)\n\
        base.execute('insert into visit values (?)', [path])\n\
        base.commit()\n\
        open('state.json', 'w').write('{\"path\": \"%s\"}' % path)\n\
        open('visits.new', 'a').write(path)\n\
        os.replace('visits.new', 'visits')\n\
        if os.path.exists('lock'): os.remove('lock')\n\
        open('made.py', 'w').write('PATH = %r' % path)\n\
        os.makedirs('uploads', exist_ok=True)\n\
        open('uploads/%d' % len(os.listdir('uploads')), 'w').write(path)";
    folder.save("app.py", &app(head, paths));
    folder.save("visits", "none");
    folder.save("lock", "1");
    let mut server = serve(&folder);
    let (first, _) = ask(&server, "/0");
    for round in 1..20 {
        assert_eq!(ask(&server, &format!("/{round}")).0, first, "{}", server.said());
    }
    assert!(folder.text("app.log").contains("/19"));
    expect_none(&folder, &mut server);
}

#[test]
fn what_the_application_serves_and_what_editors_leave_makes_no_generation() {
    let folder = Folder::empty();
    let paths = "if path == '/style.css': text = '0 ' + open('static/style.css').read()";
    folder.save("app.py", &app("WORD = open('data.json').read()", paths));
    folder.save("data.json", "data");
    fs::create_dir(folder.path().join("static")).unwrap();
    folder.save("static/style.css", "one");
    let mut server = serve(&folder);
    let (first, _) = ask(&server, "/");
    assert_eq!(ask(&server, "/style.css").1, "one");
    folder.save("static/style.css", "two");
    assert_eq!(ask(&server, "/style.css").1, "two");
    for name in [".data.json.swp", "data.json~", "#data.json#", "4913", "app.py~"] {
        folder.save(name, "litter");
    }
    folder.save("data.json___jb_tmp___", "litter");
    std::os::unix::fs::symlink("me@here.1", folder.path().join(".#app.py")).unwrap();
    fs::create_dir_all(folder.path().join("__pycache__")).unwrap();
    folder.save("__pycache__/app.py", "litter");
    folder.save("unrelated.json", "{}");
    // The same content again, and a touch.
    folder.save("data.json", "data");
    folder.replace("data.json", "data");
    touch(&folder.path().join("app.py"));
    assert_eq!(ask(&server, "/").0, first, "{}", server.said());
    expect_none(&folder, &mut server);
}

fn touch(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(then).unwrap();
}

#[test]
fn a_module_counts_even_if_the_application_wrote_it() {
    let folder = Folder::empty();
    let head = "if not os.path.exists('made.py'):\n    \
        open('made.py', 'w').write('WORD = \"made\"\\n')\n\
        from made import WORD";
    folder.save("app.py", &app(head, ""));
    let server = serve(&folder);
    assert_eq!(ask(&server, "/").1, "made");
    folder.save("made.py", "WORD = 'edited'\n");
    assert_eq!(ask(&server, "/").1, "edited");
}

#[test]
fn patterns_add_files_and_leave_others_alone() {
    let folder = Folder::empty();
    let head = "import glob\n\
        TEXTS = glob.glob('texts/*.md') + glob.glob('../texts-of-*/*.md')\n\
        WORD = ' '.join(sorted(map(os.path.basename, TEXTS)))\n\
        LEFT = open('left.json').read()";
    folder.save("app.py", &app(head, ""));
    folder.save("left.json", "1");
    folder.save(".gitignore", "texts/\n");
    fs::create_dir(folder.path().join("texts")).unwrap();
    folder.save("texts/a.md", "");
    let launch = rdev(folder.path()).args(["app", "--reload", "--watch", "texts/*.md"]);
    let mut server = launch.args(["--ignore", "left.*", "--ignore", "gen*.py"]).serve();
    assert_eq!(ask(&server, "/").1, "a.md");
    folder.save("texts/b.md", "");
    let (second, word) = ask(&server, "/");
    assert_eq!(word, "a.md b.md");
    folder.save("left.json", "2");
    folder.save("generated.py", "A = 1\n");
    folder.save("texts/.#c.md", "");
    assert_eq!(ask(&server, "/").0, second, "{}", server.said());
    assert_eq!(reasons(&folder, &mut server).len(), 2, "{}", server.said());
}

#[test]
fn a_log_that_grows_with_each_request_holds_none_and_makes_no_generation() {
    let folder = Folder::empty();
    // Read first, so that it counts until it is written.
    let head = "open('app.log', 'a').close()\nopen('app.log').read()";
    let paths = "open('app.log', 'a').write(path)";
    folder.save("app.py", &app(head, paths));
    let mut server = serve(&folder);
    let mut client: Client = server.connect();
    client.get("/").expect(200);
    server.wait_for("the first transcript", |it| it.stdout().contains("#1 generation"));
    let held = |server: &Rdev| server.stdout().matches("(held ").count();
    let before = held(&server);
    for _ in 0..200 {
        let answer = client.ask("GET", request("GET", "/").as_bytes());
        assert_eq!(answer.status, 200);
    }
    server.wait_for("the last transcript", |it| it.stdout().contains("#201 generation"));
    assert_eq!(held(&server), before, "{}", server.said());
    expect_none(&folder, &mut server);
}

/// Files in folders, more than a few.
fn crowd(folder: &Folder) {
    for outer in 0..20 {
        let path = folder.path().join(format!("package_{outer}/deep"));
        fs::create_dir_all(&path).unwrap();
        for inner in 0..10 {
            fs::write(path.join(format!("module_{inner}.py")), "").unwrap();
        }
    }
}

/// Everything that events are for, done without them.
fn walk_through_without_events(folder: &Folder, server: &mut Rdev) {
    let mut client = server.connect();
    let mut expect = |word: &str| {
        let answer = client.get("/").expect(200).text();
        assert!(answer.ends_with(&format!(" {word}")), "{answer} after {word}");
        answer.split_once(' ').unwrap().0.to_owned()
    };
    for round in 0..10 {
        folder.save("data.json", &format!("round {round}"));
        expect(&format!("round {round}"));
        folder.replace("data.json", &format!("ROUND {round}"));
        expect(&format!("ROUND {round}"));
    }
    let edited = folder.text("app.py").replace("open('data.json').read()", "'edited'");
    folder.save("app.py", &edited);
    expect("edited");
    let fallback = "'edited'\ntry: from package_3.deep import fresh; WORD = fresh.WORD\n\
        except ImportError: pass";
    folder.save("app.py", &folder.text("app.py").replace("'edited'", fallback));
    expect("edited");
    fs::write(folder.path().join("package_3/deep/fresh.py"), "WORD = 'new'\n").unwrap();
    expect("new");
    fs::remove_file(folder.path().join("package_3/deep/fresh.py")).unwrap();
    let last = expect("edited");
    folder.save("unrelated.json", "{}");
    assert_eq!(expect("edited"), last);
}

fn is_told_once(server: &Rdev, words: &str) {
    let told = server.stderr();
    let lines: Vec<_> = told.lines().filter(|line| line.contains(words)).collect();
    assert_eq!(lines.len(), 1, "{told}");
    let costs =
        lines[0].contains(": each request waits ") && lines[0].ends_with(" files");
    assert!(costs, "{told}");
}

#[test]
fn by_polling_no_answer_is_old_either() {
    let folder = Folder::empty();
    crowd(&folder);
    folder.save("app.py", &app("WORD = open('data.json').read()", ""));
    folder.save("data.json", "first");
    let launch = rdev(folder.path()).args(["app", "--reload", "--poll"]);
    let mut server = launch.serve();
    walk_through_without_events(&folder, &mut server);
    is_told_once(&server, "since --poll is given");
}

#[test]
fn polling_notices_a_change_that_nobody_asks_for() {
    let folder = Folder::empty();
    folder.save("app.py", &app("", ""));
    let mut server = rdev(folder.path()).args(["app", "--reload", "--poll"]).serve();
    ask(&server, "/");
    folder.save("app.py", &app("WORD = 'second'", ""));
    server.wait_for("generation 2", |program| {
        program.stderr().contains("(app.py changed)")
    });
}

/// Whether this system lets us have limits of our own; some containers do not.
#[expect(
    clippy::print_stderr,
    reason = "who reads the log is to know what was not tested"
)]
fn has_own_limits() -> bool {
    let script = "echo 9 > /proc/sys/user/max_inotify_watches";
    let unshare = ["--user", "--map-root-user", "sh", "-c", script];
    let tried = std::process::Command::new("unshare").args(unshare).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("skipped: there can be no user namespace here");
    }
    works
}

/// Serves where the system gives so few of an inotify resource: in a user namespace, which
/// has limits of its own.
fn serve_limited(folder: &Folder, resource: &str, most: u32) -> Rdev {
    let script = format!("echo {most} > /proc/sys/user/{resource} && exec \"$0\" \"$@\"");
    rdev(folder.path())
        .inside(&["unshare", "--user", "--map-root-user", "sh", "-c", &script])
        .args(["app", "--reload"])
        .serve()
}

#[test]
fn where_the_system_has_no_more_watches_files_are_looked_at_instead() {
    if !has_own_limits() {
        return;
    }
    let table = [
        ("max_inotify_watches", 10, "max_user_watches"),
        ("max_inotify_instances", 0, "max_user_instances"),
        ("max_inotify_instances", 1, "max_user_instances"),
    ];
    for (resource, most, words) in table {
        let folder = Folder::empty();
        crowd(&folder);
        folder.save("app.py", &app("WORD = open('data.json').read()", ""));
        folder.save("data.json", "first");
        let mut server = serve_limited(&folder, resource, most);
        walk_through_without_events(&folder, &mut server);
        is_told_once(&server, words);
    }
}

#[test]
fn a_limit_that_is_reached_later_is_noticed_then() {
    if !has_own_limits() {
        return;
    }
    let folder = Folder::empty();
    folder.save("app.py", &app("WORD = open('data.json').read()", ""));
    folder.save("data.json", "first");
    let mut server = serve_limited(&folder, "max_inotify_watches", 12);
    ask(&server, "/");
    assert!(!server.stderr().contains("max_user_watches"), "{}", server.said());
    crowd(&folder);
    server.wait_for("the fall back", |it| it.stderr().contains("max_user_watches"));
    walk_through_without_events(&folder, &mut server);
    is_told_once(&server, "max_user_watches");
}

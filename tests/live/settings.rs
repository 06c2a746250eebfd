//! Configuration files: what they change of the real program, and how it refuses those it
//! cannot use.

use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::rdev::rdev;

const APP: &str = "def app(environ, start_response):\n    \
                   start_response('200 OK', [])\n    return [b'hello']\n";
const README: &str = include_str!("../../README.md");

fn served(settings: &str) -> Folder {
    let folder = Folder::empty();
    folder.save("little.py", APP);
    folder.save("pyproject.toml", settings);
    folder
}

#[test]
fn keys_of_the_project_count_and_are_those_that_are_shown() {
    let folder = served(
        "[tool.rdev]\ntheme = \"dark\"\n[tool.rdev.keys]\nhelp = \"alt-h\"\nquit = \"X\"\n",
    );
    let mut at = dashboard(folder, ["little:app"], 100, 40);
    at.terminal.sees(["alt-h help", "X quit"]);
    at.terminal.type_in("\x1bh").sees(["Keys", "X             quit"]);
    at.terminal.press("esc").sees(["X quit"]).press("q").type_in("X");
    assert!(at.terminal.wait_for_exit().success());
}

#[test]
fn what_cannot_be_used_is_refused_with_file_and_line() {
    let cases = [
        ("[tool.rdev]\ntheme = \"pink\"", "2: \"pink\" is no theme; there are terminal"),
        ("[tool.rdev]\n\ncolour = 1", "3: unknown field `colour`, expected one of"),
        ("[tool.rdev.keys]\nsort = \"z\"", "2: z is both sort and clear in the"),
        ("[tool.rdev.keys]\nup = \"ctrl-i\"", "2: up: a terminal sends ctrl-i as tab"),
        ("[tool.rdev.views]\nbad = \"status:5xy\"", "2: @bad: column 8: "),
        ("[tool.rdev.views]\na = \"@b\"\nb = \"~s @a\"", "2: @a: column 1: @b: column 4"),
        (
            "[tool.rdev.views]\nbad = \"@c\"",
            "2: @bad: column 1: there is no view @c; there",
        ),
        ("[tool.rdev.views]\n\"a b\" = \"~s\"", "2: \"a b\" is no name of a view; they"),
        ("[tool.rdev.views]\nnone = \" \"", "2: the view none is empty"),
        ("[tool.rdev.keys]\njump = \"j\"", "2: there is no action \"jump\"; there are"),
    ];
    for (settings, problem) in cases {
        let folder = served(settings);
        let mut program = rdev(folder.path()).args(["little:app"]).start();
        assert_eq!(program.wait_for_exit().code(), Some(2), "{settings}");
        let file = folder.path().canonicalize().unwrap().join("pyproject.toml");
        let told = format!("error: {}:{problem}", file.display());
        program.wait_for("the reason", |program| program.stderr().contains(&told));
        assert_eq!(program.stderr().lines().count(), 1, "{}", program.stderr());
    }
}

#[test]
fn the_sample_in_the_readme_can_be_used() {
    let sample = README.split("```toml\n").nth(1).and_then(|it| it.split("```").next());
    let folder = Folder::empty();
    folder.save("little.py", APP);
    let home = Folder::empty();
    std::fs::create_dir(home.path().join("rdev")).unwrap();
    home.save("rdev/config.toml", sample.unwrap());
    let launch = rdev(folder.path()).env("XDG_CONFIG_HOME", home.path());
    let terminal = launch.args(["little:app", "--port", "0"]).in_terminal(100, 60);
    terminal.sees(["gen 1 ✓"]).press("?");
    terminal.sees(["O             sort by a column", "ctrl-d J      half a page down"]);
    terminal.loses("clear the list; u brings");
}

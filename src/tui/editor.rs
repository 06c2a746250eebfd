//! The user's editor, and how each is told at which line to open a file.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// The command that opens a file, at a line where that is not 0. `editor` is what
/// `$VISUAL` or `$EDITOR` says: a command line for a shell, as everywhere.
pub(super) fn command(editor: &str, file: &Path, line: u32) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{editor} \"$@\""), editor]);
    command.args(arguments(editor, file, line));
    command
}

fn arguments(editor: &str, file: &Path, line: u32) -> Vec<OsString> {
    let file = OsString::from(file);
    if line == 0 {
        return vec![file];
    }
    let with_line = || {
        let mut file = file.clone();
        file.push(format!(":{line}"));
        file
    };
    let at_line = || vec!["--line".into(), line.to_string().into(), file.clone()];
    match name(editor) {
        "code" | "code-insiders" | "code-oss" | "codium" | "vscodium" | "cursor"
        | "windsurf" | "positron" => vec!["--goto".into(), with_line()],
        "hx" | "helix" | "subl" | "zed" | "zeditor" | "micro" | "lapce" => {
            vec![with_line()]
        }
        "charm" | "idea" | "mate" | "kate" => at_line(),
        // pycharm.sh, pycharm-community, pycharm64 …
        name if name.starts_with("pycharm") => at_line(),
        // vi, vim, nvim, gvim, nano, emacs, emacsclient, kak, joe, ne, mg, gedit …
        _ => vec![format!("+{line}").into(), file.clone()],
    }
}

/// The program's name, without its folder and arguments.
fn name(editor: &str) -> &str {
    let program = editor.split_whitespace().next().unwrap_or_default();
    program.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_in_its_own_way() {
        for (editor, expected) in [
            ("vim", "+7 a.py"),
            ("nvim -p", "+7 a.py"),
            ("emacs -nw", "+7 a.py"),
            ("emacsclient -t -a ''", "+7 a.py"),
            ("/usr/bin/nano -w", "+7 a.py"),
            ("code --wait", "--goto a.py:7"),
            ("hx", "a.py:7"),
            ("subl -n", "a.py:7"),
            ("pycharm", "--line 7 a.py"),
            ("/opt/pycharm-2026.1/bin/pycharm.sh --wait", "--line 7 a.py"),
            ("pycharm-community", "--line 7 a.py"),
        ] {
            let arguments = arguments(editor, Path::new("a.py"), 7);
            assert_eq!(arguments.join(" ".as_ref()), expected, "{editor}");
        }
        assert_eq!(arguments("code", Path::new("a.py"), 0), ["a.py"]);
    }
}

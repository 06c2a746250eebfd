//! An interpreter that does not start: what the user is told.
//!
//! Invariant: pure; the variables that may be to blame are handed in.

use super::Interpreter;

impl Interpreter {
    /// Why it does not start, as far as its own words tell, and the way out.
    pub fn does_not_start(
        &self,
        words: &[String],
        variables: &[(&str, String)],
    ) -> String {
        let Self { python, found_by } = self;
        let python = python.display();
        let mut lines = vec![format!(
            "the interpreter {python} (found by {found_by}) does not start"
        )];
        let says_why = |line: &&String| {
            let first = line.split([':', ' ']).next().unwrap_or_default();
            first == "Fatal" || first.ends_with("Error") || first.ends_with("Exception")
        };
        let mut said: Vec<&String> = words.iter().filter(says_why).collect();
        if said.is_empty() {
            said.extend(words.last());
        }
        lines.extend(said.into_iter().map(|line| format!("  {line}")));
        lines.extend(variables.iter().map(|(name, value)| {
            format!("{name} is {value}: try without it (env -u {name} rdev ...)")
        }));
        lines.push(
            "another interpreter or environment is named by --python PATH".to_owned(),
        );
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FoundBy;
    use std::path::PathBuf;

    #[test]
    fn an_interpreter_that_does_not_start_is_told_without_its_dump() {
        let python = PathBuf::from("/venv/bin/python");
        let interpreter = Interpreter { python, found_by: FoundBy::VirtualEnv };
        let words = [
            "Python path configuration:",
            "  PYTHONHOME = '/nonexistent'",
            "Fatal Python error: init_fs_encoding: failed to get the Python codec",
            "ModuleNotFoundError: No module named 'encodings'",
            "",
            "Current thread 0x00007f (most recent call first):",
            "  <no Python frame>",
        ];
        let words = words.map(str::to_owned);
        let variables = [("PYTHONHOME", "/nonexistent".to_owned())];
        assert_eq!(
            interpreter.does_not_start(&words, &variables),
            "the interpreter /venv/bin/python (found by VIRTUAL_ENV) does not start\n  \
             Fatal Python error: init_fs_encoding: failed to get the Python codec\n  \
             ModuleNotFoundError: No module named 'encodings'\n\
             PYTHONHOME is /nonexistent: try without it (env -u PYTHONHOME rdev ...)\n\
             another interpreter or environment is named by --python PATH"
        );
        assert!(interpreter.does_not_start(&[], &[]).contains("--python"));
    }
}

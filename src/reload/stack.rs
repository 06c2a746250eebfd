//! What faulthandler writes of a stack, as a traceback.

use std::fmt::Write;

use crate::exchange::{Frame, Link, Raised, Traceback};

/// Reads a stack ("most recent call first"). `what` is put in the place of an exception;
/// `is_own` tells the user's files. `None` where there is not one call to show.
pub(super) fn traceback(
    text: &str,
    what: &str,
    is_own: impl Fn(&str) -> bool,
) -> Option<Traceback> {
    let mut frames: Vec<Frame> = text
        .lines()
        .filter_map(frame)
        .filter(|frame| !is_hidden(&frame.file))
        .map(|frame| Frame { own: is_own(&frame.file), ..frame })
        .collect();
    if frames.is_empty() {
        return None;
    }
    let mut text = String::from("Stack (most recent call first):\n");
    for Frame { file, line, function, .. } in &frames {
        let _infallible = writeln!(text, "  File \"{file}\", line {line} in {function}");
    }
    frames.reverse();
    let link = Link::First;
    let raised = Raised {
        kind: what.to_owned(),
        message: String::new(),
        frames,
        link,
        members: Vec::new(),
    };
    Some(Traceback { chain: vec![raised], text })
}

/// Our own, and the import system's: as little to the point as in any other traceback.
fn is_hidden(file: &str) -> bool {
    file.starts_with("<rdev")
        || file.starts_with("<frozen importlib")
        || file.ends_with("importlib/__init__.py")
}

/// `  File "app.py", line 3 in f`; an unknown line is `???`.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("  File \"")?;
    let (file, rest) = rest.rsplit_once("\", line ")?;
    let (line, function) = rest.split_once(" in ")?;
    Some(Frame {
        file: file.to_owned(),
        line: line.parse().unwrap_or(0),
        function: function.to_owned(),
        source: String::new(),
        own: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_turned_around_and_ours_left_out() {
        let text = "Stack (most recent call first):\n  \
            File \"/lib/ctypes.py\", line 3 in string_at\n  \
            File \"/app/\"odd\", line 7.py\", line 12 in view\n  \
            File \"<frozen importlib._bootstrap>\", line 241 in _call\n  \
            File \"<rdev importing>\", line ??? in load\n";
        let told = traceback(text, "SIGSEGV", |file| file.starts_with("/app")).unwrap();
        let frames = &told.chain[0].frames;
        let names: Vec<_> =
            frames.iter().map(|it| (it.function.as_str(), it.line, it.own)).collect();
        assert_eq!(names, [("view", 12, true), ("string_at", 3, false)]);
        assert_eq!(told.text.lines().count(), 3, "{}", told.text);
        assert_eq!(told.summary(), "SIGSEGV");
        assert!(traceback("Stack (most recent call first):\n", "", |_| true).is_none());
    }
}

//! A line that is being typed, a command or a filter, and those before it.

/// Lines that can be called back.
const MOST_PAST: usize = 50;
/// Characters taken; nothing that is typed comes near.
const LONGEST: usize = 1024;

/// The line, while there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandLine {
    /// What was typed; `None` while the line is not there.
    typed: Option<String>,
    /// What was run, oldest first.
    past: Vec<String>,
    /// Which of these is shown; past the end, what is typed anew.
    recalled: usize,
}

impl CommandLine {
    /// What is on the line, if it is there. Not escaped.
    pub(super) fn text(&self) -> Option<&str> {
        self.typed.as_deref()
    }

    /// Opens it with a text on it.
    pub(super) fn open(&mut self, text: &str) {
        self.typed = Some(text.to_owned());
        self.recalled = self.past.len();
    }

    pub(super) fn close(&mut self) {
        self.typed = None;
    }

    /// Takes the line to act on it.
    pub(super) fn take(&mut self) -> String {
        let line = self.typed.take().unwrap_or_default();
        if !line.trim().is_empty() && self.past.last() != Some(&line) {
            self.past.push(line.clone());
            let extra = self.past.len().saturating_sub(MOST_PAST);
            self.past.drain(..extra);
        }
        line
    }

    /// Adds text, as far as it goes into one line.
    pub(super) fn add(&mut self, text: &str) {
        let Some(typed) = &mut self.typed else { return };
        let room = LONGEST.saturating_sub(typed.chars().count());
        typed.extend(text.chars().filter(|it| !it.is_control()).take(room));
    }

    /// Erases the last character; a line that has none is left.
    pub(super) fn erase(&mut self) {
        if self.typed.as_mut().is_some_and(|typed| typed.pop().is_none()) {
            self.close();
        }
    }

    pub(super) fn erase_word(&mut self) {
        if let Some(typed) = &mut self.typed {
            let kept = typed.trim_end().rfind(' ').map_or(0, |space| space + 1);
            typed.truncate(kept);
        }
    }

    pub(super) fn erase_all(&mut self) {
        if let Some(typed) = &mut self.typed {
            typed.clear();
        }
    }

    pub(super) fn complete(&mut self, complete: impl Fn(&str) -> String) {
        if let Some(typed) = &mut self.typed {
            *typed = complete(typed);
        }
    }

    /// Shows a line that was run before, or after.
    pub(super) fn recall(&mut self, by: isize) {
        self.recalled = self.recalled.saturating_add_signed(by).min(self.past.len());
        self.typed = Some(self.past.get(self.recalled).cloned().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_can_be_erased_and_an_empty_line_is_left() {
        let mut line = CommandLine::default();
        line.add("not there yet");
        line.open("");
        line.add("explain\n 12");
        assert_eq!(line.text(), Some("explain 12"));
        line.erase_word();
        assert_eq!(line.text(), Some("explain "));
        line.erase_word();
        line.erase();
        assert_eq!(line.text(), None);
        line.open("");
        line.add(&"é".repeat(2000));
        assert_eq!(line.text().map(str::len), Some(2 * LONGEST));
    }

    #[test]
    fn lines_that_were_run_come_back() {
        let mut line = CommandLine::default();
        for text in ["cold", "cold", "explain 1", " "] {
            line.open("");
            line.add(text);
            assert_eq!(line.take(), text);
        }
        line.open("");
        for (by, expected) in
            [(-1, "explain 1"), (-1, "cold"), (-1, "cold"), (1, "explain 1"), (1, "")]
        {
            line.recall(by);
            assert_eq!(line.text(), Some(expected));
        }
    }
}

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
    /// Whether all of it is selected: what is typed next takes its place.
    selected: bool,
}

impl CommandLine {
    /// What is on the line, if it is there. Not escaped.
    pub(super) fn text(&self) -> Option<&str> {
        self.typed.as_deref()
    }

    /// Opens it with a text on it.
    pub(super) fn open(&mut self, text: &str) {
        self.typed = Some(text.to_owned());
        self.selected = false;
        self.recalled = self.past.len();
    }

    /// Opens it with a text on it that is selected, as in the address bar of a browser:
    /// one goes on with it, or types another one at once.
    pub(super) fn open_selected(&mut self, text: &str) {
        self.open(text);
        self.selected = !text.is_empty();
        if self.selected && self.past.last().is_some_and(|last| last == text) {
            // It is there already; before it comes the one before.
            self.recalled = self.past.len() - 1;
        }
    }

    /// Whether what is on the line is selected.
    pub(super) fn is_selected(&self) -> bool {
        self.selected
    }

    /// Goes on with what is selected.
    pub(super) fn keep(&mut self) {
        self.selected = false;
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
        self.erase_selected();
        let Some(typed) = &mut self.typed else { return };
        let room = LONGEST.saturating_sub(typed.chars().count());
        typed.extend(text.chars().filter(|it| !it.is_control()).take(room));
    }

    /// Erases what is selected; says whether that was something.
    fn erase_selected(&mut self) -> bool {
        let was_selected = std::mem::take(&mut self.selected);
        if was_selected {
            self.erase_all();
        }
        was_selected
    }

    /// Erases the last character; a line that has none is left.
    pub(super) fn erase(&mut self) {
        if self.erase_selected() {
            return;
        }
        if self.typed.as_mut().is_some_and(|typed| typed.pop().is_none()) {
            self.close();
        }
    }

    pub(super) fn erase_word(&mut self) {
        if self.erase_selected() {
            return;
        }
        if let Some(typed) = &mut self.typed {
            let kept = typed.trim_end().rfind(' ').map_or(0, |space| space + 1);
            typed.truncate(kept);
        }
    }

    pub(super) fn erase_all(&mut self) {
        self.selected = false;
        if let Some(typed) = &mut self.typed {
            typed.clear();
        }
    }

    pub(super) fn complete(&mut self, complete: impl Fn(&str) -> String) {
        self.selected = false;
        if let Some(typed) = &mut self.typed {
            *typed = complete(typed);
        }
    }

    /// Shows a line that was run before, or after.
    pub(super) fn recall(&mut self, by: isize) {
        self.selected = false;
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
    fn what_is_selected_gives_way_to_what_is_typed_unless_one_goes_on_with_it() {
        let mut line = CommandLine::default();
        let mut opened = |act: fn(&mut CommandLine)| {
            line.open_selected("old");
            assert!(line.is_selected());
            act(&mut line);
            assert!(!line.is_selected());
            line.text().unwrap_or("left").to_owned()
        };
        assert_eq!(opened(|line| line.add("n")), "n");
        let kept = |line: &mut CommandLine| {
            line.keep();
            line.add("er");
        };
        assert_eq!(opened(kept), "older");
        assert_eq!(opened(CommandLine::erase), "");
        assert_eq!(opened(CommandLine::erase_word), "");
        assert_eq!(opened(CommandLine::erase_all), "");
        assert_eq!(opened(|line| line.complete(|text| format!("{text}er"))), "older");
        line.open_selected("");
        assert!(!line.is_selected());
        line.erase();
        assert_eq!(line.text(), None);
    }

    #[test]
    fn the_line_before_the_one_that_is_selected_comes_first() {
        let mut line = CommandLine::default();
        for text in ["one", "two"] {
            line.open(text);
            line.take();
        }
        line.open_selected("two");
        line.recall(-1);
        assert_eq!(line.text(), Some("one"));
        line.open_selected("elsewhere");
        line.recall(-1);
        assert_eq!(line.text(), Some("two"));
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

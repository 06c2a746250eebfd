//! A line that is being typed, a command or a filter, and those before it.

use super::editable::{Editable, Motion};

/// Lines that can be called back.
const MOST_PAST: usize = 50;
/// Characters taken; nothing that is typed comes near.
const LONGEST: usize = 1024;

/// The line, while there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandLine {
    /// What was typed; `None` while the line is not there.
    typed: Option<Editable>,
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
        self.typed.as_ref().map(Editable::text)
    }

    /// What of it is before the cursor.
    pub(super) fn before_cursor(&self) -> &str {
        self.typed.as_ref().map_or("", |typed| typed.parts().0)
    }

    /// Opens it with a text on it.
    pub(super) fn open(&mut self, text: &str) {
        self.typed = Some(Editable::new(text));
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

    /// Moves the cursor. What is selected is gone on with, from the end of it that lies in
    /// that direction.
    pub(super) fn go(&mut self, motion: Motion) {
        let motion = match (std::mem::take(&mut self.selected), motion) {
            (true, Motion::Back) => Motion::Start,
            (true, Motion::On) => Motion::End,
            (_, motion) => motion,
        };
        if let Some(typed) = &mut self.typed {
            typed.go(motion);
        }
    }

    pub(super) fn close(&mut self) {
        self.typed = None;
    }

    /// Takes the line to act on it.
    pub(super) fn take(&mut self) -> String {
        let line = self.typed.take().unwrap_or_default().into_text();
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
        let room = LONGEST.saturating_sub(typed.text().chars().count());
        let text = text.chars().filter(|it| !it.is_control()).take(room);
        typed.add(&text.collect::<String>());
    }

    /// Erases what is selected; says whether that was something.
    fn erase_selected(&mut self) -> bool {
        let was_selected = std::mem::take(&mut self.selected);
        if was_selected {
            self.typed = self.typed.take().map(|_| Editable::default());
        }
        was_selected
    }

    /// Erases what the cursor would pass, or what is selected.
    pub(super) fn erase(&mut self, motion: Motion) {
        if !self.erase_selected()
            && let Some(typed) = &mut self.typed
        {
            typed.erase(motion);
        }
    }

    /// Erases the character before the cursor; a line that has none at all is left.
    pub(super) fn erase_back(&mut self) {
        if self.text() == Some("") {
            self.close();
        } else {
            self.erase(Motion::Back);
        }
    }

    pub(super) fn erase_word(&mut self) {
        if !self.erase_selected()
            && let Some(typed) = &mut self.typed
        {
            typed.erase_word();
        }
    }

    /// Completes what is before the cursor.
    pub(super) fn complete(&mut self, complete: impl Fn(&str) -> String) {
        self.selected = false;
        if let Some(typed) = &mut self.typed {
            let completed = complete(typed.parts().0);
            typed.replace_before(&completed);
        }
    }

    /// Shows a line that was run before, or after.
    pub(super) fn recall(&mut self, by: isize) {
        self.selected = false;
        self.recalled = self.recalled.saturating_add_signed(by).min(self.past.len());
        let recalled = self.past.get(self.recalled).map_or("", String::as_str);
        self.typed = Some(Editable::new(recalled));
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
        line.erase_back();
        assert_eq!(line.text(), None);
        line.open("");
        line.add(&"é".repeat(2000));
        assert_eq!(line.text().map(str::len), Some(2 * LONGEST));
    }

    #[test]
    fn what_is_selected_gives_way_to_what_is_typed_unless_one_goes_on_with_it() {
        let mut line = CommandLine::default();
        line.open_selected("old");
        assert!(line.is_selected());
        for (motion, expected) in [
            (Motion::On, "older"),
            (Motion::End, "older"),
            (Motion::Back, "erold"),
            (Motion::Start, "erold"),
            (Motion::WordBack, "erold"),
            (Motion::WordOn, "older"),
        ] {
            line.open_selected("old");
            line.go(motion);
            assert!(!line.is_selected());
            line.add("er");
            assert_eq!(line.text(), Some(expected), "{motion:?}");
        }
        let mut opened = |act: fn(&mut CommandLine)| {
            line.open_selected("old");
            act(&mut line);
            assert!(!line.is_selected());
            line.text().unwrap_or("left").to_owned()
        };
        assert_eq!(opened(|line| line.add("n")), "n");
        assert_eq!(opened(CommandLine::erase_back), "");
        assert_eq!(opened(|line| line.erase(Motion::On)), "");
        assert_eq!(opened(CommandLine::erase_word), "");
        assert_eq!(opened(|line| line.erase(Motion::Start)), "");
        assert_eq!(opened(|line| line.complete(|text| format!("{text}er"))), "older");
        line.open_selected("");
        assert!(!line.is_selected());
        line.erase_back();
        assert_eq!(line.text(), None);
    }

    #[test]
    fn what_is_before_the_cursor_is_completed_and_the_rest_stays() {
        let mut line = CommandLine::default();
        line.open("so nothing");
        line.go(Motion::WordBack);
        line.go(Motion::Back);
        line.complete(|text| format!("{text}rt"));
        assert_eq!((line.text(), line.before_cursor()), (Some("sort nothing"), "sort"));
        line.erase_back();
        line.go(Motion::Start);
        line.erase_back();
        assert_eq!(line.text(), Some("sor nothing"), "it is not left");
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

//! A text in one line that is edited, and the cursor in it.
//!
//! The cursor goes by grapheme clusters (UAX #29), so that what is seen as one character is
//! passed and erased as one, with all that combines with it.
//!
//! Invariant: the cursor is between two clusters, or at an end.

use unicode_segmentation::UnicodeSegmentation;

/// Where the cursor can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    Back,
    On,
    WordBack,
    WordOn,
    Start,
    End,
}

/// A text that is being typed. Not escaped.
#[derive(Clone, Debug, Default)]
pub(super) struct Editable {
    text: String,
    /// Bytes of the text before the cursor.
    cursor: usize,
}

impl Editable {
    /// With the cursor at the end.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is before the cursor, and what is behind it.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn add(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.put_cursor(self.cursor + text.len());
    }

    /// Puts something else in the place of what is before the cursor.
    pub(super) fn replace_before(&mut self, text: &str) {
        self.text.replace_range(..self.cursor, text);
        self.put_cursor(text.len());
    }

    pub(super) fn go(&mut self, motion: Motion) {
        self.cursor = self.end_of(motion);
    }

    /// Erases what the cursor would pass.
    pub(super) fn erase(&mut self, motion: Motion) {
        self.erase_to(self.end_of(motion));
    }

    /// Erases what is before the cursor, back to a space.
    pub(super) fn erase_word(&mut self) {
        let before = self.parts().0.trim_end();
        self.erase_to(before.rfind(' ').map_or(0, |space| space + 1));
    }

    fn erase_to(&mut self, place: usize) {
        let (start, end) = (self.cursor.min(place), self.cursor.max(place));
        self.text.drain(start..end);
        self.put_cursor(start);
    }

    /// What was typed or is left may be one with what is behind it.
    fn put_cursor(&mut self, place: usize) {
        let mut boundaries = self.text.grapheme_indices(true).map(|(start, _)| start);
        let next = boundaries.find(|start| *start >= place);
        self.cursor = next.unwrap_or(self.text.len());
    }

    /// Where the cursor would be then.
    fn end_of(&self, motion: Motion) -> usize {
        let (before, behind) = self.parts();
        match motion {
            Motion::Start => 0,
            Motion::End => self.text.len(),
            Motion::Back => {
                before.grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
            }
            Motion::On => self.cursor + behind.graphemes(true).next().map_or(0, str::len),
            Motion::WordBack => start_of_last_word(before),
            Motion::WordOn => self.cursor + end_of_first_word(behind),
        }
    }
}

/// As a shell has words: letters and digits.
fn is_of_word(cluster: &str) -> bool {
    cluster.chars().any(|it| it.is_alphanumeric() || it == '_')
}

fn start_of_last_word(text: &str) -> usize {
    let (mut start, mut is_in_word) = (text.len(), false);
    for (at, cluster) in text.grapheme_indices(true).rev() {
        if is_in_word && !is_of_word(cluster) {
            break;
        }
        (start, is_in_word) = (at, is_of_word(cluster));
    }
    start
}

fn end_of_first_word(text: &str) -> usize {
    let mut is_in_word = false;
    for (at, cluster) in text.grapheme_indices(true) {
        if is_in_word && !is_of_word(cluster) {
            return at;
        }
        is_in_word = is_of_word(cluster);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with a bar where the cursor is.
    fn seen(of: &Editable) -> String {
        let (before, behind) = of.parts();
        format!("{before}|{behind}")
    }

    #[test]
    fn the_cursor_goes_by_what_is_seen_as_one_character() {
        // One that combines, one of two columns, a family of four, a flag.
        let clusters = ["e\u{301}", "日", "👨\u{200d}👩\u{200d}👧\u{200d}👦", "🇩🇪", "x"];
        let mut text = Editable::new(&clusters.concat());
        for kept in (0..clusters.len()).rev() {
            text.go(Motion::Back);
            assert_eq!(text.parts().0, clusters[..kept].concat());
        }
        text.go(Motion::Back);
        text.go(Motion::On);
        assert_eq!(text.parts().0, clusters[0]);
        text.erase(Motion::On);
        assert_eq!(text.text(), [&clusters[..1], &clusters[2..]].concat().concat());
        text.erase(Motion::Back);
        assert_eq!(text.text(), clusters[2..].concat());
    }

    #[test]
    fn what_becomes_one_with_what_is_behind_it_is_not_cut_by_the_cursor() {
        let mut text = Editable::new("a\u{301}b");
        text.go(Motion::Start);
        text.erase(Motion::On);
        assert_eq!(seen(&text), "|b");
        let mut text = Editable::new("\u{301}b");
        text.go(Motion::Start);
        text.add("a");
        assert_eq!(seen(&text), "a\u{301}|b");
    }

    #[test]
    fn words_are_passed_and_erased() {
        let mut text = Editable::new("path:/a-b status:5xx  ");
        let mut stops = Vec::new();
        while !text.parts().0.is_empty() {
            text.go(Motion::WordBack);
            stops.push(text.parts().1.split(' ').next().unwrap_or_default().to_owned());
        }
        assert_eq!(stops, ["5xx", "status:5xx", "b", "a-b", "path:/a-b"]);
        let mut stops = Vec::new();
        while !text.parts().1.is_empty() {
            text.go(Motion::WordOn);
            stops.push(text.parts().0.len());
        }
        assert_eq!(stops, [4, 7, 9, 16, 20, 22]);
        text.go(Motion::WordBack);
        text.erase_word();
        assert_eq!(seen(&text), "path:/a-b |5xx  ");
        text.erase_word();
        text.add("no ");
        assert_eq!(seen(&text), "no |5xx  ");
        text.erase(Motion::End);
        text.replace_before("yes");
        assert_eq!(seen(&text), "yes|");
        text.go(Motion::WordBack);
        text.go(Motion::End);
        text.erase(Motion::Start);
        assert_eq!(seen(&text), "|");
    }
}

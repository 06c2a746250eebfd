//! Where the lines of a body begin, so that any of them is found without the others.
//!
//! Only every [`STRIDE`]th is noted: a body of 10 MB costs neither memory nor time, and one
//! that grows is read on from where it ended. A line that is longer than [`LONGEST_LINE`]
//! goes on in the next.

/// Longest line, in bytes.
const LONGEST_LINE: usize = 4096;
/// One line in so many has its place noted.
const STRIDE: usize = 64;

/// Where the lines of a body begin.
#[derive(Clone, Debug, Default)]
pub(super) struct LineIndex {
    /// The beginnings of lines 0, [`STRIDE`], twice that …
    marks: Vec<usize>,
    /// Lines that have ended.
    ended: usize,
    /// Where the line that has not ended begins.
    open: usize,
    /// How many bytes were seen.
    seen: usize,
    /// The lines that go on in the next one because they were too long, ascending.
    cut: Vec<usize>,
}

impl LineIndex {
    /// Takes in what has come since the last time.
    pub(super) fn extend(&mut self, body: &[u8]) {
        while let Some(length) = line_length(&body[self.open..]) {
            if self.ended.is_multiple_of(STRIDE) {
                self.marks.push(self.open);
            }
            if body[self.open + length - 1] != b'\n' {
                self.cut.push(self.ended);
            }
            self.ended += 1;
            self.open += length;
        }
        self.seen = body.len();
    }

    pub(super) fn len(&self) -> usize {
        self.ended + usize::from(self.open < self.seen)
    }

    /// A line without its end. The body may have grown meanwhile, but not changed.
    pub(super) fn line<'a>(&self, body: &'a [u8], line: usize) -> &'a [u8] {
        let text = self.whole_line(body, line);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// Whether a line goes on in the next one.
    pub(super) fn is_cut(&self, line: usize) -> bool {
        self.cut.binary_search(&line).is_ok()
    }

    /// How many line ends the text has before that line.
    pub(super) fn ends_before(&self, line: usize) -> usize {
        line - self.cut.partition_point(|cut| *cut < line)
    }

    /// The line that begins behind so many line ends.
    pub(super) fn line_behind(&self, ends: usize) -> usize {
        // The so-manieth that was cut has so many pieces before it, and is in the line
        // of the text behind this number of ends.
        let (mut low, mut high) = (0, self.cut.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.cut[middle] - middle < ends {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        ends + low
    }

    /// Lines that have ended, or were cut: those whose length is known.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    /// Where a line begins.
    pub(super) fn begin(&self, body: &[u8], line: usize) -> usize {
        let mut at = match self.marks.get(line / STRIDE) {
            Some(mark) if line < self.ended => *mark,
            _ => return self.open,
        };
        for _ in 0..line % STRIDE {
            at += self.length(body, at);
        }
        at
    }

    /// How long the line is that begins there, with its end.
    pub(super) fn length(&self, body: &[u8], begin: usize) -> usize {
        let end = if begin == self.open { self.seen } else { body.len() };
        let rest = body.get(begin..end).unwrap_or_default();
        line_length(rest).unwrap_or(rest.len())
    }

    fn whole_line<'a>(&self, body: &'a [u8], line: usize) -> &'a [u8] {
        let begin = self.begin(body, line);
        body.get(begin..begin + self.length(body, begin)).unwrap_or_default()
    }
}

/// The length of the first line with its end, or of as much of it as is shown in one;
/// `None` while that is not known.
fn line_length(rest: &[u8]) -> Option<usize> {
    let window = &rest[..rest.len().min(LONGEST_LINE)];
    if let Some(end) = memchr::memchr(b'\n', window) {
        return Some(end + 1);
    }
    if rest.len() <= LONGEST_LINE {
        return None;
    }
    // Not within a character.
    let inside = |at: &usize| rest[*at] & 0xc0 == 0x80;
    (LONGEST_LINE - 3..=LONGEST_LINE).rev().find(|at| !inside(at)).or(Some(LONGEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &[u8]) -> Vec<String> {
        let mut index = LineIndex::default();
        index.extend(body);
        let mut grown = LineIndex::default();
        for end in 0..=body.len() {
            if end % 7 == 0 || end == body.len() {
                grown.extend(&body[..end]);
            }
        }
        assert_eq!(index.len(), grown.len(), "growth changed the lines");
        (0..index.len())
            .map(|line| {
                assert_eq!(index.line(body, line), grown.line(body, line));
                String::from_utf8_lossy(index.line(body, line)).into_owned()
            })
            .collect()
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_the_last_need_not() {
        assert_eq!(lines(b""), Vec::<String>::new());
        assert_eq!(lines(b"a\r\n\nb"), ["a", "", "b"]);
        assert_eq!(lines(b"a\n"), ["a"]);
    }

    #[test]
    fn any_line_of_many_is_found() {
        let body: String = (0..1000).map(|number| number.to_string() + "\n").collect();
        let expected: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(lines(body.as_bytes()), expected);
    }

    #[test]
    fn giant_lines_are_split_between_characters() {
        let body = "é".repeat(10_000);
        let lines = lines(format!("x{body}\ny").as_bytes());
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[..5].concat(), format!("x{body}"));
        assert!(!lines.concat().contains('\u{fffd}'));
    }

    #[test]
    fn bytes_that_are_no_text_are_split_all_the_same() {
        let body = vec![0x80; 3 * LONGEST_LINE + 1];
        let mut index = LineIndex::default();
        index.extend(&body);
        let total: usize =
            (0..index.len()).map(|line| index.line(&body, line).len()).sum();
        assert_eq!(total, body.len());
    }

    #[test]
    fn line_ends_are_counted_without_those_of_lines_that_were_cut() {
        let body = format!("a\n{}\nb\n{}c", "x".repeat(9000), "y".repeat(5000));
        let mut index = LineIndex::default();
        index.extend(body.as_bytes());
        let ends: Vec<usize> =
            (0..index.len()).map(|line| index.ends_before(line)).collect();
        assert_eq!(ends, [0, 1, 1, 1, 2, 3, 3]);
        assert_eq!(
            (0..4).map(|it| index.line_behind(it)).collect::<Vec<_>>(),
            [0, 1, 4, 5]
        );
        assert_eq!((0..7).filter(|it| index.is_cut(*it)).collect::<Vec<_>>(), [1, 2, 5]);
    }
}

//! What a process prints, cut into lines, each with the exchange it was printed for.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};

use crate::exchange::OutputStream;
use crate::lane::{Seal, Sealed, Unsealing};

/// A line longer than this is shown in pieces.
const LONGEST: usize = 64 << 10;
/// How much one look takes: what is read has to be passed on before more is, or who
/// prints without end fills our memory.
const BUDGET: usize = 64 << 10;
/// Of so many exchanges lines are waited for that have begun and not ended.
const MOST_BEGUN: usize = 64;

/// One line, or a piece of a very long one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whose it is, where that is known, and when the last of it was printed.
    pub(super) of: Option<Sealed>,
    /// Without the line's end.
    pub(super) text: Vec<u8>,
}

/// One pipe of a process, read without waiting.
#[derive(Debug)]
pub(super) struct Lines<R> {
    pub(super) pipe: R,
    /// `None` for a process that works for no exchange.
    unsealing: Option<Unsealing>,
    cut: Cut,
    ended: bool,
    more: bool,
}

/// Lines as they come to be. Those of several exchanges grow side by side.
#[derive(Debug, Default)]
struct Cut {
    /// The beginning of a line that is nobody's.
    partial: Vec<u8>,
    /// Those of exchanges, the one that began first in front.
    begun: VecDeque<(Sealed, Vec<u8>)>,
    whole: Vec<Line>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(pipe: R) -> Self {
        Self { pipe, unsealing: None, cut: Cut::default(), ended: false, more: false }
    }

    /// The same of a process that seals what it prints for an exchange.
    pub(super) fn sealed(pipe: R, seal: Seal) -> Self {
        Self { unsealing: Some(Unsealing::new(seal)), ..Self::new(pipe) }
    }

    /// Reads what there is, within the budget, and returns the lines that are complete,
    /// without their ends; at the end of the pipe also those that are not.
    pub(super) fn read(&mut self) -> Vec<Line> {
        let mut bytes = [0; 16 << 10];
        let mut left = BUDGET;
        self.more = false;
        while !self.ended {
            if left == 0 {
                self.more = true;
                break;
            }
            let most = left.min(bytes.len());
            match self.pipe.read(&mut bytes[..most]) {
                Ok(0) => self.ended = true,
                Ok(length) => {
                    left -= length;
                    self.take(&bytes[..length]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_broken) => self.ended = true,
            }
        }
        if self.ended {
            self.end();
        }
        std::mem::take(&mut self.cut.whole)
    }

    /// Whether the last look left something unread. No event tells of that again.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    fn take(&mut self, bytes: &[u8]) {
        let cut = &mut self.cut;
        match &mut self.unsealing {
            Some(unsealing) => unsealing.feed(bytes, &mut |of, part| cut.add(of, part)),
            None => cut.add(None, bytes),
        }
    }

    fn end(&mut self) {
        let cut = &mut self.cut;
        if let Some(unsealing) = &mut self.unsealing {
            unsealing.end(&mut |of, part| cut.add(of, part));
        }
        cut.end();
    }
}

impl Cut {
    fn add(&mut self, of: Option<Sealed>, bytes: &[u8]) {
        let mut partial = self.begun(of);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            partial.extend_from_slice(piece);
            let is_whole = piece.ends_with(b"\n");
            if is_whole || partial.len() >= LONGEST {
                let mut text = std::mem::take(&mut partial);
                if is_whole {
                    text.pop();
                    text.pop_if(|last| *last == b'\r');
                }
                self.whole.push(Line { of, text });
            }
        }
        let is_over = bytes.is_empty();
        if is_over && !partial.is_empty() {
            self.whole.push(Line { of, text: partial });
        } else if !partial.is_empty() {
            self.keep(of, partial);
        }
    }

    /// The line that has begun and goes on now.
    fn begun(&mut self, of: Option<Sealed>) -> Vec<u8> {
        let Some(Sealed { exchange, .. }) = of else {
            return std::mem::take(&mut self.partial);
        };
        let place = self.begun.iter().position(|(of, _)| of.exchange == exchange);
        let begun = place.and_then(|place| self.begun.remove(place));
        begun.map_or_else(Vec::new, |(_, partial)| partial)
    }

    fn keep(&mut self, of: Option<Sealed>, partial: Vec<u8>) {
        let Some(sealed) = of else {
            self.partial = partial;
            return;
        };
        self.begun.push_back((sealed, partial));
        if self.begun.len() > MOST_BEGUN
            && let Some((of, text)) = self.begun.pop_front()
        {
            self.whole.push(Line { of: Some(of), text });
        }
    }

    /// What has begun goes on no more.
    fn end(&mut self) {
        let partial = std::mem::take(&mut self.partial);
        if !partial.is_empty() {
            self.whole.push(Line { of: None, text: partial });
        }
        let begun = self.begun.drain(..);
        self.whole.extend(begun.map(|(of, text)| Line { of: Some(of), text }));
    }
}

/// The lines of two pipes in the order in which they were printed, as far as that is
/// known: a line that is nobody's comes right behind the one before it in its pipe.
pub(super) fn in_order(
    stdout: Vec<Line>,
    stderr: Vec<Line>,
) -> Vec<(OutputStream, Line)> {
    let timed = |stream: OutputStream, lines: Vec<Line>| {
        let mut latest = 0;
        let timed = lines.into_iter().map(move |line| {
            latest = line.of.map_or(latest, |of| of.ticks.max(latest));
            (latest, stream, line)
        });
        timed.collect::<Vec<_>>()
    };
    let mut all = timed(OutputStream::Stdout, stdout);
    all.append(&mut timed(OutputStream::Stderr, stderr));
    all.sort_by_key(|(ticks, ..)| *ticks);
    all.into_iter().map(|(_, stream, line)| (stream, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::ExchangeId;

    const SEAL: [u8; 15] = [7; 15];

    fn of(exchange: u64, ticks: u64) -> Sealed {
        Sealed { exchange: ExchangeId(exchange), ticks }
    }

    fn piece(exchange: u64, text: &str) -> Vec<u8> {
        Seal::new(SEAL).piece(of(exchange, 5), text.as_bytes())
    }

    /// The lines of a pipe, read to its end, each behind its exchange.
    fn read(wire: &[u8]) -> Vec<String> {
        let lines = Lines::sealed(wire, Seal::new(SEAL)).read().into_iter();
        let shown = lines.map(|Line { of, text }| {
            let of = of.map_or_else(|| "-".to_owned(), |of| of.exchange.to_string());
            format!("{of} {}", String::from_utf8_lossy(&text))
        });
        shown.collect()
    }

    #[test]
    fn lines_lose_their_ends_and_the_last_one_counts_without() {
        let mut lines = Lines::new(b"one\ntwo\r\n\nlast".as_slice());
        let read: Vec<String> = lines
            .read()
            .into_iter()
            .map(|line| String::from_utf8_lossy(&line.text).into_owned())
            .collect();
        assert_eq!(read, ["one", "two", "", "last"]);
        assert!(!lines.has_more());
    }

    #[test]
    fn endless_output_is_taken_in_portions() {
        let mut lines = Lines::new(std::io::repeat(b'\n'));
        for _ in 0..3 {
            assert_eq!(lines.read().len(), BUDGET);
            assert!(lines.has_more());
        }
    }

    #[test]
    fn lines_of_several_exchanges_grow_side_by_side() {
        let wire = [
            piece(1, "a"),
            b"nobody ".to_vec(),
            piece(2, "b"),
            piece(1, "A\nnext"),
            b"knows\n".to_vec(),
            piece(2, ""),
            piece(2, "B\n"),
        ];
        assert_eq!(
            read(&wire.concat()),
            ["1 aA", "- nobody knows", "2 b", "2 B", "1 next"]
        );
    }

    #[test]
    fn of_too_many_begun_lines_the_oldest_is_shown_as_it_is() {
        let most = MOST_BEGUN as u64;
        let wire: Vec<Vec<u8>> = (0..=most).map(|number| piece(number, "x")).collect();
        let lines = read(&wire.concat());
        assert_eq!((lines.len() as u64, lines[0].as_str()), (most + 1, "0 x"));
    }

    #[test]
    fn two_pipes_are_told_in_the_order_of_printing() {
        let line = |of: Option<Sealed>, text: &str| Line { of, text: text.into() };
        let stdout = vec![
            line(None, "early"),
            line(Some(of(1, 10)), "first"),
            line(None, "right behind"),
            line(Some(of(1, 30)), "third"),
        ];
        let stderr = vec![line(Some(of(2, 20)), "second")];
        let told = in_order(stdout, stderr);
        let texts: Vec<_> =
            told.iter().map(|(_, line)| String::from_utf8_lossy(&line.text)).collect();
        assert_eq!(texts, ["early", "first", "right behind", "second", "third"]);
    }
}

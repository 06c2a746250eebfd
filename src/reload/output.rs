//! What a process prints, cut into lines.

use std::io::{ErrorKind, Read};

/// A line longer than this is shown in pieces.
const LONGEST: usize = 64 << 10;
/// How much one look takes: what is read has to be passed on before more is, or who
/// prints without end fills our memory.
const BUDGET: usize = 64 << 10;

/// One pipe of a process, read without waiting.
#[derive(Debug)]
pub(super) struct Lines<R> {
    pub(super) pipe: R,
    partial: Vec<u8>,
    ended: bool,
    more: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(pipe: R) -> Self {
        Self { pipe, partial: Vec::new(), ended: false, more: false }
    }

    /// Reads what there is, within the budget, and returns the lines that are complete,
    /// without their ends; at the end of the pipe also the last one.
    pub(super) fn read(&mut self) -> Vec<Vec<u8>> {
        let mut bytes = [0; 16 << 10];
        let (mut lines, mut left) = (Vec::new(), BUDGET);
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
                    self.cut(&bytes[..length], &mut lines);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_broken) => self.ended = true,
            }
        }
        if self.ended && !self.partial.is_empty() {
            lines.push(std::mem::take(&mut self.partial));
        }
        lines
    }

    /// Whether the last look left something unread. No event tells of that again.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    fn cut(&mut self, bytes: &[u8], lines: &mut Vec<Vec<u8>>) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            let whole = piece.ends_with(b"\n");
            if whole || self.partial.len() >= LONGEST {
                let mut line = std::mem::take(&mut self.partial);
                if whole {
                    line.pop();
                    line.pop_if(|last| *last == b'\r');
                }
                lines.push(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_the_last_one_counts_without() {
        let mut lines = Lines::new(b"one\ntwo\r\n\nlast".as_slice());
        let read: Vec<String> = lines
            .read()
            .into_iter()
            .map(|line| String::from_utf8_lossy(&line).into_owned())
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
}

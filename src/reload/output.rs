//! What a process prints, cut into lines.

use std::io::{self, ErrorKind, Read};

/// A line longer than this is shown in pieces.
const LONGEST: usize = 64 << 10;

/// One pipe of a process, read without waiting.
#[derive(Debug)]
pub(super) struct Lines<R> {
    pub(super) pipe: R,
    partial: Vec<u8>,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(pipe: R) -> Self {
        Self { pipe, partial: Vec::new(), ended: false }
    }

    /// Reads what there is and returns the lines that are complete, without their ends;
    /// at the end of the pipe also the last one.
    pub(super) fn read(&mut self) -> Vec<Vec<u8>> {
        let mut bytes = [0; 16 << 10];
        let mut lines = Vec::new();
        while !self.ended {
            match self.pipe.read(&mut bytes) {
                Ok(0) => self.ended = true,
                Ok(length) => self.cut(&bytes[..length], &mut lines),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_over(&error) => self.ended = true,
                Err(_) => break,
            }
        }
        if self.ended && !self.partial.is_empty() {
            lines.push(std::mem::take(&mut self.partial));
        }
        lines
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

fn is_over(error: &io::Error) -> bool {
    error.kind() != ErrorKind::WouldBlock
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
    }
}

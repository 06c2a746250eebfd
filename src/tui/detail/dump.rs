//! Bytes in hexadecimal, with the characters that they are.

use std::iter;

/// Bytes in a row where there is room, and where not.
const ROOMY: usize = 16;
const TIGHT: usize = 8;
/// Bytes whose places can be told in four digits.
const SHORT: usize = 1 << 16;

/// How bytes are laid out: `000010  68 65 6c 6c 6f 00 …  hello.…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Dump {
    /// Bytes in a row.
    pub(in crate::tui) row: usize,
    /// Digits of the place in the body.
    digits: usize,
    /// Columns between the three parts.
    gap: usize,
}

impl Dump {
    /// With 16 bytes in a row where they fit into so many columns, if need be closer
    /// together (73, 71, 69 columns), or else 8; of so many bytes.
    pub(in crate::tui) fn fitting(columns: usize, length: usize) -> Self {
        let close = if length <= SHORT { 4 } else { 6 };
        let ways = [(ROOMY, 6, 2), (ROOMY, 6, 1), (ROOMY, close, 1), (TIGHT, 6, 2)];
        let mut ways =
            ways.map(|(row, digits, gap)| Self { row, digits, gap }).into_iter();
        let tight = Self { row: TIGHT, digits: 6, gap: 2 };
        ways.find(|way| way.columns() <= columns).unwrap_or(tight)
    }

    /// Columns of a row.
    pub(in crate::tui) fn columns(self) -> usize {
        self.digits + 2 * self.gap + 3 * self.row - 1 + self.row
    }

    /// The bytes from that place on, as a row.
    pub(super) fn line(self, from: usize, bytes: &[u8]) -> String {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = bytes.iter().map(|&byte| match byte {
            0x20..=0x7e => char::from(byte),
            _ => '.',
        });
        let shown: String = shown.collect();
        let gap: String = iter::repeat_n(' ', self.gap).collect();
        let (digits, hexed) = (self.digits, self.row * 3 - 1);
        format!("{from:0digits$x}{gap}{:hexed$}{gap}{shown}", hex.join(" "))
    }
}

/// Bytes as a dump, in lines.
pub(in crate::tui) fn dump_of(bytes: &[u8]) -> String {
    let dump = Dump::fitting(usize::MAX, bytes.len());
    let lines = bytes.chunks(dump.row).enumerate();
    lines.map(|(line, bytes)| dump.line(line * dump.row, bytes) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_16_bytes_in_a_row_as_soon_as_they_fit() {
        let rows = [
            (80, 9, "000010  68 69 00 ff                                      hi.."),
            (73, 9, "000010  68 69 00 ff                                      hi.."),
            (72, 9, "000010 68 69 00 ff                                     hi.."),
            (71, 9, "000010 68 69 00 ff                                     hi.."),
            (70, 9, "0010 68 69 00 ff                                     hi.."),
            (69, SHORT, "0010 68 69 00 ff                                     hi.."),
            (69, SHORT + 1, "000010  68 69 00 ff              hi.."),
            (68, 9, "000010  68 69 00 ff              hi.."),
            (1, 9, "000010  68 69 00 ff              hi.."),
        ];
        for (columns, length, row) in rows {
            let dump = Dump::fitting(columns, length);
            assert_eq!(dump.line(16, b"hi\0\xff"), row, "{columns} {length}");
            let whole = dump.line(0, &[b'x'; 16][..dump.row]);
            assert_eq!(whole.len(), dump.columns());
            assert!(whole.len() <= columns || dump.row == TIGHT);
        }
    }
}

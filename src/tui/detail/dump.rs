//! Bytes in hexadecimal, with the characters that they are.

/// Bytes in a line of a dump: with their characters they fit beside a list of 120 columns.
pub(super) const DUMPED: usize = 8;

/// Bytes as a dump, in lines.
pub(in crate::tui) fn dump_of(bytes: &[u8]) -> String {
    let lines = bytes.chunks(DUMPED).enumerate();
    lines.map(|(line, bytes)| dump(line * DUMPED, bytes) + "\n").collect()
}

/// `000010  68 65 6c 6c 6f 00 …  hello.…`
pub(super) fn dump(from: usize, bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = bytes.iter().map(|&byte| match byte {
        0x20..=0x7e => char::from(byte),
        _ => '.',
    });
    let shown: String = shown.collect();
    format!("{from:06x}  {:width$}  {shown}", hex.join(" "), width = DUMPED * 3 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_numbers_and_characters() {
        assert_eq!(dump(16, b"hi\0\xff"), "000010  68 69 00 ff              hi..");
    }
}

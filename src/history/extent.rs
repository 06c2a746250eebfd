//! How much of a body is kept, in words: as lists, transcripts and the dashboard say it.

use crate::exchange::Size;
use crate::text::byte_count;

/// `10 MB of 42 MB kept: longer than bodies are kept`; `None` where all of it is there.
pub fn extent(size: Size) -> Option<String> {
    let why = size.cut?;
    let (kept, total) = (byte_count(size.kept), byte_count(size.total));
    let much = match size {
        Size { total: 0, .. } => "nothing kept".to_owned(),
        size if size.kept < size.total => format!("{kept} of {total} kept"),
        _ => format!("the first {kept} kept"),
    };
    Some(format!("{much}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cut;

    #[test]
    fn what_is_not_there_is_said_with_its_reason() {
        let said = |total, kept, cut| extent(Size { total, kept, cut });
        assert_eq!(said(5, 5, None), None);
        assert_eq!(
            said(42_000_000, 10_000_000, Some(Cut::Long)).as_deref(),
            Some("10 MB of 42 MB kept: longer than bodies are kept")
        );
        assert_eq!(
            said(5, 5, Some(Cut::Masking)).as_deref(),
            Some("the first 5 B kept: the rest could not be looked through for secrets")
        );
        assert_eq!(
            said(0, 0, Some(Cut::Malformed)).as_deref(),
            Some("nothing kept: its chunks are malformed")
        );
    }
}

//! `Rdev-Generation`: a response that says which generation it is from.

use crate::exchange::{GenerationId, Hint};
use crate::http::ResponseHead;

const NAME: &str = "Rdev-Generation";

/// Adds the header, in the place of one that the application has sent; that comes with a
/// hint.
pub(super) fn stamp(head: &mut ResponseHead, generation: GenerationId) -> Option<Hint> {
    let theirs = head.headers.contains(NAME);
    head.headers.0.retain(|header| !header.name.eq_ignore_ascii_case(NAME));
    head.headers.push(NAME, generation.to_string());
    theirs.then(|| Hint {
        problem: format!(
            "the application sends {NAME} itself; --generation-header has replaced it"
        ),
        mend: "give it another name, or leave --generation-header out".to_owned(),
        quoted: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    #[test]
    fn there_is_one_header_and_whoever_sent_another_is_told() {
        let mut headers = Headers::default();
        headers.push("ETag", "\"1\"");
        let mut head = ResponseHead { status: 304, reason: Vec::new(), headers };
        assert_eq!(stamp(&mut head, GenerationId(7)), None);
        assert_eq!(head.headers.get("etag"), Some(&b"\"1\""[..]));
        assert!(stamp(&mut head, GenerationId(8)).is_some());
        assert_eq!(head.headers.get(NAME), Some(&b"8"[..]));
        assert_eq!(head.headers.0.len(), 2);
    }
}

//! The lines of a body. It stays where it is, in the store, and only where its lines begin
//! is noted; or it is a text of its own that was made of it.

use crate::body::Stop;
use crate::exchange::{Body, Exchange};
use crate::http::Headers;

use super::super::line_index::LineIndex;
use super::super::outline::Outline;
use super::super::syntax::{Highlight, Language, State, tokens};
use super::line::{Accents, Side, Tone};

/// The lines of a body: where they begin, in the body as it is in the store or in what
/// was decoded from it.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct BodyLines {
    pub(in crate::tui) index: LineIndex,
    pub(in crate::tui) decoded: Option<Decoded>,
    /// What is wrong with what is said of its encoding, in words that are safe.
    pub(in crate::tui) misfit: Option<String>,
    /// What belongs together, of a text that was laid out.
    pub(in crate::tui) outline: Option<Outline>,
    /// The colours of any other.
    pub(in crate::tui) highlight: Option<Box<Highlight>>,
}

impl BodyLines {
    /// What the lines are in.
    pub(super) fn bytes<'a>(
        &'a self,
        side: Side,
        exchange: Option<&'a Exchange>,
    ) -> &'a [u8] {
        match &self.decoded {
            Some(decoded) => &decoded.text,
            None => exchange.map_or(&[][..], |exchange| &body(exchange, side).kept),
        }
    }

    /// The lines of a text that was made of a body.
    pub(in crate::tui) fn of(decoded: Decoded) -> Self {
        let mut index = LineIndex::default();
        index.extend(&decoded.text);
        Self { index, decoded: Some(decoded), ..Self::default() }
    }

    /// Gives it the colours of the language that a body with these fields is in.
    pub(in crate::tui) fn paint(&mut self, headers: Option<&Headers>, body: &Body) {
        let label = headers.and_then(|headers| headers.get("content-type"));
        let text = self.decoded.as_ref().map_or(&body.kept, |decoded| &decoded.text);
        let language = Language::of(label.unwrap_or_default(), text);
        if self.highlight.as_ref().map(|it| it.language()) != language {
            self.highlight = language.map(|language| Box::new(Highlight::new(language)));
        }
    }

    /// The colours of a line.
    pub(super) fn accents(&self, line: usize, text: &str) -> Accents<'static> {
        let mut tokens = match (&self.outline, &self.highlight) {
            (Some(_), _) => {
                let goes_on = line > 0 && self.index.is_cut(line - 1);
                let state = if goes_on { State::in_string() } else { State::default() };
                tokens(Language::Json, state, text)
            }
            (None, Some(highlight)) => highlight.of(line, text),
            (None, None) => Vec::new(),
        };
        let folded = self.outline.as_ref().and_then(|outline| outline.folded_at(line));
        let end = folded.and_then(|_| text.rfind('…')).unwrap_or(text.len());
        tokens.retain(|(range, _)| range.end <= end);
        let code = tokens.into_iter().map(|(range, token)| (range, Tone::Code(token)));
        let count = (end < text.len()).then_some((end..text.len(), Tone::Remark));
        code.chain(count).collect()
    }
}

/// The text of a body that was sent packed or in another encoding than UTF-8.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Decoded {
    pub(in crate::tui) text: Vec<u8>,
    /// How many bytes of the body it was made of.
    pub(in crate::tui) bytes: usize,
    /// What was undone: `gzip`; empty where it was made in another way.
    pub(in crate::tui) from: String,
    /// Why there is no more of it.
    pub(in crate::tui) stop: Option<Stop>,
}

impl Decoded {
    /// A text that was made of so many bytes of a body otherwise than by decoding.
    pub(in crate::tui) fn new(text: Vec<u8>, bytes: usize) -> Self {
        Self { text, bytes, from: String::new(), stop: None }
    }
}

/// The body of that side.
pub(super) fn body(exchange: &Exchange, side: Side) -> &Body {
    match side {
        Side::Request => &exchange.request_body,
        Side::Response => &exchange.response_body,
    }
}

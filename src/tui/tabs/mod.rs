//! The tabs of the detail pane: each is an exchange seen from one side, as a document.

mod body;
mod events;
mod form;
mod hints;
mod json;
mod markup;
mod message;
mod output;
mod overview;
mod traceback;
mod transcript;

pub(super) use body::may_have_secrets;
pub(super) use body::readable;
pub(super) use json::value_at;
#[cfg(test)]
pub(super) use json::{Values, laid_out};
pub(super) use message::{Manner, message};
pub(super) use traceback::{Sources, origin, source_files};
pub(super) use transcript::{Telling, heading, safe, traceback_lines, transcript};

use super::detail::{Document, Side};
use super::output::Output;
use super::picture::Gallery;
use super::state::Facts;
use jiff::Timestamp;

use crate::exchange::Exchange;

/// A tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    Traceback,
    Overview,
    Request,
    Response,
    /// Both messages in the order of the wire.
    #[default]
    Transcript,
    Output,
    Hints,
}

/// How the Request and the Response tab show a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BodyView {
    /// Laid out by its type; what is no text as a dump.
    #[default]
    Pretty,
    /// As it was sent, but decoded.
    Raw,
    /// The very bytes.
    Hex,
}

impl BodyView {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Raw,
            Self::Raw => Self::Hex,
            Self::Hex => Self::Pretty,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pretty => "laid out",
            Self::Raw => "as sent",
            Self::Hex => "as bytes",
        }
    }
}

/// Whether secrets are seen in the tabs that have messages, and in the Overview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Secrets {
    #[default]
    Masked,
    Shown,
}

impl Secrets {
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Masked => Self::Shown,
            Self::Shown => Self::Masked,
        }
    }
}

/// What a tab may show beside the exchange itself.
pub(super) struct Around<'a> {
    pub(super) facts: &'a Facts,
    pub(super) output: &'a Output,
    pub(super) sources: &'a Sources,
    pub(super) look: (BodyView, Secrets),
    pub(super) gallery: &'a Gallery,
    /// Columns of the pane.
    pub(super) width: usize,
    pub(super) now: Timestamp,
}

impl Tab {
    /// What is looked for first is the first.
    const ALL: [Self; 7] = [
        Self::Traceback,
        Self::Overview,
        Self::Request,
        Self::Response,
        Self::Transcript,
        Self::Output,
        Self::Hints,
    ];

    /// Those whose names are cut short where there is no room, in the order in which they
    /// are: the shortest words that everybody knows first.
    pub(super) const SHORTENED: [Self; 6] = [
        Self::Request,
        Self::Response,
        Self::Transcript,
        Self::Overview,
        Self::Output,
        Self::Traceback,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Transcript => "Transcript",
            Self::Output => "Output",
            Self::Hints => "Hints",
            Self::Traceback => "Traceback",
        }
    }

    /// Where there is no room for more.
    pub(super) fn short_name(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Request => "Req",
            Self::Response => "Resp",
            Self::Transcript => "Trans",
            Self::Output => "Out",
            Self::Hints => "Hints",
            Self::Traceback => "Trace",
        }
    }

    /// Whether there is anything in it. Output is always asked for: that nothing was
    /// printed is an answer.
    pub(super) fn has_content(self, exchange: &Exchange) -> bool {
        match self {
            Self::Overview | Self::Request | Self::Transcript | Self::Output => true,
            Self::Response => exchange.response.is_some(),
            Self::Hints => !exchange.hints.is_empty(),
            Self::Traceback => exchange.traceback.is_some(),
        }
    }

    /// Those to be seen: with content, or chosen.
    pub(super) fn shown(self, exchange: &Exchange) -> Vec<Self> {
        let seen = |tab: &Self| *tab == self || tab.has_content(exchange);
        Self::ALL.into_iter().filter(seen).collect()
    }

    /// The one so many further on, around the end.
    pub(super) fn moved(self, exchange: &Exchange, by: isize) -> Self {
        let shown = self.shown(exchange);
        let place = shown.iter().position(|tab| *tab == self).unwrap_or_default();
        let count = shown.len().cast_signed();
        let place = (place.cast_signed() + by % count).rem_euclid(count);
        shown.get(place.unsigned_abs()).copied().unwrap_or(self)
    }

    /// The document of this tab. What is known of the bodies' lines is taken over from
    /// the one before, if that was this tab of the same exchange.
    pub(super) fn document(
        self,
        exchange: &Exchange,
        before: Document,
        around: &Around<'_>,
    ) -> Document {
        match self {
            Self::Overview => {
                let (zone, secrets) = (&around.facts.zone, around.look.1);
                overview::overview(exchange, (zone, around.now), secrets)
            }
            Self::Request => {
                let manner = Manner::new(exchange, Side::Request, around);
                message::message(exchange, Side::Request, before, &manner)
            }
            Self::Response => {
                let manner = Manner::new(exchange, Side::Response, around);
                message::message(exchange, Side::Response, before, &manner)
            }
            Self::Transcript => transcript(exchange, before, &Telling::new(around)),
            Self::Output => {
                let is_kept = around.facts.history.is_some();
                output::output(exchange, around.output, is_kept)
            }
            Self::Hints => hints::hints(exchange),
            Self::Traceback => traceback::traceback(exchange, around),
        }
    }
}

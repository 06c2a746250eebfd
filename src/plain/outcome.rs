//! What is said about an exchange beside its messages: the lines that begin with `#`.

use crate::exchange::{Exchange, Outcome, Source};
use crate::text;

/// Whose request it is: `#12 127.0.0.1:51234`.
pub(super) fn request_label(exchange: &Exchange) -> String {
    let client = text::printable(exchange.client.as_bytes());
    let replay = match exchange.source {
        Source::Client => String::new(),
        Source::Replay(original) => format!("replay of #{original}"),
        Source::Pin(original) => format!("for the pin of #{original}"),
    };
    let parts: Vec<String> =
        [client, replay].into_iter().filter(|part| !part.is_empty()).collect();
    format!("#{} {}", exchange.id, parts.join(", "))
}

/// Who answered, and when: `#12 generation 3, 45 ms (held 41 ms)`. The time is that to
/// the end, or to the head while the body still comes.
pub(super) fn response_label(exchange: &Exchange) -> String {
    let who = match exchange.generation {
        _ if exchange.outcome == Some(Outcome::Refused) => "refused".to_owned(),
        Some(generation) => format!("generation {generation}"),
        None => "answered by rdev".to_owned(),
    };
    let end = exchange.ended.or(exchange.responded).unwrap_or(exchange.began);
    let seconds = end.duration_since(exchange.began).as_secs_f64();
    let head = if exchange.ended.is_none() { "head after " } else { "" };
    let held = exchange.held.map_or_else(String::new, |held| {
        let until = exchange.called.or(exchange.ended).unwrap_or(end);
        let seconds = until.duration_since(held).as_secs_f64();
        format!(" (held {})", text::duration(seconds))
    });
    format!("#{} {who}, {head}{}{held}", exchange.id, text::duration(seconds))
}

/// How it ended; `None` where that goes without saying. `apart` tells that the response
/// was shown before and its end is not seen otherwise.
pub(super) fn ending(exchange: &Exchange, apart: bool) -> Option<String> {
    let id = exchange.id;
    let answered = exchange.response.is_some();
    let sent = text::byte_count(exchange.response_body.total);
    match exchange.outcome.as_ref()? {
        Outcome::Complete if !apart && answered => None,
        Outcome::Refused if !apart && answered => None,
        Outcome::Complete | Outcome::Refused => {
            let word = if answered { "complete" } else { "ended without a response" };
            let seconds = exchange.duration().unwrap_or_default().as_secs_f64();
            Some(format!("#{id} {word}, {sent} in {}", text::duration(seconds)))
        }
        Outcome::ClientGone if answered => {
            Some(format!("#{id} client gone after {sent}"))
        }
        Outcome::ClientGone => Some(format!("#{id} client gone before the response")),
        Outcome::Cut(why) => {
            Some(format!("#{id} cut: {}", text::printable(why.as_bytes())))
        }
    }
}

/// Whose fault a traceback or hint is about: `GET /zero`.
pub(super) fn request_line(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let line = format!("{} {}", request.method(), request.target());
    text::printable(line.trim_end().as_bytes())
}

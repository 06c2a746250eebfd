//! An exchange as one line.
//!
//! Fields have no spaces in them but the last ones, and one space or more between them,
//! so that both people and `awk` can read them.

use jiff::tz::TimeZone;

use crate::exchange::{Outcome, Source};
use crate::history::database::Summary;
use crate::history::extent;
use crate::text;

/// How lines are made.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) zone: TimeZone,
    /// The columns of the terminal that they have to fit in.
    pub(super) columns: Option<usize>,
}

/// The line of an exchange, without its end.
pub(super) fn line(summary: &Summary, style: &Style) -> String {
    let began = summary.began.to_zoned(style.zone.clone());
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let generation = summary.generation.map(|generation| format!("g{generation}"));
    let status = summary.status.map(|status| status.to_string());
    let duration =
        summary.duration.map(|duration| text::duration(duration.as_secs_f64()));
    let size = text::byte_count(summary.response_body.total);
    let line = format!(
        "{:<8} {} {:<4} {:<7} {:<3} {:<16} {:>7} {:>7} {}{}",
        summary.id.to_string(),
        began.strftime("%Y-%m-%d %H:%M:%S%.3f"),
        or_dash(generation),
        field(&summary.method),
        or_dash(status),
        summary.media_type.as_deref().map_or_else(|| "-".to_owned(), field),
        size.replace(' ', ""),
        or_dash(duration).replace(' ', ""),
        target(summary),
        remarks(summary),
    );
    match style.columns {
        Some(columns) => text::clip(&text::expand_tabs(&line), columns),
        None => line.replace('\t', "\\t"),
    }
}

/// Text from outside as one field.
fn field(text: &str) -> String {
    text::printable(text.as_bytes()).replace([' ', '\t'], "_")
}

fn target(summary: &Summary) -> String {
    let query = summary.query.as_ref().map(|query| format!("?{query}"));
    let target = format!("{}{}", summary.path, query.unwrap_or_default());
    if target.is_empty() { "-".to_owned() } else { field(&target) }
}

/// What went otherwise than usual.
fn remarks(summary: &Summary) -> String {
    let mut remarks = Vec::new();
    match summary.source {
        Source::Client => {}
        Source::Replay(of) => remarks.push(format!("replay of {}.{of}", summary.id.run)),
        Source::Pin(of) => {
            remarks.push(format!("for the pin of {}.{of}", summary.id.run));
        }
    }
    match &summary.outcome {
        Some(Outcome::Complete) => {}
        Some(Outcome::ClientGone) => remarks.push("client gone".to_owned()),
        Some(Outcome::Refused) => remarks.push("refused".to_owned()),
        Some(Outcome::Cut(why)) => remarks.push(format!("cut: {why}")),
        None => remarks.push("not ended".to_owned()),
    }
    for (name, size) in
        [("request", summary.request_body), ("response", summary.response_body)]
    {
        let extent = extent(size);
        remarks.extend(extent.map(|extent| format!("{name}'s body: {extent}")));
    }
    if summary.remark.pinned {
        remarks.push("pinned".to_owned());
    }
    if summary.remark.marked {
        remarks.push("marked".to_owned());
    }
    if let Some(comment) = &summary.remark.comment {
        remarks.push(format!("; {comment}"));
    }
    if let Some(error) = &summary.error {
        remarks.push(error.clone());
    }
    if summary.hints > 0 {
        let plural = if summary.hints == 1 { "" } else { "s" };
        remarks.push(format!("{} hint{plural}", summary.hints));
    }
    remarks.iter().fold(String::new(), |line, remark| {
        line + "  " + &text::printable(remark.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::exchange::{Cut, ExchangeId, GenerationId, Remark, Size};
    use crate::history::database::{Place, RecordId, RunId};

    fn plain(summary: &Summary) -> String {
        line(summary, &Style { zone: TimeZone::UTC, columns: None })
    }

    fn summary() -> Summary {
        Summary {
            id: RecordId { run: RunId(7), number: ExchangeId(42) },
            place: Place(1_800_000_000_123_456),
            began: Timestamp::from_microsecond(1_800_000_000_123_456).unwrap(),
            source: Source::Client,
            client: String::new(),
            method: "GET".to_owned(),
            host: None,
            path: "/a".to_owned(),
            query: Some("b=c d".to_owned()),
            status: Some(200),
            media_type: Some("text/html".to_owned()),
            request_body: Size::default(),
            response_body: Size::whole(2100),
            generation: Some(GenerationId(3)),
            duration: Some(SignedDuration::from_micros(4100)),
            outcome: Some(Outcome::Complete),
            error: None,
            hints: 0,
            remark: Remark::default(),
        }
    }

    #[test]
    fn fields_stand_below_each_other() {
        insta::assert_snapshot!(plain(&summary()), @r#"7.42     2027-01-15 08:00:00.123 g3   GET     200 text/html          2.1kB   4.1ms /a?b=c_d"#);
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_what_went_wrong_is_said() {
        let summary = Summary {
            method: "-".to_owned(),
            path: String::new(),
            query: None,
            status: None,
            media_type: None,
            generation: None,
            duration: None,
            source: Source::Replay(ExchangeId(3)),
            response_body: Size {
                total: 25_000_000,
                kept: 10_000_000,
                cut: Some(Cut::Long),
            },
            outcome: Some(Outcome::Cut("it\u{1b}[31m died".to_owned())),
            error: Some("KeyError: 'x'".to_owned()),
            hints: 2,
            remark: Remark {
                marked: true,
                pinned: true,
                comment: Some("ask\u{7} Ada".to_owned()),
            },
            ..summary()
        };
        insta::assert_snapshot!(plain(&summary), @r#"7.42     2027-01-15 08:00:00.123 -    -       -   -                   25MB       - -  replay of 7.3  cut: it\x1b[31m died  response's body: 10 MB of 25 MB kept: longer than bodies are kept  pinned  marked  ; ask\x07 Ada  KeyError: 'x'  2 hints"#);
    }

    #[test]
    fn a_line_fits_its_terminal_and_has_no_tab_elsewhere() {
        let summary =
            Summary { path: "/x\ty".to_owned(), method: "G\tT".to_owned(), ..summary() };
        assert!(!plain(&summary).contains('\t'));
        let style = Style { zone: TimeZone::UTC, columns: Some(40) };
        assert_eq!(text::width(&line(&summary, &style)), 40);
    }
}

//! A filter evaluated over an exchange. What has to be worked out, such as the text of a
//! body, is worked out once and only when it is asked for.

use std::cell::OnceCell;

use regex::bytes::Regex;

use crate::body::{Reading, Unpacking, essence, read, unescaped};
use crate::exchange::{Body, Exchange, Outcome, Source};
use crate::http::{Headers, RequestHead, ResponseHead};
use crate::text::readable_address;

use super::super::database::RunId;
use super::condition::{
    Condition, Expression, Flag, NumberField, Range, Side, TextField,
};

/// An exchange, and what was found out about it.
pub(super) struct Facts<'a> {
    exchange: &'a Exchange,
    /// The run it is of, where that is known.
    run: Option<RunId>,
    request_body: OnceCell<Reading<'a>>,
    response_body: OnceCell<Reading<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(exchange: &'a Exchange, run: Option<RunId>) -> Self {
        Self {
            exchange,
            run,
            request_body: OnceCell::new(),
            response_body: OnceCell::new(),
        }
    }

    /// Whether the expression is true of it.
    pub(super) fn meet(&self, expression: &Expression) -> bool {
        match expression {
            Expression::All(parts) => parts.iter().all(|part| self.meet(part)),
            Expression::Any(parts) => parts.iter().any(|part| self.meet(part)),
            Expression::Not(part) => !self.meet(part),
            Expression::Is(condition) => self.is(condition),
        }
    }

    fn is(&self, condition: &Condition) -> bool {
        let exchange = self.exchange;
        match condition {
            Condition::Text(field, pattern) => {
                let reads = field.is_encoded() && pattern.may_go_beyond_ascii();
                self.text(*field).is_some_and(|text| {
                    pattern.meets(&text)
                        || reads && pattern.meets(&readable_address(&text))
                })
            }
            Condition::Number(field, range) => self.is_in(*field, *range),
            Condition::Flag(flag) => self.has(*flag),
            Condition::ReplayOf(number) => {
                exchange.source.original().is_some_and(|of| of.0 == *number)
            }
            Condition::Header { side, name, value } => {
                self.has_header(*side, name.as_deref(), value.as_ref())
            }
            Condition::Body(side, regex) => self.body_has(*side, regex),
            Condition::Traceback(regex) => exchange
                .traceback
                .as_ref()
                .is_some_and(|traceback| regex.is_match(traceback.text.as_bytes())),
            Condition::Output(regex) => {
                exchange.output.iter().any(|line| regex.is_match(&line.text))
            }
        }
    }

    fn request_head(&self) -> Option<&'a RequestHead> {
        self.exchange.request.head.as_ref()
    }

    fn response_head(&self) -> Option<&'a ResponseHead> {
        self.exchange.response.as_ref().map(|response| &response.head)
    }

    /// As the database has it; `None` where it has none.
    fn text(&self, field: TextField) -> Option<String> {
        let head = self.request_head();
        let media_type = |headers: &Headers| {
            let essence = essence(headers.get("content-type")?);
            (!essence.is_empty()).then_some(essence)
        };
        let target = head.map_or("", RequestHead::origin);
        let (path, query) = target
            .split_once('?')
            .map_or((target, None), |(path, query)| (path, Some(query)));
        let path = if path.is_empty() && head.is_some() { "/" } else { path };
        match field {
            TextField::Method => Some(self.exchange.request.method().to_owned()),
            TextField::Host => head?.host(),
            TextField::Path => Some(path.to_owned()),
            TextField::Query => query.map(str::to_owned),
            TextField::Url => {
                let host = head.and_then(RequestHead::host).unwrap_or_default();
                let query = query.map_or_else(String::new, |query| format!("?{query}"));
                Some(format!("{host}{path}{query}"))
            }
            TextField::Line => {
                let url = self.text(TextField::Url)?;
                Some(format!("{} {url}", self.exchange.request.method()))
            }
            TextField::Client => Some(self.exchange.client.clone()),
            TextField::Comment => self.exchange.remark.comment.clone(),
            TextField::RequestType => media_type(&head?.headers),
            TextField::ResponseType => media_type(&self.response_head()?.headers),
        }
    }

    fn is_in(&self, field: NumberField, range: Range) -> bool {
        let exchange = self.exchange;
        let number = match field {
            NumberField::Status => {
                self.response_head().map(|head| i64::from(head.status))
            }
            NumberField::Duration => exchange.ended.map(|ended| {
                ended.as_microsecond().saturating_sub(exchange.began.as_microsecond())
            }),
            NumberField::RequestSize => i64::try_from(exchange.request_body.total).ok(),
            NumberField::ResponseSize => i64::try_from(exchange.response_body.total).ok(),
            NumberField::Generation => exchange.generation.map(|id| i64::from(id.0)),
            NumberField::Number => i64::try_from(exchange.id.0).ok(),
            NumberField::Run => self.run.map(|run| i64::from(run.0)),
            NumberField::Began => Some(exchange.began.as_microsecond()),
        };
        number.is_some_and(|number| range.contains(number))
    }

    fn has(&self, flag: Flag) -> bool {
        let exchange = self.exchange;
        let outcome = exchange.outcome.as_ref();
        match flag {
            Flag::Raised => exchange.traceback.is_some(),
            Flag::Hinted => !exchange.hints.is_empty(),
            Flag::Printed => !exchange.output.is_empty(),
            Flag::Answered => exchange.response.is_some(),
            Flag::Unanswered => exchange.response.is_none(),
            Flag::HasQuery => self.text(TextField::Query).is_some(),
            Flag::HasRequestBody => exchange.request_body.total > 0,
            Flag::HasResponseBody => exchange.response_body.total > 0,
            Flag::CutBody => {
                !exchange.request_body.is_whole() || !exchange.response_body.is_whole()
            }
            Flag::FromClient => exchange.source == Source::Client,
            Flag::Replayed => matches!(exchange.source, Source::Replay(_)),
            Flag::FromPin => matches!(exchange.source, Source::Pin(_)),
            Flag::InFlight => outcome.is_none(),
            Flag::Complete => outcome == Some(&Outcome::Complete),
            Flag::ClientGone => outcome == Some(&Outcome::ClientGone),
            Flag::Refused => outcome == Some(&Outcome::Refused),
            Flag::Cut => matches!(outcome, Some(Outcome::Cut(_))),
            Flag::Marked => exchange.remark.marked,
            Flag::Pinned => exchange.remark.pinned,
            Flag::Commented => exchange.remark.comment.is_some(),
        }
    }

    fn has_header(&self, side: Side, name: Option<&str>, value: Option<&Regex>) -> bool {
        let request = self.request_head().map(|head| &head.headers);
        let response = self.response_head().map(|head| &head.headers);
        let request = request.filter(|_| side.has_request());
        let response = response.filter(|_| side.has_response());
        request.into_iter().chain(response).any(|headers| is_there(headers, name, value))
    }

    fn body_has(&self, side: Side, regex: &Regex) -> bool {
        let exchange = self.exchange;
        let found =
            |cell: &OnceCell<Reading<'a>>, body: &'a Body, headers: Option<&Headers>| {
                if body.kept.is_empty() {
                    return false;
                }
                let reading =
                    cell.get_or_init(|| read(&body.kept, headers, Unpacking::USUAL));
                is_found(regex, &reading.content)
            };
        let request = || {
            let headers = self.request_head().map(|head| &head.headers);
            found(&self.request_body, &exchange.request_body, headers)
        };
        let response = || {
            let headers = self.response_head().map(|head| &head.headers);
            found(&self.response_body, &exchange.response_body, headers)
        };
        side.has_request() && request() || side.has_response() && response()
    }
}

/// Whether the expression is found in a decoded body, as it is or where characters stand in
/// place of their escapes in JSON.
pub(in crate::history) fn is_found(regex: &Regex, content: &[u8]) -> bool {
    regex.is_match(content)
        || unescaped(content, |_| true).is_some_and(|text| regex.is_match(&text))
}

/// Whether there is a field of that name, where one is given, with a value in which the
/// expression is found; without a name, a line in which it is.
pub(in crate::history) fn is_there(
    headers: &Headers,
    name: Option<&str>,
    value: Option<&Regex>,
) -> bool {
    headers.0.iter().any(|field| match (name, value) {
        (Some(name), value) => {
            field.name.eq_ignore_ascii_case(name)
                && value.is_none_or(|value| value.is_match(&field.value))
        }
        (None, value) => {
            let line = [field.name.as_bytes(), b": ", &field.value].concat();
            value.is_none_or(|value| value.is_match(&line))
        }
    })
}

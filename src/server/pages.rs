//! What the server answers in the application's stead: refusals, tracebacks, deaths.
//!
//! Invariant: everything that comes from outside is escaped, for HTML in pages and for
//! terminals in plain text, since that is where curl prints it.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::exchange::{GenerationId, Hint, Raised, Traceback};
use crate::http::{Headers, RequestHead, ResponseHead, reason_phrase};
use crate::text::printable_lines;

const TEMPLATE: &str = include_str!("../../assets/error.html");

/// A page and its status.
#[derive(Debug)]
pub(super) struct Page {
    status: u16,
    title: String,
    traceback: Option<Arc<Traceback>>,
    hints: Vec<Arc<Hint>>,
    generation: Option<GenerationId>,
    /// What there is to say below the title.
    remark: Option<String>,
    /// After how many seconds it may go better.
    retry_after: Option<u32>,
}

/// When a request that waited in vain may be sent again, in seconds.
const RETRY_AFTER: u32 = 5;

impl Page {
    /// The import of the application failed.
    pub(super) fn import_failed(
        generation: GenerationId,
        traceback: Arc<Traceback>,
    ) -> Self {
        Self {
            status: 500,
            title: "The application could not be imported".to_owned(),
            traceback: Some(traceback),
            hints: Vec::new(),
            generation: Some(generation),
            remark: None,
            retry_after: None,
        }
    }

    /// The application raised, or broke WSGI, before it answered.
    pub(super) fn failed(
        generation: Option<GenerationId>,
        traceback: Option<Arc<Traceback>>,
        hints: Vec<Arc<Hint>>,
    ) -> Self {
        let title = match (&traceback, hints.first()) {
            (Some(_), _) => "The application raised an exception",
            (None, Some(_)) => "The application broke WSGI",
            (None, None) => "The application failed",
        };
        let title = title.to_owned();
        Self {
            status: 500,
            title,
            traceback,
            hints,
            generation,
            remark: None,
            retry_after: None,
        }
    }

    /// The process that worked on the request is gone.
    pub(super) fn died(
        generation: Option<GenerationId>,
        how: &str,
        traceback: Option<Arc<Traceback>>,
    ) -> Self {
        let title = format!("The application's process {how} while answering");
        Self {
            status: 502,
            title,
            traceback,
            hints: Vec::new(),
            generation,
            remark: None,
            retry_after: None,
        }
    }

    /// No generation was there in time.
    pub(super) fn held_too_long(
        limit: Duration,
        what: &str,
        stack: Option<Arc<Traceback>>,
    ) -> Self {
        let seconds = limit.as_secs_f64();
        let title = format!("The new code was not there within {seconds} s");
        Self {
            status: 503,
            title,
            traceback: stack,
            hints: Vec::new(),
            generation: None,
            remark: Some(format!("At the end {what}.")),
            retry_after: Some(RETRY_AFTER),
        }
    }

    /// The request was ended before the application had answered it.
    pub(super) fn ended(
        generation: Option<GenerationId>,
        why: String,
        traceback: Option<Arc<Traceback>>,
    ) -> Self {
        Self {
            status: 504,
            title: why,
            traceback,
            hints: Vec::new(),
            generation,
            remark: None,
            retry_after: None,
        }
    }

    /// Head and body, for browsers as HTML and for everybody else as text.
    pub(super) fn render(&self, request: &RequestHead) -> (ResponseHead, Vec<u8>) {
        let html = wants_html(request);
        let body = if html { self.html() } else { self.text() };
        let kind = if html { "text/html; charset=utf-8" } else { TEXT };
        let mut head = head(self.status, kind, body.len());
        if let Some(seconds) = self.retry_after {
            head.headers.push("Retry-After", seconds.to_string());
        }
        (head, body.into_bytes())
    }

    /// For clients that may not see why: another machine's.
    pub(super) fn withheld(&self) -> (ResponseHead, Vec<u8>) {
        refusal(self.status, WITHHELD)
    }

    fn text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        if let Some(remark) = &self.remark {
            let _infallible = write!(out, "\n{remark}\n");
        }
        for hint in &self.hints {
            let _infallible = write!(out, "\n{}\n{}\n", hint.problem, hint.mend);
        }
        if let Some(traceback) = &self.traceback {
            let _infallible = write!(out, "\n{}", traceback.text);
        }
        if let Some(generation) = self.generation {
            let _infallible = write!(out, "\n(rdev, generation {generation})\n");
        }
        printable_lines(&out)
    }

    fn html(&self) -> String {
        let mut body = String::new();
        if let Some(remark) = &self.remark {
            let _infallible = write!(body, "<p>{}</p>", escape(remark));
        }
        for hint in &self.hints {
            let (problem, mend) = (escape(&hint.problem), escape(&hint.mend));
            let _infallible = write!(body, "<p>{problem}</p><p><b>{mend}</b></p>");
        }
        if let Some(traceback) = &self.traceback {
            frames(&mut body, traceback);
            let text = escape(&traceback.text);
            let _infallible = write!(body, "<pre>{text}</pre>");
        }
        let generation = self.generation.map_or_else(|| "–".into(), |id| id.to_string());
        // The body goes in last: what it holds is not looked through for placeholders.
        TEMPLATE
            .replace("{title}", &escape(&self.title))
            .replace("{generation}", &generation)
            .replacen("{body}", &body, 1)
    }
}

/// Names no option: whoever reads this is not who could give it.
const WITHHELD: &str = "The application failed to answer. Why is shown where it runs, and \
                        to clients on that machine.";

const TEXT: &str = "text/plain; charset=utf-8";

/// Each exception of the chain with its frames, the raised one on top and the innermost
/// call first: what is looked for most stands first.
fn frames(out: &mut String, traceback: &Traceback) {
    let raised = traceback.chain.iter().rev().flat_map(Raised::with_members);
    for raised in raised {
        let message = escape(&raised.message);
        let separator = if raised.kind.is_empty() { "" } else { ": " };
        let kind = escape(&raised.kind);
        let _infallible = write!(out, "<p><b>{kind}</b>{separator}{message}</p><ol>");
        for frame in raised.frames.iter().rev() {
            let class = if frame.own { "own" } else { "library" };
            let (file, function) = (escape(&frame.file), escape(&frame.function));
            let source = escape(&frame.source);
            let _infallible = write!(
                out,
                "<li class={class}>{file}:{} in {function}<code>{source}</code></li>",
                frame.line
            );
        }
        out.push_str("</ol>");
    }
}

/// The text that refuses a request which never reaches the application.
pub(super) fn refusal(status: u16, text: &str) -> (ResponseHead, Vec<u8>) {
    let body = format!("{text}\n").into_bytes();
    (head(status, TEXT, body.len()), body)
}

fn head(status: u16, kind: &str, length: usize) -> ResponseHead {
    let mut headers = Headers::default();
    headers.push("Content-Type", kind);
    headers.push("Content-Length", length.to_string());
    headers.push("Cache-Control", "no-store");
    // A page may show what a client sent; it must never be taken for another type.
    headers.push("X-Content-Type-Options", "nosniff");
    ResponseHead { status, reason: reason_phrase(status).into(), headers }
}

/// Browsers ask for HTML by name; `*/*` alone is not asking.
fn wants_html(request: &RequestHead) -> bool {
    request.headers.all("accept").any(|value| {
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        value.contains("text/html")
    })
}

/// Text for HTML, with what could deceive the reader made visible as in a terminal.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in printable_lines(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Frame, Link};
    use crate::http::Version;

    fn request(accept: &str) -> RequestHead {
        let mut headers = Headers::default();
        headers.push("Accept", accept);
        RequestHead {
            method: "GET".into(),
            target: "/".into(),
            version: Version::Http11,
            headers,
        }
    }

    fn page() -> Page {
        let frame = Frame {
            file: "<b>.py".into(),
            line: 3,
            function: "f".into(),
            source: "{body}<script>".into(),
            own: true,
        };
        let raised = Raised {
            kind: "ValueError".into(),
            message: "<script>\x1b[2J".into(),
            frames: vec![frame],
            link: Link::First,
            members: Vec::new(),
        };
        let text = "ValueError: <script>\x1b[2J\n".into();
        let traceback = Traceback { chain: vec![raised], text };
        Page::failed(Some(GenerationId(2)), Some(Arc::new(traceback)), Vec::new())
    }

    #[test]
    fn browsers_get_html_in_which_everything_is_escaped() {
        let (head, body) = page().render(&request("text/html,*/*"));
        let body = String::from_utf8(body).unwrap();
        assert_eq!(
            head.headers.text("content-type").unwrap(),
            "text/html; charset=utf-8"
        );
        assert!(!body.contains("<script>"), "{body}");
        assert!(body.contains("&lt;b&gt;.py:3 in f"), "{body}");
        assert!(body.contains("{body}&lt;script&gt;"), "{body}");
        assert!(body.contains("generation 2"), "{body}");
    }

    #[test]
    fn clients_elsewhere_learn_that_it_failed_and_nothing_more() {
        let (head, body) = page().withheld();
        let body = String::from_utf8(body).unwrap();
        assert_eq!(
            (head.status, head.headers.text("content-type").unwrap()),
            (500, TEXT.into())
        );
        for secret in ["ValueError", "script", ".py", "generation"] {
            assert!(!body.contains(secret), "{body}");
        }
    }

    #[test]
    fn everybody_else_gets_text_that_is_safe_in_a_terminal() {
        let (head, body) = page().render(&request("*/*"));
        let body = String::from_utf8(body).unwrap();
        assert_eq!(head.headers.text("content-type").unwrap(), TEXT);
        assert!(body.contains("ValueError: <script>\\x1b[2J"), "{body}");
    }
}

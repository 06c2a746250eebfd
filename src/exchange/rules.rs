//! The one table of what WSGI and HTTP ask of an application: the checks in `python/`
//! make hints of it, README.md shows it, and the tests ask one application per row.
//!
//! It has every check of `wsgiref.validate` and of werkzeug's lint middleware that
//! concerns the application, but for these, which PEP 3333 or HTTP do not ask for:
//!
//! - That `read()` takes exactly one argument, and `readline()` none, were rules of
//!   PEP 333; PEP 3333 has both sizes optional.
//! - That `Location` is absolute and that a 204 says `Content-Length: 0` were rules of
//!   RFC 2616; RFC 9110 (sections 10.2.2 and 8.6) has the opposite.
//! - That a 304 never has `Last-Modified`: RFC 9110 section 15.4.5 names it as of use where
//!   there is no `ETag`. With one it is a breach here, too.
//! - That an answer without content, a redirect for one, has a `Content-Type`: PEP 3333
//!   asks for none, and RFC 9110 section 8.3 where there is content alone.
//! - That an answer to HEAD has as many bytes as its `Content-Length` says: RFC 9110
//!   section 9.3.2 has it say what the answer to GET would have.
//! - That `wsgi.errors` is given `str` itself: PEP 3333 has it a text stream, and those
//!   take what is derived from `str`.

use super::{Deed, Hint};

/// What becomes of an answer that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent all the same, as far as HTTP allows.
    Sent,
    /// The call fails: an exception where there is a call of the application's to raise
    /// it in, else a page in its stead.
    Refused,
}

/// A rule for applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A name for people and tests to refer to it by.
    pub id: &'static str,
    pub verdict: Verdict,
    /// What is asked.
    pub demand: &'static str,
    /// Where that is written.
    pub clause: &'static str,
    /// What to do about a breach.
    pub mend: &'static str,
}

impl Rule {
    /// The hint for a breach; `what` says what the application did.
    pub fn broken(&self, what: impl Into<Deed>) -> Hint {
        let what = what.into();
        let (what, quoted) = what.told();
        let problem = format!("{what}; {} ({})", self.demand, self.clause);
        Hint { problem, mend: self.mend.to_owned(), quoted }
    }

    /// The same where what was found tells a better mend.
    pub fn broken_with_mend(&self, what: impl Into<Deed>, mend: &str) -> Hint {
        Hint { mend: mend.to_owned(), ..self.broken(what) }
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal, $verdict:ident, $clause:literal,
        $demand:literal, $mend:literal;)*) => {
        $(pub const $name: Rule = Rule {
            id: $id,
            verdict: Verdict::$verdict,
            demand: $demand,
            clause: $clause,
            mend: $mend,
        };)*
        /// All of them, in the order of a call.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    STARTED_BY_NAME = "started-by-name", Sent, "PEP 3333, start_response()",
        "start_response takes its arguments by position",
        "call start_response(status, headers) or (status, headers, exc_info)";
    STARTED_TWICE = "started-twice", Refused, "PEP 3333, start_response()",
        "a second call needs exc_info",
        "call it once, or hand sys.exc_info() to the second call";
    EXC_INFO = "exc-info", Refused, "PEP 3333, start_response()",
        "exc_info is what sys.exc_info() returns: class, exception, traceback",
        "hand on sys.exc_info() as it is";
    EXC_INFO_EMPTY = "exc-info-empty", Sent, "PEP 3333, start_response()",
        "exc_info is of an exception that is being handled; it was taken for none",
        "call sys.exc_info() within the except clause, or leave it out";
    STATUS_TYPE = "status-type", Refused, "PEP 3333, A Note on String Types",
        "the status is str",
        "give text, like '200 OK'";
    STATUS_FORM = "status-form", Refused, "PEP 3333, start_response()",
        "the status is three digits from 200 on, a space and a reason without control characters",
        "give one like '404 Not Found'; 1xx answers are the server's";
    STRING_SUBCLASS = "string-subclass", Sent, "PEP 3333, A Note on String Types",
        "the status and the names and values of headers are of the type str itself",
        "give plain str: str(value)";
    TAB = "tab", Sent, "PEP 3333, start_response()",
        "the status and the values of headers have no control characters, and a tab is one",
        "put a space in its place";
    STATUS_REASON = "status-reason", Sent, "PEP 3333, start_response()",
        "a space and a reason follow the digits of the status",
        "add them: '200 OK', not '200'";
    HEADERS_LIST = "headers-list", Refused, "PEP 3333, start_response()",
        "the headers are a list of (name, value) tuples",
        "give a list: list(headers.items())";
    HEADERS_SUBCLASS = "headers-subclass", Sent, "PEP 3333, start_response()",
        "type(headers) is list",
        "give a plain list: list(headers)";
    HEADER_PAIR = "header-pair", Refused, "PEP 3333, start_response()",
        "each header is a tuple (name, value)",
        "give tuples of two: ('Content-Type', 'text/plain')";
    TUPLE_SUBCLASS = "tuple-subclass", Sent, "PEP 3333, start_response()",
        "each header, and exc_info, is a plain tuple",
        "give tuple(header)";
    HEADER_TYPE = "header-type", Refused, "PEP 3333, A Note on String Types",
        "names and values of headers are str of latin-1 characters",
        "convert numbers and bytes to str; quote other characters, with urllib.parse.quote for one";
    HEADER_NAME = "header-name", Refused, "RFC 9110 section 5.1",
        "a header's name is letters, digits and a few signs, without colon or space",
        "give the name alone: 'Content-Type'";
    HEADER_NAME_ENDING = "header-name-ending", Sent, "PEP 3333, start_response()",
        "a header's name begins with a letter, has letters, digits, - and _, and ends without punctuation",
        "give it a name like X-Request-Id";
    HEADER_VALUE = "header-value", Refused, "PEP 3333, start_response()",
        "a header's value has no line ends or other control characters",
        "leave them out; give several values as several headers";
    HEADERS_SIZE = "headers-size", Refused, "RFC 9110 section 5.4",
        "headers beyond 16 MiB are taken by no client",
        "put large data into the body";
    STATUS_HEADER = "status-header", Sent, "RFC 3875 section 6.3.3",
        "Status is for CGI; the status is not given as a header",
        "give it as start_response's first argument alone";
    HOP_BY_HOP = "hop-by-hop", Refused, "PEP 3333, Other HTTP Features",
        "headers about the connection are the server's",
        "leave it out";
    CONNECTION_CLOSE = "connection-close", Sent, "PEP 3333, Other HTTP Features",
        "headers about the connection are the server's; it was closed as wished",
        "leave it out: the connection costs the application nothing";
    LENGTH_FORM = "length-form", Refused, "RFC 9110 section 8.6",
        "Content-Length is said once, in digits, below 2 to the power of 64",
        "leave it out, or give str(len(body)) once";
    LENGTH_OF_NOTHING = "length-of-nothing", Sent, "RFC 9110 section 8.6",
        "a 204 has no Content-Length",
        "leave it out";
    TYPE_MISSING = "type-missing", Sent, "RFC 9110 section 8.3",
        "an answer with a body names its Content-Type",
        "add ('Content-Type', 'text/html; charset=utf-8'), or what it is";
    TYPE_OF_NOTHING = "type-of-nothing", Sent, "RFC 9110 section 6.4.1",
        "an answer that has no body has no Content-Type",
        "leave it out of 204 and 304";
    UNCHANGED_METADATA = "unchanged-metadata", Sent, "RFC 9110 section 15.4.5",
        "a 304 repeats only what guides the client's cache",
        "leave out what describes the body; keep Cache-Control, Content-Location, Date, ETag, Expires, Vary";
    ETAG_FORM = "etag-form", Sent, "RFC 9110 section 8.8.3",
        "an ETag stands in double quotes, with W/ before it if it is weak",
        "quote it: '\"v1\"' or 'W/\"v1\"'";
    LOCATION_FORM = "location-form", Sent, "RFC 9110 section 10.2.2",
        "Location is an address of ASCII without spaces",
        "quote it, for example with urllib.parse.quote";
    TRAPPED = "trapped", Sent, "PEP 3333, start_response()",
        "what start_response raises when it is given exc_info and output has begun is not trapped; the body was ended as if it were whole",
        "let it through: the connection is cut, so that the client can tell";
    NEVER_STARTED = "never-started", Refused, "PEP 3333, start_response()",
        "start_response is called before the first block is given",
        "call start_response(status, headers) first";
    STARTED_LATE = "started-late", Sent, "PEP 3333, start_response()",
        "start_response is called before the first block is given, an empty one too",
        "call it before the first yield";
    NOT_ITERABLE = "not-iterable", Refused, "PEP 3333, Specification Overview",
        "an application returns an iterable of bytes",
        "return a list of bytes: return [body]";
    BARE_STRING = "bare-string", Sent, "PEP 3333, Specification Overview",
        "an application returns an iterable of bytes, not a string itself",
        "put it into a list: return [body]";
    BLOCK_TYPE = "block-type", Refused, "PEP 3333, A Note on String Types",
        "WSGI in Python 3 takes blocks of bytes only",
        "give blocks of bytes, and an empty list where there is no body";
    BLOCK_SUBCLASS = "block-subclass", Sent, "PEP 3333, A Note on String Types",
        "type(block) is bytes",
        "give plain bytes: bytes(block)";
    WRITE_TYPE = "write-type", Refused, "PEP 3333, The write() Callable",
        "write() takes bytes",
        "encode it: text.encode()";
    WRITE_LATE = "write-late", Sent, "PEP 3333, The write() Callable",
        "write() comes before the iterable; the body had ended, this was not sent",
        "put it into the iterable, or write it before you return";
    TOO_LONG = "too-long", Sent, "PEP 3333, Handling the Content-Length Header",
        "a body is no longer than its Content-Length; the rest was not sent",
        "leave Content-Length out, or count bytes, not characters";
    TOO_SHORT = "too-short", Sent, "PEP 3333, Handling the Content-Length Header",
        "a body is as long as its Content-Length; the connection was closed",
        "leave Content-Length out, or count bytes, not characters";
    BODY_OF_NOTHING = "body-of-nothing", Sent, "RFC 9110 section 6.4.1",
        "204 and 304 have no body; it was not sent",
        "return an empty list, or give another status";
    BODY_OF_RESET = "body-of-reset", Sent, "RFC 9110 section 15.3.6",
        "a 205 has no body; it was not sent",
        "return an empty list, or give another status";
    INPUT_CLOSED = "input-closed", Sent, "PEP 3333, Input and Error Streams",
        "wsgi.input is not the application's to close",
        "leave it open; nothing has to be closed";
    ERRORS_CLOSED = "errors-closed", Sent, "PEP 3333, Input and Error Streams",
        "wsgi.errors is not the application's to close",
        "leave it open; flush() is enough";
    ERRORS_TYPE = "errors-type", Refused, "PEP 3333, Input and Error Streams",
        "wsgi.errors takes str",
        "decode it, or write repr(value)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_was_done_the_rule_its_clause_and_the_mend() {
        let hint = STATUS_TYPE.broken("the status is bytes");
        assert_eq!(
            hint.problem,
            "the status is bytes; the status is str (PEP 3333, A Note on String Types)"
        );
        assert_eq!(hint.mend, STATUS_TYPE.mend);
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }
}

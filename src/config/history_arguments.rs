//! The options about the history, as typed: of the server, and of the commands that read.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args};
use jiff::SignedDuration;

use super::history::{parse_age, parse_size};
use super::transfer::Secrets;

// The operators are those of the table in `history/filter/`, and a test compares them.
pub(super) const AFTER_HISTORY: &str = r#"It works while a server runs and while none does. Each line has, in this order:
id, day, time, generation, method, status, type, size of the response's body,
duration, target, and what went wrong. `-` stands for what is not known.

FILTER, words and conditions that all have to hold:
  method:POST             ~m   the method
  status:5xx              ~c   404, 5xx, >=400 or 400..404
  path:/api                    begins with it; without a / it contains it
  query:page=2                 what stands behind the ?
  host:localhost          ~d   the host asked for
  url:/v\d+/              ~u   host, path and query
  type:json               ~t   the response's media type
  request-type:form       ~tq  the request's media type
  dur:>200ms                   how long it took: us, ms, s, m, h
  size:>1mb                    the response's body: b, kb, mb, gb, kib, mib, gib
  request-size:>=4kib          the request's body
  age:<5m                      since the request came: s, m, h, d
  gen:12                       the generation that answered; >=12 or 3..5 too
  id:42                        the number: 42, 7.42, >=40
  run:7                        the run of rdev
  source:replay                client, replay, pin, or the number sent again
  client:127.0.0.1             the client's address
  has:error                    error, hint, output, response, query, body,
                               request-body, cut-body, comment
  is:running                   running, complete, gone, refused, cut, marked,
                               pinned
  header:x-user=42        ~h   a header, with what its value contains
  request-header:cookie   ~hq  a header of the request
  response-header:etag    ~hs  a header of the response
  body:"order id"         ~b   in either body, unpacked and decoded
  request-body:/id=\d+/   ~bq  in the request's body
  response-body:total     ~bs  in the response's body
  error:KeyError               in the traceback
  output:warning               in what was printed for it
  comment:slow                 in what you have written to it
  ~marked                      it is marked
  ~q                           there is no response
  ~s                           there is a response
A word alone is looked for in method, host, path and query. Case does not
count. A text /between slashes/ is a regular expression, one "in quotes" may
have spaces. Conditions are joined by and, or, not and parentheses, or by
& | !. The forms with ~ are mitmproxy's; there, texts are regular expressions.
@NAME stands for a filter that has that name under [views] in a configuration
file, which README.md tells of.

Exit status: 0 when something was listed, 1 when there was nothing, 2 when the
history cannot be read or the command line is wrong.

Examples:
  rdev history status:5xx 'age:<1h'
  rdev history 'method:POST path:/api not (status:2xx or status:3xx)'
  rdev history 'body:"order id" or header:x-user=42' --follow"#;

pub(super) const AFTER_SHOW: &str = "\
Without --raw, --body or --json it is printed as a transcript in the manner of curl -v.

Exit status: 0 when it was printed, 1 when there is no such exchange, 2 when the \
history cannot be read or the command line is wrong.";

/// What a server keeps, and where.
#[derive(Debug, Args)]
pub(super) struct KeepingArguments {
    /// File to keep the history in [default: one per project in the user's state folder]
    #[arg(long, value_name = "FILE", help_heading = "History")]
    pub(super) history: Option<PathBuf>,
    /// Keep the history in memory alone
    #[arg(long, conflicts_with = "history", help_heading = "History")]
    pub(super) no_history: bool,
    /// How much of it to keep on disk; the oldest goes first; 0: no limit
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "500MiB",
        help_heading = "History",
        value_parser = parse_size
    )]
    pub(super) history_size: u64,
    /// How long to keep it; 0: no limit
    #[arg(
        long,
        value_name = "AGE",
        default_value = "30d",
        help_heading = "History",
        value_parser = parse_age
    )]
    pub(super) history_age: SignedDuration,
    /// How much to keep of one body in the history; 0: no limit
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "10MiB",
        help_heading = "History",
        value_parser = parse_size
    )]
    pub(super) max_body: u64,
}

/// Which exchanges to list, and how.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// Which exchanges; all of them where there is none
    pub(super) filter: Vec<OsString>,
    /// How many at most, the newest ones; 0: all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    pub(super) last: u64,
    /// Go on with those that end from now on, until interrupted
    #[arg(short, long)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) json: JsonArguments,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Whether to print JSON.
#[derive(Debug, Args)]
pub(super) struct JsonArguments {
    /// Print all that is known as JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Leave credentials, tokens and passwords in it as they are
    #[arg(long, requires = "json")]
    include_sensitive: bool,
}

impl JsonArguments {
    /// What of the secrets to print, where JSON is asked for.
    pub(super) fn asked(&self) -> Option<Secrets> {
        self.json.then(|| Secrets::typed(self.include_sensitive))
    }
}

/// Which exchange to print, and how.
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// Its number as listed: 7.42, or 42 for one of the latest run
    pub(super) id: String,
    /// Print request and response byte for byte, less the framing of chunks
    #[arg(long, conflicts_with = "json")]
    pub(super) raw: bool,
    /// Print the response's body alone, unpacked
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    pub(super) body: bool,
    #[command(flatten)]
    pub(super) json: JsonArguments,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

//! A test for pytest: the request put to the application's own callable by werkzeug's test
//! client, or by Django's, and the answer it gave.

use std::borrow::Cow;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::body::{Kind, Unpacking, read};
use crate::config::Target;
use crate::exchange::{Exchange, Outcome, Response};

use super::super::masking::MASK;
use super::Sent;
use super::literal::{python_bytes, python_latin1, python_str};

/// Longest body of an answer that a test compares whole.
const LONGEST_EXPECTED: usize = 2000;

/// The application a test imports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub module: String,
    /// The dotted name in it, or a call with literal arguments; `None`: the first of the
    /// usual names.
    pub name: Option<String>,
    /// The folder to import from.
    pub folder: String,
    /// Whether it has Django's test client.
    pub is_django: bool,
}

impl From<Target> for Application {
    fn from(target: Target) -> Self {
        Self {
            module: target.module,
            name: target.callable,
            folder: target.app_dir.to_string_lossy().into_owned(),
            // A Django project has its tool beside it.
            is_django: target.app_dir.join("manage.py").is_file(),
        }
    }
}

/// A test that puts the request to the application and expects the same answer.
pub(super) fn test(sent: &Sent<'_>, exchange: &Exchange, of: &Application) -> String {
    let (method, target) = (docstring(sent.method), docstring(sent.target));
    let mut out = format!(
        "\"\"\"{method} {target} as it was answered.\"\"\"\n\nimport importlib\nimport sys\n\n"
    );
    let client = if of.is_django { "django.test" } else { "werkzeug.test" };
    let folder = python_str(&of.folder);
    let _infallible =
        write!(out, "from {client} import Client\n\nsys.path.insert(0, {folder})\n\n");
    out.push_str(&import(of));
    let _infallible = write!(out, "\n\ndef test_{}():\n", name(sent));
    out.push_str(&if of.is_django {
        django(sent, exchange)
    } else {
        werkzeug(sent, exchange)
    });
    // What streams has no `content`.
    let data = if of.is_django { "getvalue()" } else { "data" };
    match &exchange.response {
        Some(response) if !has_raised(exchange) => {
            out.push_str(&expectations(exchange, response, data));
        }
        _ => out.push_str("    assert response.status_code < 500\n"),
    }
    out
}

/// Whether the application raised instead of answering: the test is to fail until that is
/// mended. The page was rdev's, or that of a framework which had caught and logged it.
fn has_raised(exchange: &Exchange) -> bool {
    let timing = &exchange.timing;
    let has_none = timing.entered.is_some() && timing.started.is_none();
    let has_failed = status(exchange).is_some_and(|status| status >= 500);
    exchange.traceback.is_some() && (has_none || has_failed)
}

fn status(exchange: &Exchange) -> Option<u16> {
    Some(exchange.response.as_ref()?.head.status)
}

/// What a client asks for. Both take what begins with `//` for a host; what is encoded is
/// the same in `PATH_INFO`.
fn address(target: &str) -> Cow<'_, str> {
    match target.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}").into(),
        None => target.into(),
    }
}

/// Without a jar of its own, since that replaces the cookies of the request, if only by none.
/// What came to an end is read to its end and closed, where applications may raise as well.
fn werkzeug(sent: &Sent<'_>, exchange: &Exchange) -> String {
    let mut out = format!(
        "    client = Client(application, use_cookies=False)\n    response = client.open(\n        \
         {},\n        method={},\n        base_url={},\n        headers=[\n",
        python_str(&address(sent.target)),
        python_str(sent.method),
        python_str(&format!("http://{}/", sent.host)),
    );
    for (name, value) in sent.merged() {
        let (name, value) = (python_str(&name), python_latin1(&value));
        let _infallible = writeln!(out, "            ({name}, {value}),");
    }
    out.push_str("        ],\n");
    if !sent.body.is_empty() {
        let _infallible = writeln!(out, "        data={},", python_bytes(sent.body));
    }
    if exchange.outcome == Some(Outcome::Complete) || exchange.traceback.is_some() {
        out.push_str("        buffered=True,\n");
    }
    out + "    )\n"
}

/// Django's client takes fields as an environ has them. It leaves out the check against
/// forged requests unless that is what is to be seen, and the type of an empty body.
fn django(sent: &Sent<'_>, exchange: &Exchange) -> String {
    let is_forbidden = status(exchange) == Some(403);
    let checks = if is_forbidden { "enforce_csrf_checks=True, " } else { "" };
    let mut out = format!(
        "    client = Client({checks}raise_request_exception=False)\n    \
         response = client.generic(\n        {},\n        {},\n        {},\n        \
         content_type=\"\",\n        HTTP_HOST={},\n",
        python_str(sent.method),
        python_str(&address(sent.target)),
        python_bytes(sent.body),
        python_str(&sent.host),
    );
    let mut fields = String::new();
    for (name, value) in sent.merged() {
        let name = name.to_ascii_uppercase().replace('-', "_");
        let (name, value) = match &*name {
            "CONTENT_TYPE" => (name, python_latin1(&value)),
            _ => (format!("HTTP_{name}"), python_latin1(&value)),
        };
        let _infallible = writeln!(fields, "            {}: {value},", python_str(&name));
    }
    if !fields.is_empty() {
        let _infallible = write!(out, "        **{{\n{fields}        }},\n");
    }
    out + "    )\n"
}

/// The application under the name `application`. Its module may be a file whose name is
/// none of Python's, such as `my-app.py`.
fn import(Application { module, name, .. }: &Application) -> String {
    let module = python_str(module);
    let found = match name.as_deref() {
        Some(name) => format!("application = module.{name}\n"),
        None => "instances = (\"app\", \"application\")\n\
             factories = (\"create_app\", \"make_app\")\n\
             name = next(name for name in instances + factories if hasattr(module, name))\n\
             application = getattr(module, name)\n\
             if name in factories:\n    application = application()\n"
            .to_owned(),
    };
    format!("module = importlib.import_module({module})\n{found}")
}

fn expectations(exchange: &Exchange, response: &Response, data: &str) -> String {
    let mut out =
        format!("    assert response.status_code == {}\n", response.head.status);
    let body = &exchange.response_body;
    let reading = read(&body.kept, Some(&response.head.headers), Unpacking::USUAL);
    // A token against forged requests is another one each time, and the application does
    // not answer with what stands for a secret.
    let has = |text: &str| memchr::memmem::find(&body.kept, text.as_bytes()).is_some();
    let is_the_same_again = !has("csrf") && !has(MASK);
    let is_comparable = body.is_whole()
        && is_the_same_again
        && (1..=LONGEST_EXPECTED).contains(&body.kept.len())
        && reading.undone.is_empty()
        && reading.kind != Kind::Binary;
    if is_comparable {
        let body = python_bytes(&body.kept);
        let _infallible = writeln!(out, "    assert response.{data} == {body}");
    }
    out
}

/// `post_api_orders` of `POST /api/orders?x=1`.
fn name(sent: &Sent<'_>) -> String {
    let path = sent.target.split('?').next().unwrap_or_default();
    let words = format!("{} {path}", sent.method).to_ascii_lowercase();
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Text within the quotes of a docstring.
fn docstring(text: &str) -> String {
    let literal = python_str(text);
    literal[1..literal.len() - 1].to_owned()
}

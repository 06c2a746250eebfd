//! A test for pytest: the request put to the application's own callable by werkzeug's test
//! client, or by Django's, and the answer it gave.

use std::borrow::Cow;
use std::fmt::Write;

use crate::body::{Kind, Unpacking, read};
use crate::config::Target;
use crate::exchange::{Exchange, Response};

use super::super::masking::MASK;
use super::Sent;
use super::literal::{python_bytes, python_latin1, python_str};

/// Longest body of an answer that a test compares whole.
const LONGEST_EXPECTED: usize = 2000;

/// The application a test imports.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    let mut out =
        format!("\"\"\"{method} {target} as it was answered.\"\"\"\n\nimport sys\n\n");
    let client = if of.is_django { "django.test" } else { "werkzeug.test" };
    let folder = python_str(&of.folder);
    let _infallible =
        write!(out, "from {client} import Client\n\nsys.path.insert(0, {folder})\n\n");
    out.push_str(&import(of));
    let _infallible = write!(out, "\n\ndef test_{}():\n", name(sent));
    out.push_str(&if of.is_django { django(sent) } else { werkzeug(sent) });
    let data = if of.is_django { "content" } else { "data" };
    match &exchange.response {
        Some(response) if !has_raised(exchange) => {
            out.push_str(&expectations(exchange, response, data));
        }
        _ => out.push_str("    assert response.status_code < 500\n"),
    }
    out
}

/// Whether the application raised instead of answering: the page was rdev's, and the test
/// is to fail until that is mended.
fn has_raised(exchange: &Exchange) -> bool {
    let timing = &exchange.timing;
    exchange.traceback.is_some() && timing.entered.is_some() && timing.started.is_none()
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
fn werkzeug(sent: &Sent<'_>) -> String {
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
    out + "    )\n"
}

/// Django's client takes fields as an environ has them.
fn django(sent: &Sent<'_>) -> String {
    let kind =
        sent.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map_or_else(|| "\"\"".to_owned(), |kind| python_latin1(&kind.value));
    let mut out = format!(
        "    client = Client(raise_request_exception=False)\n    response = client.generic(\n        \
         {},\n        {},\n        {},\n        content_type={kind},\n        HTTP_HOST={},\n",
        python_str(sent.method),
        python_str(&address(sent.target)),
        python_bytes(sent.body),
        python_str(&sent.host),
    );
    let mut fields = String::new();
    for (name, value) in sent.merged() {
        let name = name.to_ascii_uppercase().replace('-', "_");
        if name == "CONTENT_TYPE" {
            continue;
        }
        let (name, value) = (python_str(&format!("HTTP_{name}")), python_latin1(&value));
        let _infallible = writeln!(fields, "            {name}: {value},");
    }
    if !fields.is_empty() {
        let _infallible = write!(out, "        **{{\n{fields}        }},\n");
    }
    out + "    )\n"
}

/// The application under the name `application`.
fn import(Application { module, name, .. }: &Application) -> String {
    match name.as_deref() {
        Some(call) if call.contains('(') => {
            let function = call.split(['(', '.']).next().unwrap_or_default();
            format!("from {module} import {function}\n\napplication = {call}\n")
        }
        Some(name) => match name.split_once('.') {
            Some((first, _)) => {
                format!("from {module} import {first}\n\napplication = {name}\n")
            }
            None if name == "application" => {
                format!("from {module} import application\n")
            }
            None => format!("from {module} import {name} as application\n"),
        },
        None => format!(
            "import {module} as module\n\n\
             names = [name for name in (\"app\", \"application\") if hasattr(module, name)]\n\
             application = getattr(module, names[0])\n"
        ),
    }
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

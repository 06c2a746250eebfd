//! A program in Python that sends the request with requests.

use std::fmt::Write;

use super::Sent;
use super::literal::{python_bytes, python_str};

/// What requests or the libraries below it add where they are not told otherwise.
const OWN: [&str; 3] = ["User-Agent", "Accept-Encoding", "Accept"];

/// A program that sends the request with requests.
pub(super) fn requests(sent: &Sent<'_>) -> String {
    let mut fields = String::new();
    for (name, value) in sent.merged() {
        let _infallible =
            writeln!(fields, "        {}: {},", python_str(&name), python_bytes(&value));
    }
    let unwanted: Vec<&str> = OWN.into_iter().filter(|name| !sent.has(name)).collect();
    for name in &unwanted {
        let none = if *name == "Accept" { "None" } else { "SKIP_HEADER" };
        let _infallible = writeln!(fields, "        \"{name}\": {none},");
    }
    let skips = unwanted.iter().any(|name| *name != "Accept");
    let mut out = "import requests\n".to_owned();
    if skips {
        out.push_str("from urllib3.util import SKIP_HEADER\n");
    }
    let _infallible = write!(
        out,
        "\nresponse = requests.request(\n    {},\n    {},\n    headers={{\n{fields}    }},\n",
        python_str(sent.method),
        python_str(&sent.url),
    );
    if !sent.body.is_empty() {
        let _infallible = writeln!(out, "    data={},", python_bytes(sent.body));
    }
    out.push_str("    allow_redirects=False,\n)\n");
    out.push_str("print(response.status_code, response.reason)\nprint(response.text)\n");
    out
}

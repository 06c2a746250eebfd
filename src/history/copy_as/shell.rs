//! Commands for a shell: curl and `HTTPie`.

use super::Sent;
use super::literal::{base64, fits_a_word, word};

/// What curl adds where it is not told otherwise.
const CURLS_OWN: [&str; 2] = ["User-Agent", "Accept"];
/// What `HTTPie` adds.
const HTTPIES_OWN: [&str; 3] = ["User-Agent", "Accept", "Accept-Encoding"];
/// Characters that `HTTPie` takes for something else where a value begins with them.
const SEPARATORS: &[u8] = b"=@:";

/// A curl command.
pub(super) fn curl(sent: &Sent<'_>) -> String {
    let mut words = vec!["curl".to_owned()];
    words.extend(["--globoff", "--path-as-is"].map(str::to_owned).into_iter().filter(
        |option| {
            // Only where they make a difference, for those who read it.
            match option.as_str() {
                "--globoff" => sent.url.contains(['[', ']', '{', '}']),
                _ => sent.target.contains("/."),
            }
        },
    ));
    words.push(word(sent.url.as_bytes()));
    if sent.is_of_the_server() {
        words.push("--request-target '*'".to_owned());
    }
    let natural = if sent.body.is_empty() { "GET" } else { "POST" };
    match sent.method {
        "HEAD" if sent.body.is_empty() => words.push("--head".to_owned()),
        method if method == natural => {}
        method => words.push(format!("-X {}", word(method.as_bytes()))),
    }
    let mut header = |line: &[u8]| words.push(format!("-H {}", word(line)));
    for field in &sent.headers {
        if field.value.is_empty() {
            header(format!("{};", field.name).as_bytes());
        } else {
            header(&[field.name.as_bytes(), b": ", &field.value].concat());
        }
    }
    let mut unwanted: Vec<&str> = CURLS_OWN.to_vec();
    if !sent.body.is_empty() {
        unwanted.push("Content-Type");
    }
    for name in unwanted.into_iter().filter(|name| !sent.has(name)) {
        header(format!("{name}:").as_bytes());
    }
    if sent.body.len() > 1 << 20 {
        // curl would ask for leave first (`--expect100-timeout`).
        header(b"Expect:");
    }
    let mut before = String::new();
    if fits_a_word(sent.body) {
        if !sent.body.is_empty() {
            words.push(format!("--data-raw {}", word(sent.body)));
        }
    } else {
        before = piped(sent.body);
        words.push("--data-binary @-".to_owned());
    }
    before + &words.join(" \\\n  ")
}

/// An `HTTPie` command.
pub(super) fn httpie(sent: &Sent<'_>) -> String {
    let mut words = vec!["http".to_owned()];
    let mut before = String::new();
    if sent.target.contains("/.") {
        words.push("--path-as-is".to_owned());
    }
    if fits_a_word(sent.body) {
        words.push("--ignore-stdin".to_owned());
        if !sent.body.is_empty() {
            // A body that begins with a hyphen would be taken for an option of its own.
            words.push(format!("--raw={}", word(sent.body)));
        }
    } else {
        before = piped(sent.body);
    }
    words.push(word(sent.method.as_bytes()));
    words.push(word(sent.url.as_bytes()));
    for field in &sent.headers {
        words.push(word(&httpie_field(field.name.as_bytes(), &field.value)));
    }
    let mut unwanted: Vec<&str> = HTTPIES_OWN.to_vec();
    if !sent.body.is_empty() {
        unwanted.push("Content-Type");
    }
    for name in unwanted.into_iter().filter(|name| !sent.has(name)) {
        words.push(format!("{name}:"));
    }
    before + &words.join(" \\\n  ")
}

fn httpie_field(name: &[u8], value: &[u8]) -> Vec<u8> {
    match value.first() {
        None => [name, b";"].concat(),
        Some(first) if SEPARATORS.contains(first) => [name, b":\\", value].concat(),
        Some(_) => [name, b":", value].concat(),
    }
}

/// The beginning of a pipe that a body comes out of.
fn piped(body: &[u8]) -> String {
    format!("printf %s {} | base64 -d | ", base64(body))
}

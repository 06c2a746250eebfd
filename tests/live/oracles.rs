//! Other people's knowledge of HTTP, taken from `PyPI` at test time: gunicorn's own corpus of
//! requests, and h11 as a second reader of ours.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use _rdev::http::{Header, Limits};
use serde_json::Value;

use crate::environment::{python, run, target, with_lock};
use crate::wire::case::cases;
use crate::wire::random::Random;
use crate::wire::stream::{End, Outcome, Request, read};

const GUNICORN: &str = "gunicorn==27.0.1";
const H11: &str = "h11==0.16.0";
/// How many connections made of the corpus h11 reads beside the corpus itself.
const MIXED: u64 = 4000;

const NO_HOST: &str = "HTTP/1.1 without Host must be refused (RFC 9112 section 3.2)";
const FOLDED: &str = "a folded line is refused, or joined by an option that rdev does not \
                      have (RFC 9112 section 5.2)";
const PROXY: &str = "the PROXY protocol is not HTTP; rdev has no proxy before it";
const CODING: &str = "a coding that is not understood, which identity is not any more, is \
                      refused, not handed on as it is (RFC 9112 section 6.1)";
const TUNNEL: &str = "CONNECT is for proxies; an origin server need not have it (RFC 9110 \
                      section 9.3.6)";
const UNDERSCORES: &str = "rdev keeps the field from the application instead of refusing \
                           the request, which CGI leaves open";

/// Cases of gunicorn's in which rdev does otherwise, each with the reason.
const DIFFERENCES: [(&str, &str); 35] = [
    ("valid/004", NO_HOST),
    ("valid/005", "a target has no fragment (RFC 9112 section 3.2)"),
    ("valid/006", NO_HOST),
    ("valid/007", NO_HOST),
    ("valid/010", NO_HOST),
    ("valid/011", NO_HOST),
    ("valid/012", NO_HOST),
    ("valid/013", NO_HOST),
    ("valid/014", NO_HOST),
    ("valid/018", NO_HOST),
    ("valid/021", NO_HOST),
    ("valid/022", NO_HOST),
    ("valid/023", NO_HOST),
    ("valid/025", CODING),
    ("valid/025_line", CODING),
    ("valid/028", "a space before the colon must be refused (RFC 9112 section 5.1)"),
    ("valid/029", CODING),
    ("valid/030", CODING),
    ("valid/031", NO_HOST),
    ("valid/031compat", "methods are case-sensitive (RFC 9110 section 9.1); no Host"),
    ("valid/031compat2", NO_HOST),
    ("valid/099", "a body shorter than its length is incomplete (RFC 9112 section 8)"),
    ("valid/100", NO_HOST),
    ("valid/compat_obs_fold", FOLDED),
    ("valid/compat_obs_fold_huge", FOLDED),
    ("valid/pp_01", PROXY),
    ("valid/pp_02", PROXY),
    ("valid/pp_04", PROXY),
    ("valid/pp_05", PROXY),
    ("valid/rfc9112_smuggle_gzip_chunked_01", CODING),
    ("valid/rfc9112_smuggle_te_identity_chunked_01", CODING),
    (
        "valid/rfc9112_target_absolute_userinfo_01",
        "a user in an http URI is an error (RFC 9110 section 4.2.4)",
    ),
    ("valid/rfc9112_target_authority_connect_01", TUNNEL),
    ("valid/rfc9112_target_authority_ipv6_01", TUNNEL),
    ("invalid/040", UNDERSCORES),
];

#[test]
fn gunicorns_corpus_ends_as_gunicorn_expects_but_where_the_rfc_says_otherwise() {
    let mut wrong = Vec::new();
    let mut unmet: Vec<&str> = DIFFERENCES.iter().map(|(name, _)| *name).collect();
    for case in gunicorns_cases() {
        let name = case["name"].as_str().unwrap();
        let bytes = unhex(&case["bytes"]);
        let reason = DIFFERENCES.iter().find(|(known, _)| *known == name);
        unmet.retain(|known| *known != name);
        match (difference(&case, &bytes), reason) {
            (None, None) => {}
            (Some(difference), None) => wrong.push(format!("{name}: {difference}")),
            (None, Some(_)) => wrong.push(format!("{name}: no difference any more")),
            // With the one thing that it lacks it is to be read as expected.
            (Some(_), Some((_, reason))) if *reason == NO_HOST => {
                let mended = difference(&case, &with_host(&bytes));
                wrong.extend(mended.map(|it| format!("{name} with a Host: {it}")));
            }
            (Some(_), Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unmet.is_empty(), "there are no such cases any more: {unmet:?}");
}

/// The same requests with a `Host` each.
fn with_host(bytes: &[u8]) -> Vec<u8> {
    let line = b" HTTP/1.1\r\n";
    let mut out = Vec::new();
    for byte in bytes {
        out.push(*byte);
        if out.ends_with(line) {
            out.extend_from_slice(b"Host: added\r\n");
        }
    }
    out
}

/// How rdev's reading differs from what gunicorn expects.
fn difference(case: &Value, bytes: &[u8]) -> Option<String> {
    let options = &case["options"];
    let found = read(limits(options), [bytes]);
    let Some(expected) = case["requests"].as_array() else {
        // Gunicorn's reader is at the end of all bytes there: what is not complete then
        // is an error, too.
        let is_refused = matches!(found.end, End::Refused(_) | End::Partial);
        return (!is_refused).then(|| format!("{} expected, {found:?}", case["error"]));
    };
    if let End::Refused(error) = &found.end
        && found.requests.len() < expected.len()
    {
        return Some(format!("{} {error}", error.status));
    }
    let same = found.requests.len() == expected.len()
        && found.requests.iter().zip(expected).all(|(ours, theirs)| {
            is_same(ours, theirs, options["header_map"] == "'dangerous'")
        });
    (!same).then(|| format!("{found:?}\nexpected {expected:?}"))
}

/// The limits that a case sets, and gunicorn's defaults of the others.
fn limits(options: &Value) -> Limits {
    let number = |name: &str| options[name].as_str().and_then(|text| text.parse().ok());
    // Its size counts the line's end, and 0 stands for its default.
    let field: usize = number("limit_request_field_size").unwrap_or(0);
    Limits {
        request_line: number("limit_request_line").unwrap_or(4094),
        fields: number("limit_request_fields").unwrap_or(100),
        field_line: if field == 0 { 8190 } else { field } - 2,
        ..Limits::default()
    }
}

fn is_same(ours: &Request, theirs: &Value, keeps_underscores: bool) -> bool {
    let head = &ours.head;
    let line = [&head.method, &head.target, head.version.text()];
    // Gunicorn's names are in capitals, and without the fields that have underscores,
    // which here the environ leaves out.
    let kept = head.headers.0.iter().filter(|header| {
        (keeps_underscores || !header.name.contains('_')) && header.value != b"added"
    });
    let ours_fields: Vec<_> =
        kept.map(|header| (header.name.to_uppercase(), latin1(&header.value))).collect();
    line == ["method", "target", "version"].map(|key| theirs[key].as_str().unwrap())
        && ours_fields == fields(theirs)
        && ours.body == unhex(&theirs["body"])
}

fn fields(request: &Value) -> Vec<(String, String)> {
    let pairs = request["headers"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn unhex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn gunicorns_cases() -> Vec<Value> {
    let folder = target().join("live-oracles/gunicorn");
    let kept = folder.join(format!("{GUNICORN}.json"));
    with_lock("live-gunicorn", || {
        if kept.exists() {
            return;
        }
        let _ = fs::remove_dir_all(&folder);
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-deps", "--no-binary", "gunicorn", GUNICORN, "--dest"]);
        run(pip.arg(&folder));
        let mut found = fs::read_dir(&folder).unwrap();
        let archive = found.next().unwrap().unwrap().path();
        let script =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/gunicorn_corpus.py");
        let mut reader = Command::new(python());
        let output = reader.arg(script).arg(&archive).arg(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        fs::write(&kept, output.stdout).unwrap();
    });
    let text = fs::read_to_string(kept).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn where_h11_and_rdev_both_see_a_request_it_is_the_same_and_ends_at_the_same_byte() {
    let corpus: Vec<Vec<u8>> = cases("valid")
        .into_iter()
        .chain(cases("invalid"))
        .map(|case| case.bytes)
        .filter(|bytes| bytes.len() < 20_000)
        .collect();
    let mut connections = corpus.clone();
    connections.extend((0..MIXED).map(|seed| mixed(&mut Random::new(seed), &corpus)));
    let theirs = read_by_h11(&connections);
    assert_eq!(theirs.len(), connections.len());
    let mut common = 0;
    for (bytes, theirs) in connections.iter().zip(&theirs) {
        let ours = read(Limits::default(), [bytes.as_slice()]);
        common += agree(bytes, &ours, theirs);
    }
    // Half of the corpus is refused by both.
    assert!(common > 1000, "only {common} requests were compared");
}

/// Two connections one behind the other, with something small between or within.
fn mixed(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let [first, second]: [&Vec<u8>; 2] = [random.pick(corpus), random.pick(corpus)];
    let mut bytes = [first.as_slice(), second].concat();
    if random.below(2) == 0 {
        let at = random.below(bytes.len());
        bytes[at] = *random.pick(b"\r\n\t \0:;0159afg,\xff");
    }
    bytes
}

/// Panics where one sees another request than the other, or ends one elsewhere. Gives how
/// many requests both saw.
fn agree(bytes: &[u8], ours: &Outcome, theirs: &Value) -> usize {
    let requests = theirs["requests"].as_array().unwrap();
    let shown = || format!("{}\n{ours:?}\n{theirs:?}", bytes.escape_ascii());
    for (our, their) in ours.requests.iter().zip(requests) {
        let line = [&our.head.method, &our.head.target];
        let same = line == ["method", "target"].map(|key| their[key].as_str().unwrap())
            && our.head.headers.0.iter().map(pair).eq(fields(their))
            && our.body == unhex(&their["body"]);
        assert!(same, "{}", shown());
    }
    // Either may refuse what the other takes, and h11 keeps no connection of HTTP/1.0. If
    // both went on, both saw the same requests.
    let went_on = !matches!(ours.end, End::Refused(_)) && theirs["end"] == "more";
    assert!(!went_on || ours.requests.len() == requests.len(), "{}", shown());
    ours.requests.len().min(requests.len())
}

fn pair(header: &Header) -> (String, String) {
    // h11 gives the values of this one in small letters.
    let is_coding = header.name.eq_ignore_ascii_case("transfer-encoding");
    let value = latin1(&header.value);
    (header.name.clone(), if is_coding { value.to_lowercase() } else { value })
}

fn read_by_h11(connections: &[Vec<u8>]) -> Vec<Value> {
    let folder = h11();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/h11_reader.py");
    let mut reader = Command::new(python())
        .arg(script)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = reader.stdin.take().unwrap();
    let hex = |byte: &u8| format!("{byte:02x}");
    let lines = connections.iter().map(|bytes| bytes.iter().map(hex).collect::<String>());
    let lines: Vec<String> = lines.collect();
    let feeder =
        thread::spawn(move || input.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = reader.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Where h11 is.
fn h11() -> PathBuf {
    let folder = target().join("live-oracles").join(H11);
    with_lock("live-h11", || {
        if folder.exists() {
            return;
        }
        let made = folder.with_extension("new");
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run(pip.args(["--no-deps", H11, "--target"]).arg(&made));
        fs::rename(made, &folder).unwrap();
    });
    folder
}

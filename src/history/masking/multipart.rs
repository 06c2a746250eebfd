//! Multipart bodies: forms with files, and whatever else is sent in parts.
//!
//! They are read as the most lenient server does: lines that end with LF alone, names in
//! whatever case and quotes, a boundary that the head does not tell.

use memchr::memmem;

use super::fields::is_secret_encoded;
use super::{MASK, address, content, form, head, words};

/// How deep parts within parts are looked through.
const DEPTH: usize = 4;

/// A body without its secrets; `None` where it has none. Of one that was cut the last part
/// is taken as far as it goes.
pub(super) fn mask(bytes: &[u8], kind: &[u8]) -> Option<Vec<u8>> {
    mask_within(bytes, kind, DEPTH)
}

fn mask_within(bytes: &[u8], kind: &[u8], depth: usize) -> Option<Vec<u8>> {
    let kind = String::from_utf8_lossy(kind);
    let told =
        parameters(&kind, "boundary").into_iter().next().filter(|told| !told.is_empty());
    let told = told.map(|boundary| [b"--", boundary.as_bytes()].concat());
    let told = told.filter(|told| memmem::find(bytes, told).is_some());
    let delimiter = told.or_else(|| first_delimiter(bytes))?;
    // It is a line of its own; one that only begins with it is of the value.
    let is_one = |mark: &usize| {
        let behind = &bytes[mark + delimiter.len()..];
        let ends = behind.first().is_none_or(u8::is_ascii_whitespace);
        (*mark == 0 || bytes[*mark - 1] == b'\n') && (ends || behind.starts_with(b"--"))
    };
    let marks = memmem::find_iter(bytes, &delimiter).filter(is_one);
    let marks: Vec<usize> = marks.collect();
    let before = &bytes[..*marks.first()?];
    let mut out = words::mask(before).unwrap_or_else(|| before.to_vec());
    for (number, &mark) in marks.iter().enumerate() {
        let end = marks.get(number + 1).copied().unwrap_or(bytes.len());
        let (mark, part) = bytes[mark..end].split_at(delimiter.len());
        out.extend_from_slice(mark);
        mask_part(part, depth, &mut out);
    }
    (out != bytes).then_some(out)
}

/// The first line that looks like one, where the head tells none that is there.
fn first_delimiter(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.find(|line| line.len() > 2 && line.starts_with(b"--")).map(<[u8]>::to_vec)
}

/// What stands behind a delimiter.
fn mask_part(part: &[u8], depth: usize, out: &mut Vec<u8>) {
    let (head, rest) = part.split_at(end_of_head(part));
    let text = String::from_utf8_lossy(head);
    let disposition = field(&text, "content-disposition").unwrap_or_default();
    // The line end before the next delimiter is of that.
    let end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| rest.ends_with(end));
    let (value, end) = rest.split_at(rest.len() - end.map_or(0, <[u8]>::len));
    out.extend(head::mask_fields(head));
    let masked = if value.is_empty() {
        None
    } else if names(&disposition).iter().any(|name| is_secret_encoded(name.as_bytes())) {
        Some(MASK.into())
    } else {
        let kind = field(&text, "content-type").unwrap_or_default();
        let is_file = !parameters(&disposition, "filename").is_empty();
        mask_value(value, &kind, is_file, depth)
    };
    out.extend_from_slice(masked.as_deref().unwrap_or(value));
    out.extend_from_slice(end);
}

fn mask_value(value: &[u8], kind: &str, is_file: bool, depth: usize) -> Option<Vec<u8>> {
    let is_plain = kind.is_empty() || kind.starts_with("text/plain");
    if kind.starts_with("multipart/") {
        return mask_within(value, kind.as_bytes(), depth.checked_sub(1)?);
    }
    if is_plain && is_file {
        return content::mask_part(value, b"text/plain");
    }
    let masked = content::mask_part(value, kind.as_bytes());
    if !is_plain {
        return masked;
    }
    // The value of a field, which may be an address or encoded once more.
    let text = masked.as_deref().unwrap_or(value);
    form::mask_nested(text, address::DEPTH).or_else(|| words::mask_value(text)).or(masked)
}

/// Behind the empty line that ends a head.
pub(super) fn end_of_head(part: &[u8]) -> usize {
    let mut at = 0;
    // What stands behind a delimiter on its line is no field.
    for line in part.split_inclusive(|&byte| byte == b'\n') {
        let is_first = at == 0;
        at += line.len();
        if !is_first && line.trim_ascii().is_empty() {
            return at;
        }
    }
    at
}

/// The value of a field of a head, with the lines that it goes on in, in lower case but for
/// what is quoted.
fn field(head: &str, wanted: &str) -> Option<String> {
    let mut lines = head.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case(wanted) {
            continue;
        }
        let mut value = value.trim().to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            value.push(' ');
            value.push_str(more.trim());
        }
        return Some(value);
    }
    None
}

/// The names of a part, of which a server takes one.
fn names(disposition: &str) -> Vec<String> {
    let extended = parameters(disposition, "name*").into_iter().map(|value| {
        // RFC 8187: charset, language, value.
        value.rsplit('\'').next().unwrap_or_default().to_owned()
    });
    let mut names = parameters(disposition, "name");
    names.extend(extended);
    names
}

/// The values of a parameter, without their quotes.
fn parameters(value: &str, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(semicolon) = rest.find(';') {
        rest = rest[semicolon + 1..].trim_start();
        let Some((name, behind)) = rest.split_once('=') else { break };
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|sign| matches!(sign, '"' | '\''));
        let (text, more) = match quote {
            Some(sign) => quoted(&behind[1..], sign),
            None => behind.split_at(behind.find(';').unwrap_or(behind.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            found.push(text.trim().to_owned());
        }
        rest = more;
    }
    found
}

/// What stands up to a quote, and what behind it.
fn quoted(text: &str, sign: char) -> (&str, &str) {
    let mut is_escaped = false;
    let end = text.find(|letter| {
        let ends = letter == sign && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]))
}

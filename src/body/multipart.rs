//! Multipart bodies taken apart (RFC 7578, RFC 2046 section 5.1.1).

use memchr::memmem;

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The name of the field; empty where there is none.
    pub name: String,
    /// The name of the file, where it is one.
    pub file: Option<String>,
    /// The media type, where it is told.
    pub kind: Option<String>,
    /// Which bytes of something larger it is, where that is told.
    pub range: Option<String>,
    pub content: &'a [u8],
}

/// The parts of a multipart body with that Content-Type. Of one that was cut the last part
/// goes as far as there is something of it. `None` where it is no multipart body.
pub fn parts<'a>(bytes: &'a [u8], content_type: &[u8]) -> Option<Vec<Part<'a>>> {
    let delimiter = [b"--", boundary(content_type)?].concat();
    let begins_line = |mark: &usize| *mark == 0 || bytes[..*mark].ends_with(b"\r\n");
    let marks: Vec<usize> =
        memmem::find_iter(bytes, &delimiter).filter(begins_line).collect();
    let mut parts = Vec::new();
    for (number, mark) in marks.iter().enumerate() {
        let rest = &bytes[mark + delimiter.len()..];
        if rest.starts_with(b"--") {
            break;
        }
        // Up to the line end that belongs to the next delimiter.
        let next = marks.get(number + 1).map(|next| next - mark - delimiter.len());
        let whole = next.map_or(rest, |next| &rest[..next.saturating_sub(2)]);
        let Some(end) = memmem::find(whole, b"\r\n\r\n") else { continue };
        parts.push(part(&whole[..end], &whole[end + 4..]));
    }
    (!marks.is_empty()).then_some(parts)
}

fn part<'a>(head: &[u8], content: &'a [u8]) -> Part<'a> {
    let head = String::from_utf8_lossy(head);
    let field = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let disposition = field("content-disposition").unwrap_or_default();
    Part {
        name: parameter(&disposition, "name").unwrap_or_default(),
        file: parameter(&disposition, "filename"),
        kind: field("content-type"),
        range: field("content-range"),
        content,
    }
}

/// The value of a parameter, without its quotes. Browsers write a quote in it as `%22`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let after = after.trim_start();
        let (name, value) = after.split_once('=')?;
        let (text, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text.to_owned());
        }
        rest = behind;
    }
    None
}

/// What stands between the parts.
pub fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let parameters =
        content_type.split(|&byte| byte == b';').skip(1).map(<[u8]>::trim_ascii);
    let value = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_at_checked(b"boundary=".len())?;
        name.eq_ignore_ascii_case(b"boundary=").then_some(value)
    });
    let value = value.into_iter().next()?;
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value.strip_suffix(b"\"").unwrap_or(value);
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"preamble\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\
        one\r\ntwo --x\r\n--x\r\ncontent-type: image/png\r\nContent-Disposition: form-data; \
        filename=\"a;b.png\"; name=file\r\n\r\n\0\x01\r\n--x--\r\nepilogue";

    /// As `name (file, kind): content`.
    fn told(bytes: &[u8], kind: &[u8]) -> Option<Vec<String>> {
        let told = |part: &Part<'_>| {
            let content = String::from_utf8_lossy(part.content).into_owned();
            format!("{} ({:?}, {:?}): {content:?}", part.name, part.file, part.kind)
        };
        parts(bytes, kind).map(|parts| parts.iter().map(told).collect())
    }

    #[test]
    fn parts_have_names_files_types_and_their_exact_content() {
        let expected = [
            r#"a (None, None): "one\r\ntwo --x""#,
            r#"file (Some("a;b.png"), Some("image/png")): "\0\u{1}""#,
        ];
        let expected: Vec<String> = expected.map(str::to_owned).to_vec();
        assert_eq!(told(BODY, b"multipart/form-data; boundary=\"x\""), Some(expected));
    }

    #[test]
    fn what_was_cut_goes_as_far_as_it_does_and_nonsense_is_none() {
        let kind = b"multipart/form-data; boundary=x";
        let cut = told(&BODY[..BODY.len() - 18], kind).unwrap_or_default();
        assert!(cut.len() == 2 && cut[1].starts_with("file"), "{cut:?}");
        for end in 0..BODY.len() {
            told(&BODY[..end], kind);
        }
        assert_eq!(told(b"a=b", kind), None);
        assert_eq!(told(BODY, b"multipart/form-data"), None);
        assert_eq!(told(b"--x--", kind), Some(Vec::new()));
        assert_eq!(told(b"--x", kind), Some(Vec::new()));
    }
}

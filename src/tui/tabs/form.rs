//! Forms, and other bodies of several parts, as tables: a row for each field or part,
//! further ones for the lines of its value.

use crate::body::{Kind, Part, Unpacking, essence, parts, read};
use crate::http::Headers;
use crate::text;

use super::super::detail::{TextLine, Tone};
use super::message::rows;
use super::transcript::safe;

/// Rows of a table.
const MOST_ROWS: usize = 2000;
/// Bytes shown of one line of a value.
const LONGEST: usize = 4096;

/// The fields or parts of a body with that Content-Type; `None` where it has none, or is not
/// what that says: what curl sends without being told of a type is labelled a form, too.
pub(super) fn table(content: &[u8], content_type: &[u8]) -> Option<Vec<TextLine>> {
    let fields = match essence(content_type).as_str() {
        "application/x-www-form-urlencoded" => urlencoded(content)?,
        "multipart/form-data" => of_parts(content, content_type, true)?,
        kind if kind.starts_with("multipart/") => of_parts(content, content_type, false)?,
        _ => return None,
    };
    let mut lines = Vec::new();
    for (name, value) in fields {
        let mut name = safe(name.as_bytes());
        for line in value.split('\n').take(MOST_ROWS + 1 - lines.len()) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let shown = &line.as_bytes()[..line.len().min(LONGEST)];
            let more = if shown.len() < line.len() { " …" } else { "" };
            lines.push((std::mem::take(&mut name), safe(shown) + more));
        }
    }
    let is_cut = lines.len() > MOST_ROWS;
    lines.truncate(MOST_ROWS);
    let mut lines = rows(lines);
    if is_cut {
        let text = format!("[… after {MOST_ROWS} lines; m shows all]");
        lines.push(TextLine::new(Tone::Remark, text));
    }
    Some(lines)
}

type Fields = Vec<(String, String)>;

fn urlencoded(content: &[u8]) -> Option<Fields> {
    let is_one = content.contains(&b'=')
        && content.iter().all(|byte| byte.is_ascii_graphic() || !byte.is_ascii())
        && !content.starts_with(b"{");
    let fields = form_urlencoded::parse(content).into_owned();
    is_one.then(|| fields.take(MOST_ROWS + 1).collect())
}

/// The parts of a form, or of something else: those have no names of fields.
fn of_parts(content: &[u8], content_type: &[u8], is_form: bool) -> Option<Fields> {
    let parts = parts(content, content_type)?;
    let parts = parts.into_iter().take(MOST_ROWS + 1).zip(1..);
    let fields = parts.flat_map(|(part, number)| {
        let mut headers = Headers::default();
        if let Some(kind) = &part.kind {
            headers.push("Content-Type", kind.as_str());
        }
        let reading =
            read(part.content, Some(&headers), Unpacking::up_to(LONGEST * LONGEST));
        let is_text = matches!(reading.kind, Kind::Text(_));
        let text = String::from_utf8_lossy(&reading.content).into_owned();
        if is_form && part.file.is_none() {
            return vec![(part.name, text)];
        }
        let facts = facts(&part);
        let name = if is_form { part.name } else { format!("part {number}") };
        let mut rows = vec![(name, facts)];
        if is_text && !text.is_empty() {
            rows.push((String::new(), text));
        }
        rows
    });
    Some(fields.collect())
}

/// What there is to know of a part: `[file "a.png", image/png, 12 kB]`.
fn facts(part: &Part<'_>) -> String {
    let size = text::byte_count(part.content.len() as u64);
    let told = [
        part.file.as_ref().map(|file| format!("file {file:?}")),
        part.kind.clone(),
        part.range.clone(),
        Some(size),
    ];
    format!("[{}]", told.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

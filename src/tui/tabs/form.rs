//! Forms as tables: a row for each field, further ones for the lines of its value.

use crate::body::{Kind, Unpacking, essence, parts, read};
use crate::http::Headers;
use crate::text;

use super::super::detail::{TextLine, Tone};
use super::message::rows;
use super::transcript::safe;

/// Rows of a table.
const MOST_ROWS: usize = 2000;
/// Bytes shown of one line of a value.
const LONGEST: usize = 4096;

/// The fields of a form with that Content-Type; `None` where it is none, or not what that
/// says: what curl sends without being told of a type is labelled a form, too.
pub(super) fn table(content: &[u8], content_type: &[u8]) -> Option<Vec<TextLine>> {
    let fields = match essence(content_type).as_str() {
        "application/x-www-form-urlencoded" => urlencoded(content)?,
        "multipart/form-data" => multipart(content, content_type)?,
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

fn multipart(content: &[u8], content_type: &[u8]) -> Option<Fields> {
    let parts = parts(content, content_type)?;
    let fields = parts.into_iter().take(MOST_ROWS + 1).flat_map(|part| {
        let mut headers = Headers::default();
        if let Some(kind) = &part.kind {
            headers.push("Content-Type", kind.as_str());
        }
        let reading =
            read(part.content, Some(&headers), Unpacking::up_to(LONGEST * LONGEST));
        let is_text = matches!(reading.kind, Kind::Text(_));
        let text = String::from_utf8_lossy(&reading.content).into_owned();
        let Some(file) = part.file else { return vec![(part.name, text)] };
        let size = text::byte_count(part.content.len() as u64);
        let kind = part.kind.map(|kind| format!(", {kind}")).unwrap_or_default();
        let facts = format!("[file {file:?}{kind}, {size}]");
        let mut rows = vec![(part.name, facts)];
        if is_text && !text.is_empty() {
            rows.push((String::new(), text));
        }
        rows
    });
    Some(fields.collect())
}

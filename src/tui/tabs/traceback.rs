//! The Traceback tab: what was raised, the user's own frames first with their source.
//!
//! The exception that was raised comes first and what led to it after it; within one the
//! innermost call comes first, since that is where one looks.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::exchange::{Exchange, Frame, Link, Raised, Traceback};
use crate::text;

use super::super::detail::{Document, SourcePlace, TextLine, Tone};
use super::transcript::{remark, safe, traceback_lines};

/// Lines of source shown above and below the one that was running.
const AROUND: usize = 3;
/// Frames shown of one exception; a recursion has a thousand.
const MOST_FRAMES: usize = 60;

/// The texts of files that frames name, as they are now; `None` for one that cannot be
/// read.
pub(in super::super) type Sources = HashMap<PathBuf, Option<String>>;

/// The files whose source the tab shows.
pub(in super::super) fn source_files(
    traceback: &Traceback,
    root: &Path,
) -> BTreeSet<PathBuf> {
    let frames = traceback.chain.iter().flat_map(shown).flatten();
    let own = frames.filter(|frame| frame.own && frame.line > 0);
    own.map(|frame| path(frame, root)).collect()
}

pub(super) fn traceback(exchange: &Exchange, sources: &Sources, root: &Path) -> Document {
    let mut document = Document { has_cursor: true, ..Document::default() };
    let Some(traceback) = &exchange.traceback else {
        let text = "The application raised nothing.".to_owned();
        document.add(None, vec![(Tone::Remark, text)]);
        return document;
    };
    if traceback.chain.iter().all(|raised| raised.frames.is_empty()) {
        document.begin_section();
        document.add(None, traceback_lines(traceback));
        return document;
    }
    let mut link = None;
    for raised in traceback.chain.iter().rev() {
        add_raised(&mut document, raised, link);
        for (number, frames) in shown(raised).into_iter().enumerate() {
            if number == 1 && !frames.is_empty() {
                document.add(None, vec![(Tone::Remark, "In libraries:".to_owned())]);
            }
            for frame in frames {
                add_frame(&mut document, frame, sources, root);
            }
        }
        link = Some(raised.link);
    }
    document
}

/// The frames of an exception, innermost first: the user's own, then the others.
fn shown(raised: &Raised) -> [Vec<&Frame>; 2] {
    let (own, others): (Vec<_>, Vec<_>) =
        raised.frames.iter().rev().partition(|frame| frame.own);
    [own, others].map(|frames| frames.into_iter().take(MOST_FRAMES).collect())
}

/// `link` is how this one led to the one shown before it.
fn add_raised(document: &mut Document, raised: &Raised, link: Option<Link>) {
    let tie = match link {
        Some(Link::Cause) => Some("caused by"),
        Some(Link::Context) => Some("raised while this was being handled"),
        Some(Link::First) | None => None,
    };
    if let Some(tie) = tie {
        let lines = vec![(Tone::Plain, String::new()), (Tone::Remark, tie.to_owned())];
        document.add(None, lines);
    }
    document.begin_section();
    let kind = safe(raised.kind.as_bytes());
    let text = match (kind.as_str(), raised.message.as_str()) {
        (kind, "") => kind.to_owned(),
        ("", message) => message.to_owned(),
        (kind, message) => format!("{kind}: {message}"),
    };
    document.add(None, remark("", Tone::Fault, &text));
    let left = raised.frames.len() - shown(raised).iter().map(Vec::len).sum::<usize>();
    if left > 0 {
        document.add(None, vec![(Tone::Remark, format!("[{left} more frames outside]"))]);
    }
}

fn add_frame(document: &mut Document, frame: &Frame, sources: &Sources, root: &Path) {
    let file = path(frame, root);
    let name = text::expand_tabs(&text::path_below(&file, root));
    let name = if frame.own { name } else { below_packages(&name).to_owned() };
    let place = if frame.line > 0 { format!("{name}:{}", frame.line) } else { name };
    let function = safe(frame.function.as_bytes());
    let (tone, end) = (if frame.own { Tone::Start } else { Tone::Plain }, place.len());
    document
        .places
        .push((document.len(), SourcePlace { file: file.clone(), line: frame.line }));
    let head = TextLine::new(tone, format!("{place}  {function}()"));
    document.add_lines(None, vec![head.with(0..end, Tone::Name)]);
    let lines = match sources.get(&file) {
        Some(Some(text)) if frame.own => around(frame, text),
        _ => None,
    };
    document.add(None, lines.unwrap_or_else(|| line_itself(frame)));
}

/// The file of a library from its package on: what is before that is the same for all.
fn below_packages(path: &str) -> &str {
    let folders = ["/site-packages/", "/dist-packages/"];
    let found = folders.iter().find_map(|folder| path.rsplit_once(folder));
    found.map_or(path, |(_, rest)| rest)
}

/// What Python noted of the line.
fn line_itself(frame: &Frame) -> Vec<(Tone, String)> {
    let source = safe(frame.source.as_bytes());
    if source.is_empty() {
        Vec::new()
    } else {
        vec![(Tone::Plain, format!("    {source}"))]
    }
}

/// The lines around the one that was running; `None` where the file is not any more what
/// was running.
fn around(frame: &Frame, text: &str) -> Option<Vec<(Tone, String)>> {
    let running = usize::try_from(frame.line).ok()?.checked_sub(1)?;
    let first = running.saturating_sub(AROUND);
    let found = text.lines().nth(running)?;
    if found.trim() != frame.source.trim() {
        return None;
    }
    let lines = text.lines().enumerate().skip(first).take(running - first + AROUND + 1);
    let mut shown: Vec<(Tone, String)> = lines
        .map(|(number, line)| {
            let (sign, tone) =
                if number == running { (">", Tone::Start) } else { (" ", Tone::Remark) };
            (tone, format!("{sign} {:4} {}", number + 1, safe(line.as_bytes())))
        })
        .collect();
    shown.push((Tone::Plain, String::new()));
    Some(shown)
}

/// Where the file lies; Python may name it from the folder it was started in.
fn path(frame: &Frame, root: &Path) -> PathBuf {
    root.join(&frame.file)
}

//! The Traceback tab: what was raised, the user's own frames first with their source.
//!
//! The exception that was raised comes first and what led to it after it; within one the
//! innermost call comes first, since that is where one looks.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::exchange::{Exchange, Frame, Link, Raised, Traceback};
use crate::text;

use super::super::detail::{Document, SourcePlace, TextLine, Tone};
use super::super::keymap::{Action, Keymap};
use super::Around;
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
    let raised = traceback.chain.iter().flat_map(Raised::with_members);
    let frames = raised.flat_map(shown).flatten();
    let own = frames.filter(|frame| frame.own && frame.line > 0);
    own.map(|frame| path(frame, root)).collect()
}

pub(super) fn traceback(exchange: &Exchange, around: &Around<'_>) -> Document {
    let mut document = Document { has_cursor: true, ..Document::default() };
    let Some(traceback) = &exchange.traceback else {
        let text = "The application raised nothing.".to_owned();
        document.add(None, vec![(Tone::Remark, text)]);
        return document;
    };
    let mut raised = traceback.chain.iter().flat_map(Raised::with_members);
    if raised.all(|raised| raised.frames.is_empty()) {
        document.begin_section();
        document.add(None, traceback_lines(traceback));
        return document;
    }
    let (sources, facts) = (around.sources, around.facts);
    let further = further(&traceback.chain, &facts.keymap);
    let mut writer = Writer { document, further, sources, root: &facts.root };
    writer.add_chain(&traceback.chain, "");
    writer.document
}

/// Where the exception was raised that stands first: in the innermost of the user's own
/// frames, or where none is in the innermost of all.
pub(in super::super) fn origin(
    traceback: &Traceback,
    root: &Path,
) -> Option<SourcePlace> {
    let frame = shown(traceback.chain.last()?).into_iter().flatten().next()?;
    Some(source_place(frame, root))
}

/// What there is besides the exception that stands first, and how one gets there: the
/// frames of that one may fill the window.
fn further(chain: &[Raised], keymap: &Keymap) -> Option<String> {
    let (raised, before) = chain.split_last()?;
    let mut parts = Vec::new();
    if !raised.members.is_empty() {
        parts.push("the exceptions in the group".to_owned());
    }
    if let Some(cause) = before.last() {
        let kind = safe(cause.kind.as_bytes());
        parts.push(match (raised.link, before.len()) {
            (Link::Cause, 1) => format!("its cause, {kind}"),
            (_, 1) => format!("{kind}, which was being handled"),
            (Link::Cause, count) => format!("its {count} causes, {kind} first"),
            (_, count) => format!("{count} more that led to it, {kind} first"),
        });
    }
    let key = keymap.key(Action::NextSection);
    (!parts.is_empty()).then(|| format!("[below, {key}: {}]", parts.join("; ")))
}

/// Makes the document, exception by exception.
struct Writer<'a> {
    document: Document,
    /// To be said below the first heading.
    further: Option<String>,
    sources: &'a Sources,
    root: &'a Path,
}

impl Writer<'_> {
    /// Adds a chain, the exception that was raised first. `number` says which of a group
    /// it is: `2`, or `2.1` of a group in a group.
    fn add_chain(&mut self, chain: &[Raised], number: &str) {
        // One without a class tells how many more there are.
        let is_one = chain.last().is_some_and(|raised| !raised.kind.is_empty());
        let is_in_group = is_one && !number.is_empty();
        let mut tie = is_in_group.then(|| format!("exception {number} of the group"));
        for raised in chain.iter().rev() {
            // What is said before its first frame is of that one, too.
            let innermost = shown(raised).into_iter().flatten().next();
            let place = innermost.map(|frame| source_place(frame, self.root));
            self.document.places.push((self.document.len(), place));
            self.add_heading(raised, tie);
            for (which, frames) in shown(raised).into_iter().enumerate() {
                if which == 1 && !frames.is_empty() {
                    let text = "In libraries:".to_owned();
                    self.document.add(None, vec![(Tone::Remark, text)]);
                }
                for frame in frames {
                    self.add_frame(frame);
                }
            }
            for (place, member) in raised.members.iter().enumerate() {
                let dot = if number.is_empty() { "" } else { "." };
                self.add_chain(member, &format!("{number}{dot}{}", place + 1));
            }
            tie = match raised.link {
                Link::Cause => Some("caused by".to_owned()),
                Link::Context => Some("raised while this was being handled".to_owned()),
                Link::First => None,
            };
        }
    }

    /// `tie` is what it has to do with the one shown before it.
    fn add_heading(&mut self, raised: &Raised, tie: Option<String>) {
        let document = &mut self.document;
        if let Some(tie) = tie {
            document.add(None, vec![(Tone::Plain, String::new()), (Tone::Remark, tie)]);
        }
        document.begin_section();
        let kind = safe(raised.kind.as_bytes());
        let text = match (kind.as_str(), raised.message.as_str()) {
            (kind, "") => kind.to_owned(),
            ("", message) => message.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        };
        document.add(None, remark("", Tone::Fault, &text));
        let seen = shown(raised).iter().map(Vec::len).sum::<usize>();
        let left = raised.frames.len() - seen;
        let left = (left > 0).then(|| format!("[{left} more frames outside]"));
        for text in left.into_iter().chain(self.further.take()) {
            document.add(None, vec![(Tone::Remark, text)]);
        }
    }

    fn add_frame(&mut self, frame: &Frame) {
        let file = path(frame, self.root);
        let name = text::expand_tabs(&text::path_below(&file, self.root));
        let name = if frame.own { name } else { below_packages(&name).to_owned() };
        let place = if frame.line > 0 { format!("{name}:{}", frame.line) } else { name };
        let function = safe(frame.function.as_bytes());
        let (tone, end) =
            (if frame.own { Tone::Start } else { Tone::Plain }, place.len());
        let document = &mut self.document;
        let source = source_place(frame, self.root);
        document.places.push((document.len(), Some(source)));
        let head = TextLine::new(tone, format!("{place}  {function}()"));
        document.add_lines(None, vec![head.with(0..end, Tone::Name)]);
        let lines = match self.sources.get(&file) {
            Some(Some(text)) if frame.own => around(frame, text),
            _ => None,
        };
        document.add(None, lines.unwrap_or_else(|| line_itself(frame)));
    }
}

/// The frames of an exception, innermost first: the user's own, then the others.
fn shown(raised: &Raised) -> [Vec<&Frame>; 2] {
    let (own, others): (Vec<_>, Vec<_>) =
        raised.frames.iter().rev().partition(|frame| frame.own);
    [own, others].map(|frames| frames.into_iter().take(MOST_FRAMES).collect())
}

fn source_place(frame: &Frame, root: &Path) -> SourcePlace {
    SourcePlace { file: path(frame, root), line: frame.line }
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

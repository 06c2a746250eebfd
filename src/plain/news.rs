//! rdev's own words: what became of a generation, notices, and what was not shown. Each
//! line begins with `rdev:`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::bus::Losses;
use crate::exchange::{
    GenerationEvent, GenerationId, Making, Notice, ReloadReason, Severity, Traceback,
};
use crate::text;

use super::account;

/// Changed files named one by one; the rest are counted.
const FILES_NAMED: usize = 3;

/// What is known of the generations that matter to later lines.
#[derive(Debug)]
pub(super) struct News {
    /// Paths below it are shown relative to it.
    root: PathBuf,
    wording: Wording,
    /// Generations that are not there yet.
    coming: BTreeMap<GenerationId, Coming>,
    /// The last failed import.
    failed: Option<(GenerationId, Arc<Traceback>)>,
}

/// How much is said about a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    #[default]
    Line,
    /// Everything that is known (`--explain-reload`).
    Account,
}

/// What is known of a generation before it is there.
#[derive(Debug)]
struct Coming {
    reason: ReloadReason,
    making: Option<Arc<Making>>,
}

impl News {
    pub(super) fn new(root: PathBuf, wording: Wording) -> Self {
        Self { root, wording, coming: BTreeMap::new(), failed: None }
    }

    /// What is said about a step of a generation: one line for each that came to be,
    /// could not, or died.
    pub(super) fn generation(
        &mut self,
        id: GenerationId,
        what: &GenerationEvent,
    ) -> Option<String> {
        match what {
            GenerationEvent::Started(reason) => {
                let coming = Coming { reason: reason.clone(), making: None };
                self.coming.insert(id, coming);
                None
            }
            GenerationEvent::Chosen(making) => {
                if let Some(coming) = self.coming.get_mut(&id) {
                    coming.making = Some(Arc::clone(making));
                }
                None
            }
            GenerationEvent::Ready { took, rung } => {
                let time = text::duration(took.as_secs_f64());
                let mut lines = format!("rdev: generation {id} ready in {time}, {rung}");
                let coming = self.coming.remove(&id);
                if let Some(Coming { reason, making }) = &coming {
                    let unmet = making.as_ref().and_then(|making| making.unmet.as_ref());
                    if let Some(why) = unmet {
                        let why = text::printable(why.as_bytes());
                        lines = format!("{lines} since {why}");
                    }
                    lines.push_str(&self.why(reason));
                }
                Some(lines + "\n" + &self.way(coming.as_ref()))
            }
            GenerationEvent::Failed(traceback) => {
                let coming = self.coming.remove(&id);
                self.failed = Some((id, Arc::clone(traceback)));
                let summary = text::printable(traceback.summary().as_bytes());
                let place = self.place(traceback);
                let mut lines =
                    format!("rdev: generation {id} failed: {summary}{place}\n");
                lines.push_str(&self.way(coming.as_ref()));
                lines.push_str(&traceback_lines(traceback));
                Some(lines)
            }
            GenerationEvent::Died(how) => {
                self.coming.remove(&id);
                let how = text::printable(how.as_bytes());
                Some(format!("rdev: generation {id} died: {how}\n"))
            }
            GenerationEvent::Imported(libraries) => {
                self.is_full().then(|| account::libraries(id, libraries))
            }
            GenerationEvent::Preloaded(preload) => {
                self.is_full().then(|| account::preload(id, preload))
            }
            GenerationEvent::Doubted(_) => None,
            GenerationEvent::HeldBack(pause) => {
                Some(format!("rdev: the next try begins in {pause:?}\n"))
            }
            GenerationEvent::Discarded | GenerationEvent::Retired => {
                self.coming.remove(&id);
                None
            }
        }
    }

    fn is_full(&self) -> bool {
        self.wording == Wording::Account
    }

    /// The way in which it was made, where that is to be told.
    fn way(&self, coming: Option<&Coming>) -> String {
        let making = coming.and_then(|coming| coming.making.as_ref());
        making.filter(|_| self.is_full()).map_or_else(String::new, |it| account::way(it))
    }

    /// The generation whose failed import this is the traceback of, where it is: it was
    /// printed then, and every request until the next change is answered with it.
    pub(super) fn failure(&self, traceback: &Traceback) -> Option<GenerationId> {
        let (id, failed) = self.failed.as_ref()?;
        (**failed == *traceback).then_some(*id)
    }

    fn why(&self, reason: &ReloadReason) -> String {
        match reason {
            ReloadReason::Start => String::new(),
            ReloadReason::Changed(files) => format!(" ({} changed)", self.named(files)),
            ReloadReason::Died(_) => " (the one before died)".to_owned(),
            ReloadReason::Stuck => {
                " (a request in the one before could not be ended)".to_owned()
            }
            ReloadReason::Asked => " (asked for)".to_owned(),
        }
    }

    fn named(&self, files: &[PathBuf]) -> String {
        let mut names: Vec<String> = files
            .iter()
            .take(FILES_NAMED)
            .map(|file| text::path_below(file, &self.root))
            .collect();
        if files.len() > FILES_NAMED {
            names.push(format!("{} more", files.len() - FILES_NAMED));
        }
        match names.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{} and {last}", before.join(", "))
            }
            _ => names.concat(),
        }
    }

    /// Where in the user's own code it was raised, unless the summary says so, as that
    /// of a `SyntaxError` does.
    fn place(&self, traceback: &Traceback) -> String {
        let Some(raised) = traceback.chain.last() else { return String::new() };
        let own = raised.frames.iter().rev().find(|frame| frame.own);
        match own {
            Some(frame) if !raised.message.contains(", line ") => {
                format!(
                    " ({}, line {})",
                    text::path_below(frame.file.as_ref(), &self.root),
                    frame.line
                )
            }
            _ => String::new(),
        }
    }
}

/// A traceback as Python prints it, escaped.
pub(super) fn traceback_lines(traceback: &Traceback) -> String {
    let mut lines = text::printable_lines(&traceback.text);
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

/// A notice as a line.
pub(super) fn notice(notice: &Notice) -> String {
    let word = match notice.severity {
        Severity::Info => "",
        Severity::Warning => "warning: ",
        Severity::Error => "error: ",
    };
    format!("rdev: {word}{}\n", text::printable(notice.text.as_bytes()))
}

/// What was lost since the last time that was said.
pub(super) fn losses(before: Losses, now: Losses) -> Option<String> {
    let counts = [
        (now.exchanges - before.exchanges, "exchange", "exchanges"),
        (now.body_pieces - before.body_pieces, "piece of a body", "pieces of bodies"),
        (now.output_lines - before.output_lines, "line of output", "lines of output"),
        (now.other - before.other, "other event", "other events"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| {
            format!("{count} {}", if *count == 1 { one } else { many })
        })
        .collect();
    (!parts.is_empty())
        .then(|| format!("rdev: {} not shown (output too slow)\n", parts.join(", ")))
}

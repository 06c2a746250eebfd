//! How the driver has the code looked at: when the watcher or the tripwire say so, when it
//! is time, and when a generation tells of files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Announcement;
use super::code::Code;
use super::driver::Loop;
use super::machine::Input;
use super::tripwire::{Touched, Tripwire};
use crate::clock::monotonic;
use crate::exchange::GenerationId;
use crate::lane::{MOST_OPENED, OpenedFile, OsText};

/// How soon files that are just being written are looked at again.
pub(super) const AGAIN: Duration = Duration::from_millis(10);

impl Loop {
    pub(super) fn watch_code(&mut self, tripwire: Arc<Tripwire>) {
        let waker = Arc::clone(&self.waker);
        let wake = move || {
            let _ended = waker.wake();
        };
        let app_dir = self.setup.plan.app_dir.clone().into_path();
        let is_wanted = tripwire.polls();
        match Code::watch(&app_dir, tripwire, wake) {
            Ok((code, told)) => {
                self.code = Some(code);
                match told {
                    Some(text) if is_wanted => self.inform(text),
                    Some(text) => self.warn(text),
                    None => {}
                }
            }
            Err(error) => self.warn(format!("changes will not be seen: {error}")),
        }
    }

    pub(super) fn look_at_code(&mut self) {
        let Some(code) = &mut self.code else { return };
        let pending = code.reported();
        // After that, so that what the application writes itself is known as such.
        self.hear_workers();
        let Some(code) = &mut self.code else { return };
        let changes = code.changes(pending);
        if changes.torn {
            self.look_again();
        }
        if let Some(trouble) = changes.trouble {
            self.warn(trouble);
        }
        if !changes.files.is_empty() && self.stopping.is_none() {
            self.feed(Input::Changed(changes.files));
        }
    }

    /// Answers requests that wait to know whether the code is fresh. If it is not, the
    /// machine has them held.
    pub(super) fn look(&mut self, touched: &Touched, number: u64) {
        // It may have told meanwhile that it writes these files itself.
        self.hear_workers();
        let changed = match &mut self.code {
            Some(code) => code.look(touched),
            None => Some(Vec::new()),
        };
        if let Some(text) = self.code.as_mut().and_then(Code::untold) {
            self.warn(text);
        }
        let Some(changed) = changed else {
            self.looks.push((touched.clone(), number));
            self.look_again();
            return;
        };
        if !changed.is_empty() && self.stopping.is_none() {
            self.feed(Input::Changed(changed));
        } else {
            (self.setup.announce)(Announcement::Unchanged(number));
        }
    }

    /// Comes back to files that are just being written.
    fn look_again(&mut self) {
        self.again.get_or_insert_with(|| monotonic() + AGAIN);
    }

    /// What was loaded counts from now on.
    pub(super) fn hear_loaded(&mut self, id: GenerationId, files: Vec<OsText>) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.note_loaded(files.clone());
        }
        let files: Vec<PathBuf> = files.into_iter().map(OsText::into_path).collect();
        let trouble = self.code.as_mut().and_then(|code| code.loaded(&files));
        if let Some(trouble) = trouble {
            self.warn(trouble);
        }
    }

    /// Only what the newest generation has read counts. Where that has changed meanwhile,
    /// its import is overtaken, or its answers are.
    pub(super) fn hear_opened(&mut self, id: GenerationId, files: Vec<OpenedFile>) {
        let Some(code) = &mut self.code else { return };
        let Some(worker) = self.workers.get_mut(&id) else { return };
        worker.note_opened(&files);
        if !self.machine.is_newest(id) {
            return;
        }
        let before = worker.opened;
        worker.opened += files.len();
        let is_full = before < MOST_OPENED && worker.opened >= MOST_OPENED;
        let (changed, trouble) = code.opened(files);
        if is_full {
            self.warn(format!(
                "the application has opened {MOST_OPENED} files: of further ones, changes \
                 go unseen; name them with --watch"
            ));
        }
        if let Some(trouble) = trouble {
            self.warn(trouble);
        }
        if !changed.is_empty() {
            self.feed(Input::Changed(changed));
        }
    }
}

//! The threads the program is made of: started by name, watched to their end.

use std::any::Any;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

use super::ending::End;

/// A thread that is to run until the end. Ending before makes the program end.
pub(super) struct Part {
    /// Closed once it is over.
    over: Receiver<()>,
}

impl Part {
    pub(super) fn watch(
        name: &'static str,
        thread: JoinHandle<()>,
        ends: &Sender<End>,
    ) -> anyhow::Result<Self> {
        let (running, over) = channel();
        let ends = ends.clone();
        spawn("watch", move || {
            let why = match thread.join() {
                Ok(()) => "it ended".to_owned(),
                Err(panic) => panic_text(panic.as_ref()),
            };
            // Nobody listens any more where it was to end.
            let _ending = ends.send(End::Broken(name, why));
            drop(running);
        })?;
        Ok(Self { over })
    }

    pub(super) fn join(self) {
        let _over = self.over.recv();
    }

    /// Says whether it is over in time.
    pub(super) fn join_within(self, limit: Duration) -> bool {
        self.over.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected)
    }
}

pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(run).context("a thread cannot be started")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_breaks_off_ends_the_program_and_is_named() {
        let (ends, end) = channel();
        let thread = spawn("broken", || panic!("out of {}", "luck")).unwrap();
        let part = Part::watch("the server", thread, &ends).unwrap();
        let ended = end.recv().unwrap();
        assert!(
            matches!(&ended, End::Broken("the server", why) if why == "out of luck"),
            "{ended:?}"
        );
        part.join();
    }

    #[test]
    fn a_part_that_hangs_is_waited_for_no_longer_than_said() {
        let (release, held) = channel::<()>();
        let thread = spawn("hanging", move || _ = held.recv()).unwrap();
        let (ends, _end) = channel();
        let part = Part::watch("the printer", thread, &ends).unwrap();
        assert!(!part.join_within(Duration::ZERO));
        drop(release);
    }
}

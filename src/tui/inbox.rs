//! The one channel through which the shell hears everything: keys, events, and what other
//! threads have done or wish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::bus::Subscription;
use crate::exchange::Notice;
use crate::terminal::{Report, Typed};

use super::ended::EndedBy;
use super::message::Message;

/// Messages that may wait. Few, so that a key is not far behind.
const CHANNEL: usize = 32;
/// Events in one message, for the same reason.
const BATCH: usize = 256;
/// How long it takes no more of them where few came: less than a frame takes, and long
/// enough that a fast server does not wake two threads for each of its events.
const PAUSE: Duration = Duration::from_millis(2);

/// What comes through the channel.
pub(super) enum Inward {
    Message(Message),
    End(EndedBy),
    /// Look at the flag.
    Wake,
}

/// A handle for other threads, cheap to clone.
#[derive(Clone)]
pub struct Remote {
    pub(super) sender: SyncSender<Inward>,
    pub(super) stop: Arc<AtomicBool>,
}

/// The receiving end of [`Remote`].
pub struct Inbox {
    pub(super) remote: Remote,
    pub(super) receiver: Receiver<Inward>,
}

/// A handle to end the dashboard with, and what [`super::run`] takes to hear it.
pub fn channel() -> (Remote, Inbox) {
    let (sender, receiver) = sync_channel(CHANNEL);
    let remote = Remote { sender, stop: Arc::default() };
    (remote.clone(), Inbox { remote, receiver })
}

impl Remote {
    /// Ends the dashboard, also before it has begun. Never blocks.
    pub fn quit(&self) {
        self.stop.store(true, Ordering::SeqCst);
        // A full channel wakes the other side as well.
        let _ = self.sender.try_send(Inward::Wake);
    }

    /// Says something on the screen. Never blocks; dropped where there is no room.
    pub fn notice(&self, notice: Notice) {
        let _ = self.sender.try_send(Inward::Message(Message::Notice(notice)));
    }
}

/// Events until the bus is closed.
pub(super) fn events(receiver: Receiver<Inward>) -> impl Iterator<Item = Message> {
    std::iter::from_fn(move || {
        loop {
            match receiver.recv().ok()? {
                Inward::Message(message @ Message::Events { .. }) => {
                    return Some(message);
                }
                Inward::End(EndedBy::Bus) => return None,
                Inward::Message(_) | Inward::End(_) | Inward::Wake => {}
            }
        }
    })
}

pub(super) fn inward(report: Report) -> Inward {
    Inward::Message(match report {
        Report::Typed(Typed::Key(key)) => Message::Key(key),
        Report::Typed(Typed::Mouse(event)) => Message::Mouse(event),
        Report::Typed(Typed::Paste(text)) => Message::Paste(text),
        Report::Resized => Message::Resized,
        Report::Stop => Message::Suspend,
        Report::Continued => Message::Continued,
        Report::Gone => return Inward::End(EndedBy::Terminal),
    })
}

/// Moves events from the bus to the channel until either is closed.
pub(super) fn forward(subscription: &Subscription, sender: &SyncSender<Inward>) {
    while let Some(batch) = subscription.next_batch(None) {
        let are_few = batch.len() < BATCH;
        let mut events = batch.into_iter();
        loop {
            let events: Vec<_> = events.by_ref().take(BATCH).collect();
            if events.is_empty() {
                break;
            }
            let losses = subscription.losses();
            let message = Message::Events { events, losses };
            if sender.send(Inward::Message(message)).is_err() {
                return;
            }
        }
        if are_few {
            thread::sleep(PAUSE);
        }
    }
    let _ = sender.send(Inward::End(EndedBy::Bus));
}

#[cfg(test)]
mod tests {
    use crate::exchange::Severity;

    use super::*;

    #[test]
    fn a_remote_is_heard_however_full_the_channel_is() {
        let (remote, inbox) = channel();
        for _ in 0..CHANNEL * 2 {
            let notice = Notice { severity: Severity::Info, text: String::new() };
            remote.notice(notice);
        }
        remote.quit();
        assert!(inbox.remote.stop.load(Ordering::SeqCst));
    }
}

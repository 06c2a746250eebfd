//! The shell around the transcript: from the bus to stdout and stderr.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::bus::Subscription;
use crate::exchange::Event;

use super::block::{Block, Stream};
use super::medium::Medium;
use super::news::Wording;
use super::transcript::{PATIENCE, Settings, Transcript};

/// How long to wait for a stream that somebody else has set to non-blocking.
const FULL: Duration = Duration::from_millis(5);

/// Where blocks are written.
pub struct Destination<W> {
    writer: W,
    medium: Medium,
    /// Why nothing is written any more.
    failed: Option<io::Error>,
}

impl<W: Write> Destination<W> {
    /// Where there is a terminal, what the application prints is escaped.
    pub fn new(writer: W, medium: Medium) -> Self {
        Self { writer, medium, failed: None }
    }

    /// Writes a block with one call, as far as the system takes it whole.
    fn write(&mut self, block: &[u8]) {
        if self.failed.is_none() {
            self.failed = write_whole(&mut self.writer, block).err();
        }
    }

    /// What went wrong, unless it is only that nobody reads any more.
    fn finish(self) -> io::Result<()> {
        match self.failed {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Prints transcripts to the standard streams until the bus closes. Paths below `root`
/// are shown relative to it.
pub fn run(
    subscription: &Subscription,
    root: PathBuf,
    wording: Wording,
) -> io::Result<()> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (out, err) = (Medium::of(&stdout), Medium::of(&stderr));
    run_to(
        subscription,
        (root, wording),
        Destination::new(stdout, out),
        Destination::new(stderr, err),
    )
}

/// Prints transcripts until the bus closes. A stream that can no longer be written to is
/// left alone; events are taken to the end all the same, so that the server goes on.
pub fn run_to(
    subscription: &Subscription,
    (root, wording): (PathBuf, Wording),
    mut stdout: Destination<impl Write>,
    mut stderr: Destination<impl Write>,
) -> io::Result<()> {
    let mut transcript = Transcript::new(Settings {
        root,
        wording,
        stdout: stdout.medium,
        stderr: stderr.medium,
    });
    let mut print = |blocks: Vec<Block>| {
        for block in blocks {
            match block.to {
                Stream::Stdout => stdout.write(&block.bytes),
                Stream::Stderr => stderr.write(&block.bytes),
            }
        }
    };
    loop {
        let patience = transcript.is_waiting().then_some(PATIENCE.unsigned_abs());
        let Some(events) = subscription.next_batch(patience) else {
            break;
        };
        for event in &events {
            print(transcript.take(event));
        }
        let late =
            if events.is_empty() { transcript.pause() } else { transcript.overdue() };
        print(late);
        print(transcript.lost(subscription.losses()).into_iter().collect());
    }
    print(transcript.pause());
    stdout.finish().and(stderr.finish())
}

/// Makes the text of events for a terminal, for who writes it himself. To be called with
/// none when some time went by without any.
pub fn printer(root: PathBuf, wording: Wording) -> impl FnMut(&[Event]) -> Vec<u8> {
    let medium = Medium::of(&io::stdout());
    let settings = Settings { root, wording, stdout: medium, stderr: medium };
    let mut transcript = Transcript::new(settings);
    move |events| {
        let mut blocks = Vec::new();
        for event in events {
            blocks.extend(transcript.take(event));
        }
        let quiet = events.is_empty();
        blocks.extend(if quiet { transcript.pause() } else { transcript.overdue() });
        blocks.into_iter().flat_map(|block| block.bytes).collect()
    }
}

fn write_whole(writer: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(error) => return Err(error),
        }
    }
    loop {
        match writer.flush() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            result => return result,
        }
    }
}

//! Files that the application answers with: their descriptors come over the lane, and
//! the kernel moves their bytes to the client. Only the beginning, which is kept to be
//! looked at, is read.
//!
//! The descriptor is ours from then on. The application closes its own and is done, so that
//! a client which takes its time holds no thread of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use mio::Token;

use super::connection::{Connection, InFlight, Phase};
use super::event_loop::{Server, Step};
use crate::clock::monotonic;
use crate::exchange::{BODY_KEPT, ExchangeId};
use crate::http::ResponseFraming;
use crate::lane::{Down, FilePart};

/// How much is read and written at a time of the beginning.
const PIECE: usize = 64 << 10;
/// How much the kernel moves at a time.
const STRIDE: u64 = 1 << 20;

/// A file on its way to the client.
#[derive(Debug)]
pub(super) struct Outflow {
    file: File,
    offset: u64,
    left: u64,
    /// How much of it is still read to be looked at.
    shown: usize,
}

impl Outflow {
    /// How many bytes of it are still to be sent.
    pub(super) fn left(&self) -> u64 {
        self.left
    }
}

impl Server {
    /// Takes over a part of a file as the next of the body, or has the worker send its
    /// bytes: where they have to be cut into chunks, or no descriptor came.
    pub(super) fn take_file(
        &mut self,
        lane: Token,
        connection: Option<&mut Connection>,
        id: ExchangeId,
        part: FilePart,
    ) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        let file = lane.channel.socket.take_file();
        let exchange = connection.and_then(|connection| connection.exchange(id));
        let taken = match (file, exchange) {
            (Some(file), Some(exchange)) if can_take(exchange) => {
                let shown = BODY_KEPT;
                let FilePart { offset, length: left } = part;
                exchange.file = Some(Outflow { file, offset, left, shown });
                true
            }
            _ => false,
        };
        let word = if taken { Down::FileTaken } else { Down::FileRefused };
        word.append(id, lane.channel.outbox());
        let _broken = lane.flush(self.poll.registry());
    }

    /// Sends some of the file.
    pub(super) fn send_file(&mut self, connection: &mut Connection) -> Step {
        // What is in front of it goes first.
        if connection.channel.pending() > 0 {
            return Step::Wait;
        }
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let Some(outflow) = &mut exchange.file else { return Step::Wait };
        if outflow.left == 0 {
            end_file(connection);
            return Step::Again;
        }
        if outflow.shown > 0 {
            return self.show_piece(connection);
        }
        let count = usize::try_from(outflow.left.min(STRIDE)).unwrap_or(PIECE);
        let offset = &mut outflow.offset;
        match connection.channel.send_file(&outflow.file, offset, count) {
            Ok(Some(0)) => cut_file(connection, "it became shorter"),
            Ok(Some(length)) => {
                outflow.left -= length as u64;
                exchange.give(length as u64);
                exchange.response_told.pass(&self.outlet, exchange.id, length as u64);
                connection.moved = monotonic();
                Step::Again
            }
            Ok(None) => Step::Wait,
            Err(error) if is_of_the_client(&error) => Step::Close,
            Err(error) => cut_file(connection, &error.to_string()),
        }
    }

    fn show_piece(&mut self, connection: &mut Connection) -> Step {
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let Some(outflow) = &mut exchange.file else { return Step::Wait };
        let left = usize::try_from(outflow.left).unwrap_or(PIECE);
        let mut piece = vec![0; left.min(PIECE).min(outflow.shown)];
        match outflow.file.read_at(&mut piece, outflow.offset) {
            Ok(0) => cut_file(connection, "it became shorter"),
            Ok(length) => {
                piece.truncate(length);
                exchange.timing.first_byte.get_or_insert_with(|| self.outlet.clock.now());
                outflow.offset += length as u64;
                outflow.left -= length as u64;
                outflow.shown -= length;
                let id = exchange.id;
                self.write_block(connection, id, piece);
                Step::Again
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Step::Again,
            Err(error) => cut_file(connection, &error.to_string()),
        }
    }
}

/// The rest of the file cannot be had.
fn cut_file(connection: &mut Connection, why: &str) -> Step {
    if let Phase::Exchange(exchange) = &mut connection.phase {
        exchange.cut = Some(format!("the file could not be sent to its end: {why}"));
    }
    end_file(connection);
    Step::Again
}

fn end_file(connection: &mut Connection) {
    if let Phase::Exchange(exchange) = &mut connection.phase {
        exchange.file = None;
    }
}

/// Not in chunks, and not where the call was told to end.
fn can_take(exchange: &InFlight) -> bool {
    let is_unchunked = matches!(
        exchange.framing,
        Some(ResponseFraming::Length(_) | ResponseFraming::UntilClose)
    );
    is_unchunked && exchange.ending.is_none()
}

/// Whether it is the connection that broke, and not the file.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected
    )
}

//! The body of a message as far as it was kept: a beginning, and how long it was in all.
//!
//! Invariant: what is kept is always a beginning. Once a byte was not kept, none behind it
//! is, whoever keeps them and for whatever reason; and then the reason is known. So it is
//! where the message itself is incomplete (RFC 9112 section 8): bytes that never came are
//! not kept either.

use std::fmt;

use serde::{Deserialize, Serialize};

/// So many bytes of each body are kept to be looked at.
pub const BODY_KEPT: usize = 10 << 20;

/// Why only a beginning of a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cut {
    /// It is longer than bodies are kept.
    Long,
    /// Pieces of it were dropped on the way to who keeps them.
    Fast,
    /// Too much was in flight for the memory there is for that.
    Memory,
    /// The disk did not take it.
    Disk,
    /// It had to be unpacked to find what is secret in it, and unpacks to more.
    Masking,
    /// It comes from elsewhere, without the rest and without a reason.
    Unrecorded,
    /// The client went away, or sent no more, in the middle of it.
    Unsent,
    /// The application answered without having read all of it.
    Unread,
    /// It is longer than the server takes.
    Oversize,
    /// Its framing broke off in something that is none.
    Malformed,
    /// The server answered in the application's stead before it was all there.
    Unawaited,
    /// The client went away before it had all of this response.
    Untaken,
    /// The response ended before its end.
    Unfinished,
}

impl Cut {
    /// Whether the message itself is incomplete, so that nobody could have kept it whole.
    pub fn is_of_the_message(self) -> bool {
        match self {
            Self::Long
            | Self::Fast
            | Self::Memory
            | Self::Disk
            | Self::Masking
            | Self::Unrecorded => false,
            Self::Unsent
            | Self::Unread
            | Self::Oversize
            | Self::Malformed
            | Self::Unawaited
            | Self::Untaken
            | Self::Unfinished => true,
        }
    }
}

impl fmt::Display for Cut {
    /// What is said behind how much is kept of how much.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Long => "longer than bodies are kept",
            Self::Fast => "the rest came faster than it could be kept",
            Self::Memory => "too much was in flight at once",
            Self::Disk => "the rest could not be written",
            Self::Masking => "the rest could not be looked through for secrets",
            Self::Unrecorded => "the rest was not recorded",
            Self::Unsent => "the client did not send all of it",
            Self::Unread => "the application did not read all of it",
            Self::Oversize => "it is longer than a request's body may be",
            Self::Malformed => "its chunks are malformed",
            Self::Unawaited => "rdev answered before all of it had come",
            Self::Untaken => "the client did not take all of it",
            Self::Unfinished => "the response broke off",
        })
    }
}

/// How long a body is, and how much of its beginning is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes there were in all; where a body was cut to be masked, those that are there. Of
    /// an incomplete request as many as its head announces, or where it announces none,
    /// those that came; of an incomplete response those that were sent.
    pub total: u64,
    /// Bytes that are kept.
    pub kept: u64,
    /// Why these are not all.
    pub cut: Option<Cut>,
}

impl Size {
    /// That of a body of which everything is there.
    pub fn whole(bytes: usize) -> Self {
        Self { total: bytes as u64, kept: bytes as u64, cut: None }
    }

    /// Counts a piece where at most `limit` bytes are kept in all, for the reason given.
    /// Returns how many bytes of the piece are to be kept.
    pub fn grow(&mut self, piece: usize, limit: u64, why: Cut) -> usize {
        self.total += piece as u64;
        if self.cut.is_some() {
            return 0;
        }
        let room = usize::try_from(limit.saturating_sub(self.kept)).unwrap_or(usize::MAX);
        if piece > room {
            self.cut = Some(why);
        }
        self.kept += piece.min(room) as u64;
        piece.min(room)
    }

    /// Counts bytes that nobody can look at.
    pub fn pass(&mut self, bytes: u64, why: Cut) {
        self.total += bytes;
        if bytes > 0 {
            self.cut.get_or_insert(why);
        }
    }

    /// The message has ended without so many bytes, or without an unknown number where
    /// that is 0. Why it is incomplete is told before why less of it is kept than came.
    pub fn miss(&mut self, bytes: u64, why: Cut) {
        self.total = self.total.saturating_add(bytes);
        self.cut = Some(why);
    }

    /// Of what was kept, so many bytes at the end are lost.
    pub fn lose(&mut self, bytes: u64, why: Cut) {
        self.kept -= bytes.min(self.kept);
        if bytes > 0 && !self.cut.is_some_and(Cut::is_of_the_message) {
            self.cut = Some(why);
        }
    }
}

/// A body with the bytes that are kept of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The first bytes.
    pub kept: Vec<u8>,
    /// How many bytes there were in all, as [`Size::total`] has it.
    pub total: u64,
    /// Why these are not all.
    pub cut: Option<Cut>,
}

impl Body {
    /// One of which everything is there.
    pub fn whole(kept: Vec<u8>) -> Self {
        Self { total: kept.len() as u64, kept, cut: None }
    }

    /// One of which so many bytes there were, and these are there. A reason is given
    /// where they are not all.
    pub fn beginning(kept: Vec<u8>, total: u64, why: Option<Cut>) -> Self {
        let there = kept.len() as u64;
        let cut = why.or((there < total).then_some(Cut::Unrecorded));
        Self { kept, total: total.max(there), cut }
    }

    /// Adds a piece, keeping at most `limit` bytes in all, for the reason given.
    pub fn push(&mut self, piece: &[u8], limit: usize, why: Cut) {
        let mut size = self.size();
        let kept = size.grow(piece.len(), limit as u64, why);
        self.kept.extend_from_slice(&piece[..kept]);
        (self.total, self.cut) = (size.total, size.cut);
    }

    /// Counts bytes that nobody can look at.
    pub fn pass(&mut self, bytes: u64, why: Cut) {
        let mut size = self.size();
        size.pass(bytes, why);
        (self.total, self.cut) = (size.total, size.cut);
    }

    /// The message has ended without so many bytes, as [`Size::miss`] has it.
    pub fn miss(&mut self, bytes: u64, why: Cut) {
        let mut size = self.size();
        size.miss(bytes, why);
        (self.total, self.cut) = (size.total, size.cut);
    }

    /// Keeps no more than so many bytes, for the reason given.
    pub fn shorten(&mut self, limit: usize, why: Cut) {
        if self.kept.len() > limit {
            self.kept.truncate(limit);
            self.kept.shrink_to_fit();
            self.cut.get_or_insert(why);
        }
    }

    /// How long it is, and how much of it is here.
    pub fn size(&self) -> Size {
        Size { total: self.total, kept: self.kept.len() as u64, cut: self.cut }
    }

    /// Whether every byte was kept.
    pub fn is_whole(&self) -> bool {
        self.cut.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_keeps_a_beginning_and_counts_the_rest() {
        let mut body = Body::default();
        body.push(b"abc", 5, Cut::Long);
        assert!(body.is_whole());
        body.push(b"def", 5, Cut::Long);
        body.push(b"g", 100, Cut::Memory);
        assert_eq!(body, Body::beginning(b"abcde".to_vec(), 7, Some(Cut::Long)));
        assert!(!body.is_whole());
    }

    #[test]
    fn one_that_just_fits_is_whole() {
        let mut body = Body::default();
        for piece in [&b"abc"[..], b"de", b""] {
            body.push(piece, 5, Cut::Long);
        }
        body.pass(0, Cut::Fast);
        assert_eq!(body, Body::whole(b"abcde".to_vec()));
    }

    #[test]
    fn nothing_is_kept_behind_a_hole_and_the_first_reason_is_told() {
        let mut body = Body::default();
        body.push(b"ab", 100, Cut::Long);
        body.pass(3, Cut::Fast);
        body.push(b"fg", 100, Cut::Long);
        body.pass(1, Cut::Long);
        assert_eq!(body, Body::beginning(b"ab".to_vec(), 8, Some(Cut::Fast)));
        let mut size = Size::default();
        assert_eq!((size.grow(4, 100, Cut::Long), size.grow(2, 100, Cut::Long)), (4, 2));
        size.lose(2, Cut::Disk);
        assert_eq!(size.grow(4, 100, Cut::Long), 0);
        assert_eq!(size, Size { total: 10, kept: 4, cut: Some(Cut::Disk) });
    }

    #[test]
    fn that_a_message_is_incomplete_is_told_before_why_less_of_it_is_kept() {
        let mut body = Body::default();
        body.push(b"abcdef", 5, Cut::Long);
        body.miss(4, Cut::Unsent);
        assert_eq!(body, Body::beginning(b"abcde".to_vec(), 10, Some(Cut::Unsent)));
        let mut size = body.size();
        size.lose(2, Cut::Disk);
        assert_eq!(size, Size { total: 10, kept: 3, cut: Some(Cut::Unsent) });
        // Nobody knows how much there was to come.
        let mut chunked = Body::whole(b"ab".to_vec());
        chunked.miss(0, Cut::Malformed);
        assert!(!chunked.is_whole() && chunked.total == 2);
        size.miss(u64::MAX, Cut::Unread);
        assert_eq!(size.total, u64::MAX, "a head may announce anything");
    }
}

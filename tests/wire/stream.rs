//! A connection's bytes read to the end with nothing but the `http` layer, as the server
//! does it: head, framing, body, the next head.

use _rdev::http::{
    ChunkDecoder, Error, Limits, RequestFraming, RequestHead, RequestParser,
    check_expectation, request_framing,
};

/// A request that came whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) head: RequestHead,
    pub(crate) body: Vec<u8>,
}

/// What stands behind the last request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing.
    Clean,
    /// Something that is not looked at, since the last request was to be the last.
    Closed,
    /// Something that more may make a request of.
    Partial,
    Refused(Error),
}

/// What becomes of all bytes of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) requests: Vec<Request>,
    pub(crate) end: End,
}

/// Reads pieces as they come.
pub(crate) struct Stream {
    limits: Limits,
    inbox: Vec<u8>,
    parser: RequestParser,
    body: Option<Body>,
    outcome: Outcome,
    /// The most bytes that were kept at any time.
    pub(crate) most_kept: usize,
}

struct Body {
    head: RequestHead,
    bytes: Vec<u8>,
    framing: Framing,
}

enum Framing {
    Length(usize),
    Chunked(Box<ChunkDecoder>),
}

/// Reads pieces from first to last.
pub(crate) fn read<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut stream = Stream::new(limits);
    for piece in pieces {
        stream.feed(piece);
    }
    stream.finish()
}

impl Stream {
    pub(crate) fn new(limits: Limits) -> Self {
        let outcome = Outcome { requests: Vec::new(), end: End::Clean };
        let parser = RequestParser::new(limits);
        Self { limits, inbox: Vec::new(), parser, body: None, outcome, most_kept: 0 }
    }

    /// Takes one piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        self.inbox.extend_from_slice(piece);
        while self.outcome.end == End::Clean {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.outcome.end = End::Refused(error),
            }
        }
        self.most_kept = self.most_kept.max(self.inbox.len());
    }

    /// Says what came of it all.
    pub(crate) fn finish(mut self) -> Outcome {
        let is_partial = !self.inbox.is_empty() || self.body.is_some();
        if self.outcome.end == End::Clean && is_partial {
            self.outcome.end = End::Partial;
        }
        self.outcome
    }

    /// Whether nothing more is taken.
    pub(crate) fn is_over(&self) -> bool {
        self.outcome.end != End::Clean
    }

    /// True if something moved.
    fn step(&mut self) -> Result<bool, Error> {
        let Some(body) = &mut self.body else {
            return self.read_head();
        };
        let is_whole = match &mut body.framing {
            Framing::Length(left) => {
                let length = (*left).min(self.inbox.len());
                body.bytes.extend(self.inbox.drain(..length));
                *left -= length;
                *left == 0
            }
            Framing::Chunked(decoder) => {
                let taken = decoder.decode(&self.inbox, &mut body.bytes)?;
                self.inbox.drain(..taken);
                decoder.is_done()
            }
        };
        if is_whole && let Some(body) = self.body.take() {
            self.end_request(body);
        }
        Ok(is_whole)
    }

    fn read_head(&mut self) -> Result<bool, Error> {
        let Some((head, length)) = self.parser.parse(&self.inbox)? else {
            return Ok(false);
        };
        assert!(self.parser.head_start() < length && length <= self.inbox.len());
        self.inbox.drain(..length);
        check_expectation(&head)?;
        let framing = match request_framing(&head, self.limits.body)? {
            RequestFraming::Length(length) => {
                Framing::Length(usize::try_from(length).unwrap())
            }
            RequestFraming::Chunked => {
                let decoder = ChunkDecoder::new(self.limits, &head.headers);
                Framing::Chunked(Box::new(decoder))
            }
        };
        self.body = Some(Body { head, bytes: Vec::new(), framing });
        Ok(true)
    }

    fn end_request(&mut self, body: Body) {
        if !body.head.wants_keep_alive() {
            self.outcome.end = End::Closed;
        }
        self.outcome.requests.push(Request { head: body.head, body: body.bytes });
        self.parser = RequestParser::new(self.limits);
    }
}

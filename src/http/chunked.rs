//! The chunked transfer coding (RFC 9112 section 7.1), both ways.
//!
//! httparse's chunk-size parser reads an empty line as size 0 and takes any octet in
//! extensions, which is how requests are smuggled; this one holds to the grammar.

use super::error::Error;
use super::header::{Headers, is_token};
use super::limits::Limits;

/// What ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Frames one block of a response's body. An empty block gives no bytes, since an empty
/// chunk would end the body.
pub fn encode_chunk(block: &[u8], out: &mut Vec<u8>) {
    if !block.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", block.len()).as_bytes());
        out.extend_from_slice(block);
        out.extend_from_slice(b"\r\n");
    }
}

/// Takes the framing off a chunked body, in pieces as they arrive.
#[derive(Debug)]
pub struct ChunkDecoder {
    state: State,
    limits: Limits,
    /// The line being read.
    line: Vec<u8>,
    /// Bytes of extensions so far, and of trailer fields without the ends of their lines.
    extensions: usize,
    trailer_bytes: usize,
    /// The trailer fields so far, each with its CRLF.
    trailers: Vec<u8>,
    /// How many fields there were, those of the head included.
    fields: usize,
    decoded: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    /// The CRLF behind the data; how many of its bytes came.
    DataEnd(u8),
    Trailer,
    Done,
}

impl ChunkDecoder {
    /// For the body that belongs to a head with these fields.
    pub fn new(limits: Limits, headers: &Headers) -> Self {
        Self {
            state: State::Size,
            limits,
            line: Vec::new(),
            extensions: 0,
            trailer_bytes: 0,
            trailers: Vec::new(),
            fields: headers.0.len(),
            decoded: 0,
        }
    }

    /// Decodes what there is, appends data to `out` and returns how many bytes of
    /// `input` belong to this body.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        let mut taken = 0;
        while taken < input.len() && self.state != State::Done {
            taken += self.step(&input[taken..], out)?;
        }
        Ok(taken)
    }

    /// The trailer fields so far, line by line as they were sent.
    pub fn trailers(&self) -> &[u8] {
        &self.trailers
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        match self.state {
            State::Size | State::Trailer => self.take_line(input),
            State::Data(left) => {
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                out.extend_from_slice(&input[..length]);
                let left = left - length as u64;
                self.state =
                    if left == 0 { State::DataEnd(0) } else { State::Data(left) };
                Ok(length)
            }
            State::DataEnd(seen) => {
                if input[0] != b"\r\n"[usize::from(seen)] {
                    return Err(Error::bad("a chunk is longer than its size says"));
                }
                self.state = if seen == 0 { State::DataEnd(1) } else { State::Size };
                Ok(1)
            }
            State::Done => Ok(0),
        }
    }

    /// Collects a line; at its end the line is read and forgotten.
    fn take_line(&mut self, input: &[u8]) -> Result<usize, Error> {
        let end = memchr::memchr(b'\n', input);
        let length = end.unwrap_or(input.len());
        self.line.extend_from_slice(&input[..length]);
        let content = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        self.check_length(content.len())?;
        if end.is_none() {
            return Ok(length);
        }
        let line = std::mem::take(&mut self.line);
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err(Error::bad("a line must end in CRLF, not in a bare LF"));
        };
        if self.state == State::Size {
            self.read_size(line)?;
        } else {
            self.read_trailer(line)?;
        }
        Ok(length + 1)
    }

    /// Holds the line being read, as far as it came, to its limits.
    fn check_length(&self, length: usize) -> Result<(), Error> {
        if self.state == State::Size {
            if length > self.limits.chunk_line {
                return Err(EXTENSIONS_TOO_LONG);
            }
        } else if length > self.limits.field_line
            || self.trailer_bytes + length > self.limits.trailers
        {
            return Err(Error::with(431, "the trailer fields are too long"));
        }
        Ok(())
    }

    fn read_size(&mut self, line: &[u8]) -> Result<(), Error> {
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (size, extensions) = line.split_at(digits);
        if digits == 0 || digits > 16 || !are_extensions(extensions) {
            return Err(Error::bad("a chunk size is malformed"));
        }
        self.extensions += extensions.len();
        if self.extensions > self.limits.chunk_extensions {
            return Err(EXTENSIONS_TOO_LONG);
        }
        let size = std::str::from_utf8(size)
            .ok()
            .and_then(|text| u64::from_str_radix(text, 16).ok())
            .ok_or(Error::bad("a chunk size is malformed"))?;
        self.decoded = self.decoded.saturating_add(size);
        if self.decoded > self.limits.body {
            return Err(Error::with(413, "the request body is too large"));
        }
        self.state = if size == 0 { State::Trailer } else { State::Data(size) };
        Ok(())
    }

    /// Trailers are checked and kept apart: merged into the header fields they could forge
    /// any of them (RFC 9110 section 6.5.1).
    fn read_trailer(&mut self, line: &[u8]) -> Result<(), Error> {
        if line.is_empty() {
            self.state = State::Done;
            return Ok(());
        }
        self.fields += 1;
        if self.fields > self.limits.fields {
            return Err(Error::with(431, "too many header and trailer fields"));
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(0);
        let (name, value) = line.split_at(colon);
        let clean = value.iter().all(|&byte| !byte.is_ascii_control() || byte == b'\t');
        if !is_token(name) || !clean {
            return Err(Error::bad("a trailer field is malformed"));
        }
        if is_head_only(name) {
            return Err(Error::bad("a trailer field is one that only a head may have"));
        }
        self.trailer_bytes += line.len();
        self.trailers.extend_from_slice(line);
        self.trailers.extend_from_slice(b"\r\n");
        Ok(())
    }
}

const EXTENSIONS_TOO_LONG: Error = Error::bad("the chunk extensions are too long");

/// Fields on which framing, routing or authentication depend, which no sender may put
/// into trailers (RFC 9110 section 6.5.1): whoever does hopes that somebody on the way
/// merges them.
fn is_head_only(name: &[u8]) -> bool {
    const NAMES: [&str; 8] = [
        "authorization",
        "content-length",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn are_extensions(mut rest: &[u8]) -> bool {
    loop {
        let after = skip_blanks(rest);
        if rest.is_empty() {
            return true;
        }
        let Some((b';', tail)) = after.split_first() else {
            return false;
        };
        let Some(tail) = skip_token(skip_blanks(tail)) else {
            return false;
        };
        rest = tail;
        if let Some((b'=', tail)) = skip_blanks(tail).split_first() {
            let tail = skip_blanks(tail);
            let Some(tail) = skip_quoted(tail).or_else(|| skip_token(tail)) else {
                return false;
            };
            rest = tail;
        }
    }
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &bytes[blanks..]
}

fn skip_token(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.iter().take_while(|byte| is_token(&[**byte])).count();
    (length > 0).then(|| &bytes[length..])
}

fn skip_quoted(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    loop {
        match rest {
            [b'"', tail @ ..] => return Some(tail),
            [b'\\', byte, tail @ ..] if !byte.is_ascii_control() => rest = tail,
            [byte, tail @ ..] if *byte == b'\t' || !byte.is_ascii_control() => {
                rest = tail;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes whole and byte by byte; both must agree.
    fn decode(input: &[u8]) -> Result<(Vec<u8>, usize, bool), Error> {
        let run = |step: usize| {
            let limits = Limits { body: 1000, ..Limits::default() };
            let mut decoder = ChunkDecoder::new(limits, &Headers::default());
            let mut out = Vec::new();
            let mut taken = 0;
            for piece in input.chunks(step) {
                taken += decoder.decode(piece, &mut out)?;
            }
            Ok((out, taken, decoder.is_done()))
        };
        let whole = run(input.len());
        assert_eq!(whole, run(1), "the cuts between reads changed the answer");
        whole
    }

    #[test]
    fn a_body_ends_at_the_empty_line_and_what_follows_is_left() {
        let wire = b"3\r\nabc\r\nA;x=\"y\\\"\" ; z\r\n0123456789\r\n0\r\nT: v\r\n\r\nGET";
        let (body, taken, done) = decode(wire).unwrap();
        assert_eq!(body, b"abc0123456789");
        assert!(done);
        assert_eq!(taken, wire.len() - 3);
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for bad in [
            b"\r\n".as_slice(),
            b";x\r\n",
            b" 3\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"+3\r\nabc\r\n",
            b"0x3\r\nabc\r\n",
            b"3\nabc\r\n",
            b"3\r\nabcd\r\n",
            b"3\r\nabc\n",
            b"3;\r\nabc\r\n",
            b"3;a=\r\nabc\r\n",
            b"3;a\x00\r\nabc\r\n",
            b"00000000000000003\r\nabc\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\n : v\r\n\r\n",
            b"0\r\nhost: v\r\n\r\n",
        ] {
            let shown = String::from_utf8_lossy(bad).into_owned();
            assert_eq!(decode(bad).map_err(|error| error.status), Err(400), "{shown:?}");
        }
        assert_eq!(decode(b"400\r\n").map_err(|error| error.status), Err(413));
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut wire = Vec::new();
        for block in [b"one".as_slice(), b"", b"two"] {
            encode_chunk(block, &mut wire);
        }
        wire.extend_from_slice(LAST_CHUNK);
        assert_eq!(decode(&wire).unwrap(), (b"onetwo".to_vec(), wire.len(), true));
    }
}

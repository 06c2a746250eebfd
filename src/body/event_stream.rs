//! Streams of server-sent events (`text/event-stream`), cut into their blocks as the HTML
//! standard reads them: section 9.2.6, "Interpreting an event stream".
//!
//! A block is what stands between two empty lines: one event, or what no client is told
//! of, such as a comment that keeps the connection alive.

/// A block of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// How many bytes of the stream there were when it was complete.
    pub end: usize,
    /// The type of the event; clients take `message` where there is none.
    pub name: Option<String>,
    /// Lines parted by `\n`. Where there is none, no client is told of the block.
    pub data: Option<String>,
    /// What `id` says in this block. It holds for those behind it, too.
    pub id: Option<String>,
    /// After how many milliseconds clients connect again.
    pub retry: Option<u64>,
    pub comments: Vec<String>,
    /// Lines that mean nothing.
    pub ignored: Vec<String>,
}

/// The blocks that are complete, and where the rest begins, which clients hold back until
/// there is an empty line behind it. Bytes that are not UTF-8 become U+FFFD.
pub fn event_stream(stream: &[u8]) -> (Vec<Block>, usize) {
    let (mut blocks, mut block, mut rest) = (Vec::new(), Block::default(), 0);
    // One byte order mark at the very beginning does not count.
    let mut at = if stream.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    while let Some((line, next)) = line(stream, at) {
        at = next;
        if !line.is_empty() {
            block.take(&String::from_utf8_lossy(line));
            continue;
        }
        let complete = std::mem::take(&mut block);
        if complete != Block::default() {
            blocks.push(Block { end: at, ..complete });
        }
        rest = at;
    }
    (blocks, rest)
}

/// The line that begins there, and where the next one does; `None` where it has no end.
/// Lines end with CR LF, LF or CR.
fn line(stream: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let rest = &stream[from..];
    let length = memchr::memchr2(b'\n', b'\r', rest)?;
    let end = if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
    Some((&rest[..length], from + length + end))
}

/// Where a block begins that is not far behind a place: right behind an empty line.
pub fn block_after(stream: &[u8], place: usize) -> Option<usize> {
    let mut at = place;
    let mut before = false;
    while let Some((line, next)) = line(stream, at) {
        // What was cut at the place itself is no line.
        if line.is_empty() && before {
            return Some(next);
        }
        (at, before) = (next, true);
    }
    None
}

impl Block {
    /// Takes in a line that is not empty.
    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comments.push(value.to_owned()),
            "event" => self.name = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                match value.parse() {
                    Ok(millis) => self.retry = Some(millis),
                    Err(_) => self.ignored.push(line.to_owned()),
                }
            }
            _ => self.ignored.push(line.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Name, data and id of each event that a client is told of.
    fn told(stream: &str) -> Vec<(String, String, String)> {
        let mut id = String::new();
        let (blocks, _) = event_stream(stream.as_bytes());
        let told = blocks.into_iter().filter_map(|block| {
            id = block.id.unwrap_or(std::mem::take(&mut id));
            let name = block.name.unwrap_or("message".to_owned());
            Some((name, block.data?, id.clone()))
        });
        told.collect()
    }

    fn data(stream: &str) -> Vec<String> {
        told(stream).into_iter().map(|(_, data, _)| data).collect()
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
        let stream = ": test stream\n\ndata: first event\nid: 1\n\n\
                      data:second event\nid\n\ndata:  third event\n\n";
        let event =
            |data: &str, id: &str| ("message".to_owned(), data.to_owned(), id.to_owned());
        let events = [
            event("first event", "1"),
            event("second event", ""),
            event(" third event", ""),
        ];
        assert_eq!(told(stream), events);
        assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
        assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
    }

    #[test]
    fn lines_end_in_three_ways_and_one_byte_order_mark_does_not_count() {
        let events = ["a\nb", "c"];
        for stream in ["data:a\ndata:b\n\ndata:c\n\n", "data:a\rdata:b\r\rdata:c\r\r"] {
            assert_eq!(data(stream), events);
        }
        assert_eq!(data("data:a\r\ndata:b\r\n\r\ndata:c\n\r\n"), events);
        assert_eq!(data("\u{feff}data:a\n\n"), ["a"]);
        assert!(data("\u{feff}\u{feff}data:a\n\n").is_empty());
    }

    #[test]
    fn what_means_nothing_is_kept_apart() {
        let stream = "event: tick\nretry: 3000\nretry: 3s\nretry:\nid: a\0b\ncolour: red\n\
                      Data: no\n: alive\n:\n\n\n\nevent:\ndata: x\n\n";
        let (blocks, rest) = event_stream(stream.as_bytes());
        assert_eq!(blocks.len(), 2);
        let block = &blocks[0];
        assert_eq!((block.name.as_deref(), block.retry), (Some("tick"), Some(3000)));
        assert_eq!((&block.data, &block.id), (&None, &None));
        assert_eq!(block.comments, ["alive", ""]);
        let ignored = ["retry: 3s", "retry:", "id: a\0b", "colour: red", "Data: no"];
        assert_eq!(block.ignored, ignored);
        assert_eq!((&blocks[1].name, rest), (&None, stream.len()));
    }

    #[test]
    fn an_event_is_complete_with_its_empty_line() {
        let stream = b"data: one\n\ndata: two\ndata: and";
        let (blocks, rest) = event_stream(stream);
        assert_eq!((blocks.len(), blocks[0].end, rest), (1, 11, 11));
        let (blocks, rest) = event_stream(b"data: \xff\n\n");
        assert_eq!((blocks[0].data.as_deref(), rest), (Some("\u{fffd}"), 9));
    }

    #[test]
    fn a_block_is_found_behind_a_place() {
        let stream = b"data: one\n\ndata: two\r\n\r\ndata: three";
        assert_eq!(block_after(stream, 0), Some(11));
        assert_eq!(block_after(stream, 4), Some(11));
        // Whether that one is the end of a block cannot be told from here.
        assert_eq!(block_after(stream, 10), Some(24));
        assert_eq!(block_after(stream, 24), None);
    }

    proptest! {
        /// However far it has come, what was complete before is read in the same way.
        #[test]
        fn what_is_complete_stays_as_it_is(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["data", ":", " ", "a", "\n", "\n\n", "id", "event", "retry", "7"]),
                0..60,
            ),
        ) {
            let stream = pieces.concat().into_bytes();
            let (all, _) = event_stream(&stream);
            for end in 0..stream.len() {
                let (blocks, rest) = event_stream(&stream[..end]);
                prop_assert!(rest <= end);
                prop_assert_eq!(&blocks, &all[..blocks.len()]);
            }
        }
    }
}

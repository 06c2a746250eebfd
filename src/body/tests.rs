//! Unpacking what other programs packed (`tests/corpus/codings/`), whole, cut short,
//! damaged and made to grow without end.

use proptest::prelude::*;

use super::*;
use crate::http::{Headers, ResponseHead};

/// Codings as a header names them, and a text in them.
const PACKED: [(&str, &[u8]); 11] = [
    ("gzip", include_bytes!("../../tests/corpus/codings/greeting.gz")),
    ("X-GZip", include_bytes!("../../tests/corpus/codings/greeting.members.gz")),
    ("deflate", include_bytes!("../../tests/corpus/codings/greeting.zlib")),
    ("deflate", include_bytes!("../../tests/corpus/codings/greeting.deflate")),
    ("br", include_bytes!("../../tests/corpus/codings/greeting.br")),
    ("zstd", include_bytes!("../../tests/corpus/codings/greeting.zst")),
    ("zstd", include_bytes!("../../tests/corpus/codings/greeting.frames.zst")),
    ("zstd", include_bytes!("../../tests/corpus/codings/greeting.flushed.zst")),
    ("gzip, br", include_bytes!("../../tests/corpus/codings/greeting.gz.br")),
    ("identity,gzip ,, br", include_bytes!("../../tests/corpus/codings/greeting.gz.br")),
    ("identity", include_bytes!("../../tests/corpus/codings/greeting.txt")),
];

const ZEROS: [(&str, &[u8]); 3] = [
    ("br", include_bytes!("../../tests/corpus/codings/zeros.br")),
    ("zstd", include_bytes!("../../tests/corpus/codings/zeros.zst")),
    ("gzip, gzip", include_bytes!("../../tests/corpus/codings/zeros.gz.gz")),
];

const GREETING: &[u8] = include_bytes!("../../tests/corpus/codings/greeting.txt");

fn read_coded<'a>(coding: &str, bytes: &'a [u8], most: usize) -> Reading<'a> {
    let mut headers = Headers::default();
    headers.push("Content-Type", "text/plain");
    headers.push("Content-Encoding", coding);
    read(bytes, Some(&headers), Unpacking::up_to(most))
}

#[test]
fn every_coding_is_undone() {
    for (coding, packed) in PACKED {
        let reading = read_coded(coding, packed, GREETING.len());
        assert_eq!(reading.content, GREETING, "{coding}");
        assert_eq!(reading.stop, None, "{coding}");
    }
    let reading = read_coded("gzip, br", PACKED[8].1, 999);
    assert_eq!(reading.decoded_from().as_deref(), Some("gzip, br"));
}

#[test]
fn codings_in_several_fields_are_one_list() {
    let mut headers = Headers::default();
    headers.push("Content-Encoding", "gzip");
    headers.push("content-encoding", "br");
    assert_eq!(read(PACKED[8].1, Some(&headers), Unpacking::USUAL).content, GREETING);
}

#[test]
fn what_is_cut_short_is_given_as_far_as_it_got() {
    for (coding, packed) in &PACKED[..9] {
        for length in 1..packed.len() {
            let reading = read_coded(coding, &packed[..length], 999);
            if reading.is_as_sent() {
                continue;
            }
            assert!(GREETING.starts_with(&reading.content), "{coding} {length}");
            // Between two members or frames nothing says that more was to come.
            let between = reading.stop.is_none()
                && packed.len() > 2 * GREETING.len()
                && reading.content.len() < GREETING.len();
            assert!(
                between || reading.stop == Some(Stop::Truncated),
                "{coding} {length}"
            );
        }
    }
    let flushed = PACKED[7].1;
    let reading = read_coded("zstd", &flushed[..flushed.len() - 3], 999);
    assert_eq!(reading.content, GREETING);
    assert_eq!(reading.stop, Some(Stop::Truncated));
}

#[test]
fn damage_stops_what_follows_it_and_is_said() {
    for (coding, packed) in [PACKED[0], PACKED[5]] {
        let mut packed = packed.to_vec();
        // The last byte of what checks the content: CRC-32 and length, or XXH64.
        let last = packed.len() - if coding == "gzip" { 5 } else { 1 };
        packed[last] ^= 1;
        let reading = read_coded(coding, &packed, 999);
        assert_eq!(reading.stop, Some(Stop::Damaged), "{coding}");
        assert!(GREETING.starts_with(&reading.content), "{coding}");
    }
}

#[test]
fn a_body_made_to_grow_without_end_is_bounded_in_every_layer() {
    for (coding, packed) in ZEROS {
        assert!(packed.len() < 10_000, "{coding}");
        let reading = read_coded(coding, packed, 1 << 20);
        assert!(reading.content.len() <= 1 << 20, "{coding}");
        assert_eq!(reading.stop, Some(Stop::Bound), "{coding}");
    }
    let all = "gzip, ".repeat(99);
    assert!(read_coded(&all, ZEROS[2].1, 1 << 20).is_as_sent());
}

#[test]
fn what_grows_beyond_likelihood_is_cut_where_it_is_large() {
    let (coding, packed) = ZEROS[1];
    let mut headers = Headers::default();
    headers.push("Content-Encoding", coding);
    let unpacked = |unpacking| read(packed, Some(&headers), unpacking).content.len();
    let usual = Unpacking::USUAL;
    assert_eq!(unpacked(usual), Unpacking::UNSUSPECTED);
    let wider = Unpacking { ratio: 1000, ..usual };
    assert_eq!(unpacked(wider), packed.len() * 1000);
    assert_eq!(unpacked(Unpacking { ratio: usize::MAX, ..usual }), usual.unpacked);
    assert_eq!(unpacked(Unpacking { codings: 0, ..usual }), packed.len());
}

proptest! {
    #[test]
    fn hostile_bytes_end_in_some_reading(
        which in 0..PACKED.len() + ZEROS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let (coding, packed) = PACKED.iter().chain(&ZEROS).nth(which).copied().unwrap();
        let mut bytes = packed.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        let reading = read_coded(coding, &bytes, 4096);
        // A byte of Windows-1252 takes up to three as text: 0x82 is U+201A.
        prop_assert!(reading.is_as_sent() || reading.content.len() <= 3 * 4096);
    }

    #[test]
    fn garbage_is_read_as_what_it_is(
        coding in "(gzip|deflate|br|zstd)(, (gzip|deflate|br|zstd)){0,3}",
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let reading = read_coded(&coding, &bytes, 1 << 16);
        prop_assert!(reading.is_as_sent() || reading.content.len() <= 1 << 16);
    }
}

#[test]
fn what_can_be_told_from_afar_to_be_plain_is_read_as_it_is() {
    let heads = [
        ("", true),
        ("Content-Type: text/html; charset=UTF-8\r\n", true),
        ("Content-Type: text/html; charset=\"utf-8\"\r\n", true),
        ("Content-Type: text/html; charset=latin-1\r\n", false),
        ("Content-type: text/html; Charset = latin-1\r\n", false),
        ("CONTENT-ENCODING: gzip\r\n", false),
    ];
    let bodies: [(&[u8], bool); 8] = [
        (b"", true),
        (b"\xc3\xa4 \0 <p>", true),
        (b"\xe4 <p>", false),
        (b"<meta charset=utf-8>\xc3\xa4", true),
        (b"<meta charset='koi8-r'>\xe4", false),
        (b"<meta CHARSET = koi8-r>\xe4", false),
        (b"\xff\xfeh\0", false),
        (b"<?xml encoding='latin-1'?>\xe4", false),
    ];
    for (fields, plain_head) in heads {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let headers = ResponseHead::parse(head.as_bytes()).unwrap().headers;
        for (body, plain_body) in bodies {
            let plain = is_plain(head.as_bytes(), body);
            assert_eq!(plain, plain_head && plain_body, "{head} {body:?}");
            if plain {
                assert_eq!(read(body, Some(&headers), Unpacking::USUAL).content, body);
            }
        }
    }
}

#[test]
fn what_is_wrong_with_packed_data_is_told_with_its_place() {
    let packed = |coding: &str, bytes: &[u8]| {
        let mut headers = Headers::default();
        headers.push("Content-Encoding", coding);
        let reading = read(bytes, Some(&headers), Unpacking::USUAL);
        let told = reading.damage.map(|damage| damage.to_string()).unwrap_or_default();
        (told, reading.content.len())
    };
    let text = b"hello, hello, hello\n".repeat(50);
    let mut encoder =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &text).unwrap();
    let gzip = encoder.finish().unwrap();
    assert_eq!(packed("gzip", &gzip), (String::new(), 1000));
    assert_eq!(
        packed("gzip", b"plain text, no gzip"),
        ("gzip is damaged at byte 10: invalid gzip header".to_owned(), 19)
    );
    let mut checked = gzip.clone();
    let checksum = gzip.len() - 8;
    checked[checksum] ^= 1;
    let at = gzip.len();
    let told = format!(
        "gzip is damaged at byte {at}: corrupt gzip stream does not have a matching checksum"
    );
    assert_eq!(packed("gzip", &checked), (told, 1000));
    let mut bent = gzip.clone();
    bent[10] = 0xff;
    let (told, _) = packed("gzip", &bent);
    assert!(told.ends_with(": corrupt deflate stream"), "{told}");
    let (told, _) = packed("br", b"\xff\xff\xff\xff");
    assert!(told.starts_with("br is damaged: "), "{told}");
    assert_eq!(packed("gzip", &gzip[..gzip.len() - 1]).0, "", "it only ends early");
    assert_eq!(packed("gzip, br", b"\xff\xff\xff\xff").0, told, "the last one applied");
}

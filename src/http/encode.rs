//! The head of a response as bytes.

use super::framing::ResponseFraming;
use super::header::is_hop_by_hop;
use super::response::ResponseHead;

/// Writes a response head. Framing and connection are the server's: the application's
/// own hop-by-hop fields are left out, `Date` is added where it sent none
/// (RFC 9110 section 6.6.1), and HTTP/1.1 is announced whatever the client speaks
/// (RFC 9112 section 2.3).
pub fn encode_response_head(
    head: &ResponseHead,
    framing: ResponseFraming,
    connection: &'static str,
    date: &str,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(format!("HTTP/1.1 {} ", head.status).as_bytes());
    out.extend_from_slice(&head.reason);
    out.extend_from_slice(b"\r\n");
    for header in &head.headers.0 {
        let length = header.name.eq_ignore_ascii_case("content-length");
        // RFC 9110 section 8.6: none in a 204; RFC 9112 section 6.2: none beside chunked.
        let misplaced = head.status == 204 || framing == ResponseFraming::Chunked;
        if is_hop_by_hop(&header.name) || (length && misplaced) {
            continue;
        }
        field(&mut out, &header.name, &header.value);
    }
    if !head.headers.contains("date") {
        field(&mut out, "Date", date.as_bytes());
    }
    if framing == ResponseFraming::Chunked {
        field(&mut out, "Transfer-Encoding", b"chunked");
    }
    field(&mut out, "Connection", connection.as_bytes());
    out.extend_from_slice(b"\r\n");
    out
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    #[test]
    fn framing_and_connection_are_the_servers() {
        let mut headers = Headers::default();
        headers.push("Content-Type", "text/plain");
        headers.push("Transfer-Encoding", "chunked");
        let head = ResponseHead { status: 200, reason: b"Fine".to_vec(), headers };
        let bytes =
            encode_response_head(&head, ResponseFraming::Chunked, "keep-alive", "now");
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nDate: now\r\n\
             Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
        );
    }
}

//! curl sends again what was sent; the other forms are run by the live tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;

use super::*;
use crate::exchange::{Body, Cut, ExchangeId, Request, Source};
use crate::http::{Limits, RequestFraming, RequestParser, request_framing};

pub(super) fn exchange(raw: &[u8], body: &[u8]) -> Exchange {
    let request = Request { raw: raw.to_vec(), head: RequestHead::parse(raw) };
    let (id, at) = (ExchangeId(1), Timestamp::UNIX_EPOCH);
    let client = "127.0.0.1:1".to_owned();
    let mut exchange = Exchange::begin(id, at, Source::Client, client, Arc::new(request));
    exchange.request_body.push(body, usize::MAX, Cut::Long);
    exchange
}

fn copied(form: Form, exchange: &Exchange) -> String {
    String::from_utf8(copy_as(form, exchange, None).unwrap()).unwrap()
}

/// Reads one request and answers it.
fn receive(stream: &mut TcpStream) -> (RequestHead, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let mut parser = RequestParser::new(Limits::default());
    loop {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "the request ends early");
        bytes.extend_from_slice(&piece[..length]);
        let Some((head, end)) = parser.parse(&bytes).unwrap() else { continue };
        let RequestFraming::Length(length) = request_framing(&head, u64::MAX).unwrap()
        else {
            panic!("chunked")
        };
        let mut body = bytes.split_off(end);
        while (body.len() as u64) < length {
            let read = stream.read(&mut piece).unwrap();
            assert!(read > 0, "the body ends early");
            body.extend_from_slice(&piece[..read]);
        }
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            .unwrap();
        return (head, body);
    }
}

/// What a shell's command sends to the listener.
fn sent_by(shell: &str, command: &str, listener: &TcpListener) -> (RequestHead, Vec<u8>) {
    let mut child = Command::new(shell)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(command.as_bytes()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let received = thread::scope(|scope| {
        let mut stream = stream;
        scope.spawn(move || receive(&mut stream)).join().unwrap()
    });
    assert!(child.wait().unwrap().success(), "{command}");
    received
}

#[test]
fn curl_sends_what_was_sent() {
    let multipart =
        b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\n\
        \0\x01\xff\r\n--x--\r\n";
    let large = vec![b'z'; 300 << 10];
    let table: [(&str, &[u8]); 20] = [
        ("GET /a?b=c&d=%20e HTTP/1.1", b""),
        ("GET /[1-3]/{a,b}?x[]=1 HTTP/1.1", b""),
        ("GET /a/../b/./c?q='x' HTTP/1.1\nUser-Agent: me\nAccept: text/html", b""),
        ("GET / HTTP/1.1\nX-Empty:\nX-Quote: it's \"so\" $HOME `id` \\n !1", b""),
        ("GET / HTTP/1.1\nCookie: a=b; c=d\nX-Two: 1\nX-Two: 2", b""),
        ("GET / HTTP/1.1\nX-Odd: caf\u{e9} \u{202e}", b""),
        (
            "POST /form HTTP/1.1\nContent-Type: application/x-www-form-urlencoded",
            b"a=1&b=%27",
        ),
        ("POST /none HTTP/1.1", b"it's @home\n\n\ttwo\n"),
        ("POST /at HTTP/1.1", b"@/etc/hostname"),
        ("POST /hyphen HTTP/1.1", b"--x"),
        ("OPTIONS * HTTP/1.1", b""),
        (
            "POST /json HTTP/1.1\nContent-Type: application/json",
            "{\"ü\": \"日本\"}".as_bytes(),
        ),
        ("POST /empty HTTP/1.1\nContent-Type: text/plain", b""),
        ("PUT /binary HTTP/1.1\nContent-Type: image/png", b"\x89PNG\r\n\x1a\n\0\0%s\\n"),
        (
            "POST /multi HTTP/1.1\nContent-Type: multipart/form-data; boundary=x",
            multipart,
        ),
        ("POST /large HTTP/1.1\nContent-Type: text/plain", &large),
        ("HEAD /head HTTP/1.1", b""),
        ("PROPFIND /dav HTTP/1.1\nDepth: 1", b"<a/>"),
        ("DELETE /x HTTP/1.1", b""),
        ("GET /body HTTP/1.1", b"with a body"),
    ];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for (lines, body) in table {
        let (start, fields) = lines.split_once('\n').unwrap_or((lines, ""));
        let mut raw = format!("{start}\nHost: {address}\n");
        if !body.is_empty() || start.starts_with("POST") {
            raw += "Content-Length: ";
            raw += &body.len().to_string();
            raw += "\n";
        }
        raw.push_str(fields);
        let raw = format!("{}\n\n", raw.trim_end()).replace('\n', "\r\n");
        let exchange = exchange(raw.as_bytes(), body);
        let wanted = exchange.request.head.clone().unwrap_or_else(|| panic!("{raw}"));
        let command = copied(Form::Curl, &exchange);
        let (head, received) = sent_by("bash", &command, &listener);
        assert_eq!(
            (&head.method, &head.target),
            (&wanted.method, &wanted.target),
            "{command}"
        );
        assert_eq!(received, body, "{command}");
        let sorted = |head: &RequestHead| {
            let fields =
                head.headers.0.iter().filter(|field| field.name != "Content-Length");
            let fields = fields.map(|field| (field.name.clone(), field.value.clone()));
            let mut fields: Vec<_> = fields.collect();
            fields.sort();
            fields
        };
        assert_eq!(sorted(&head), sorted(&wanted), "{command}");
    }
}

#[test]
fn a_command_is_safe_to_print_and_in_the_plain_case_good_to_read() {
    let raw = b"POST /api/orders HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: x\r\nAccept: */*\r\n\
        Content-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    let plain = exchange(raw, b"{\"a\": 1}\n");
    assert_eq!(
        copied(Form::Curl, &plain),
        "curl \\\n  http://shop.test/api/orders \\\n  -H 'User-Agent: x' \\\n  -H 'Accept: */*' \\\n  \
         -H 'Content-Type: application/json' \\\n  --data-raw '{\"a\": 1}\n'\n"
    );
    assert_eq!(copied(Form::Url, &plain), "http://shop.test/api/orders\n");
    assert_eq!(
        copy_as(Form::Raw, &plain, None).unwrap(),
        [raw, &b"{\"a\": 1}\n"[..]].concat()
    );
    let hostile = exchange(
        "GET / HTTP/1.1\r\nHost: x\r\nX: \u{9b}2J\u{202e}\r\nContent-Length: 3\r\n\r\n"
            .as_bytes(),
        b"\x1b[2J",
    );
    for form in [Form::Curl, Form::Httpie, Form::PythonRequests] {
        let text = copied(form, &hostile);
        assert_eq!(crate::text::printable_lines(&text), text, "{form:?}");
    }
}

#[test]
fn what_cannot_be_copied_says_why() {
    let mut cut = exchange(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"");
    cut.request_body.push(b"abcdef", 3, Cut::Long);
    let error = copy_as(Form::Curl, &cut, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its body is not whole: 3 B of 6 B kept: longer than bodies are kept"
    );
    cut.request_body = Body::whole(b"ab".to_vec());
    cut.request_body.miss(2, Cut::Unread);
    for form in [Form::Raw, Form::Curl, Form::Pytest] {
        let error = copy_as(form, &cut, None).unwrap_err().to_string();
        let why = "2 B of 4 B kept: the application did not read all of it";
        assert_eq!(error, format!("its body is not whole: {why}"));
    }
    assert!(copy_as(Form::Url, &cut, None).is_ok());
    let doubtful =
        exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n", b"");
    assert_eq!(copy_as(Form::Curl, &doubtful, None), Err(CopyError::Malformed));
    assert!(copy_as(Form::Raw, &doubtful, None).is_ok());
    let malformed = exchange(b"nonsense\r\n\r\n", b"");
    assert_eq!(copy_as(Form::Curl, &malformed, None), Err(CopyError::Malformed));
    assert_eq!(copy_as(Form::Raw, &malformed, None).unwrap(), b"nonsense\r\n\r\n");
    let mut refused = exchange(b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n", b"");
    refused.outcome = Some(Outcome::Refused);
    assert_eq!(copy_as(Form::Pytest, &refused, None), Err(CopyError::NotAnswered));
    assert!(copy_as(Form::Curl, &refused, None).is_ok());
    let mut unasked = refused;
    unasked.outcome = Some(Outcome::Complete);
    unasked.timing.accepted = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(copy_as(Form::Pytest, &unasked, None), Err(CopyError::NotAnswered));
    let of_the_server = exchange(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"");
    for form in [Form::Httpie, Form::PythonRequests, Form::Pytest] {
        assert_eq!(copy_as(form, &of_the_server, None), Err(CopyError::NoPath));
    }
    assert_eq!(copied(Form::Url, &of_the_server), "http://x\n");
    let homeless = exchange(b"GET / HTTP/1.0\r\n\r\n", b"");
    assert_eq!(copy_as(Form::Url, &homeless, None), Err(CopyError::NoHost));
    let mut chunked = exchange(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"abc",
    );
    let error = copy_as(Form::Raw, &chunked, None).unwrap_err().to_string();
    assert_eq!(error, "its body has not all arrived");
    chunked.outcome = Some(Outcome::Complete);
    let raw = copy_as(Form::Raw, &chunked, None).unwrap();
    assert_eq!(raw, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
}

#[test]
fn what_was_refused_is_copied_byte_by_byte() {
    let raw = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    let refused = exchange(raw, b"");
    assert_eq!(copy_as(Form::Raw, &refused, None).unwrap(), raw);
}

#[test]
fn a_client_is_not_given_what_it_would_ask_for_otherwise() {
    let other = |name| Err(CopyError::OtherPath(name));
    let host_like = exchange(b"GET //x HTTP/1.1\r\nHost: x\r\n\r\n", b"");
    assert_eq!(copy_as(Form::Httpie, &host_like, None), other("HTTPie"));
    assert_eq!(copy_as(Form::PythonRequests, &host_like, None), other("requests"));
    let with_dots = exchange(b"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", b"");
    assert_eq!(copy_as(Form::PythonRequests, &with_dots, None), other("requests"));
    assert!(copy_as(Form::Httpie, &with_dots, None).is_ok());
}

//! Secrets in bodies, format by format.

use super::*;

/// What is left as it is.
fn same(text: &str) -> (&str, &str) {
    (text, text)
}

#[test]
fn secrets_in_bodies_are_masked_and_the_rest_is_left() {
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        body(form, "user=ada&password=s3cret&csrfmiddlewaretoken=s3cret&pin="),
        "user=ada&password=***&csrfmiddlewaretoken=***&pin="
    );
    assert_eq!(body(form, "a[password]=s3cret"), "a[password]=***");
    assert_eq!(body(form, "laptop=1&compass=2&spin=3"), "laptop=1&compass=2&spin=3");
    assert_eq!(
        body(form, "max_tokens=100&tokens=1-2-3&tokens[0]=1"),
        "max_tokens=100&tokens=***&tokens[0]=***"
    );
    let table = [
        (
            "{\"a\": 1, \"Password\" : \"s3\\\"cret\" , \"b\": \"token\"}",
            "{\"a\": 1, \"Password\" : \"***\" , \"b\": \"token\"}",
        ),
        (
            "{\"accessToken\":12345,\"x\":[{\"secret\":null}]}",
            "{\"accessToken\":\"***\",\"x\":[{\"secret\":null}]}",
        ),
        (
            "[{\"tokens\": [\"s3cret\", {\"a\": \"]\"}], \"c\": 1}]",
            "[{\"tokens\": \"***\", \"c\": 1}]",
        ),
        ("{\"pass\\u0077ord\": \"s3cret\"}", "{\"pass\\u0077ord\": \"***\"}"),
        ("{\"password\": \"s3cre", "{\"password\": \"***\""),
        ("{\"a\": {\"jwt\": 1}}", "{\"a\": {\"jwt\": \"***\"}}"),
        ("{\"api_key\": 1\n}", "{\"api_key\": \"***\"\n}"),
        // What cannot be a secret.
        same("{\"has_password\":true,\"auth\": false , \"pin\":null}"),
        same("{\"usage\":{\"prompt_tokens\":12,\"maxTokens\": 1.5\n}, \"tokens\" : 0}"),
        same(
            "[{\"name\":\"password\",\"value\":null},{\"value\":true,\"name\":\"pin\"}]",
        ),
        ("{\"tokens\": \"12\", \"pin\": 12}", "{\"tokens\": \"***\", \"pin\": \"***\"}"),
        ("{\"pin\": nul", "{\"pin\": \"***\""),
    ];
    for (text, expected) in table {
        assert_eq!(body("application/json", text), expected);
        assert_eq!(body("application/vnd.api+json", text), expected);
        assert_eq!(body("", text), expected);
    }
    let part = |value: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nada\r\n--x\r\n\
             Content-Disposition: form-data; name=\"password\"\r\n\r\n{value}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"f\"; filename=\"token.txt\"\r\n\r\nf\r\n--x--\r\n"
        )
    };
    assert_eq!(
        body("multipart/form-data; boundary=\"x\"", &part("s3cret\r\ns3cret")),
        part(MASK)
    );
    assert_eq!(body("text/plain", "password=a"), "password=a");
}

#[test]
fn secrets_in_addresses_within_json_are_masked() {
    let cases = [
        (
            r#"{"url": "https://b/k?X-Amz-Signature=s3&v=1", "n": "a?b"}"#,
            r#"{"url": "https://b/k?X-Amz-Signature=***&v=1", "n": "a?b"}"#,
        ),
        (
            r#"["http://ada:s3@b/", "/c;sid=s3", "x"]"#,
            r#"["http://ada:***@b/", "/c;sid=***", "x"]"#,
        ),
        (r#"{"next": "/a?token=s3"#, r#"{"next": "/a?token=***"#),
        (r#"{"text": "who? see http://b/c?d=e", "q": "\"?"}"#, ""),
        (r#"["?", "@", ";", "?"#, ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/json", text), expected);
    }
}

#[test]
fn secrets_in_xml_are_masked_and_the_rest_is_left() {
    let cases = [
        (
            "<a><password>s3 </password><b>x</b></a>",
            "<a><password>***</password><b>x</b></a>",
        ),
        (
            "<wsse:Password Type=\"t\">s3</wsse:Password>",
            "<wsse:Password Type=\"t\">***</wsse:Password>",
        ),
        ("<user name='Ada' token = 's3'/>", "<user name='Ada' token = '***'/>"),
        (
            "<add key=\"ApiKey\" value=\"s3\"/><b/>",
            "<add key=\"ApiKey\" value=\"***\"/><b/>",
        ),
        ("<p name=\"token\">s3</p>", "<p name=\"token\">***</p>"),
        ("<secret><secret>s3</secret>s3</secret>x", "<secret>***</secret>x"),
        ("<token>s3", "<token>***"),
        ("<token><![CDATA[s3]]></token>", "<token>***</token>"),
        ("<!-- <token>s</token> --><passage>s</passage><pass/>", ""),
        ("<tokens></tokens><a b=>c</a", ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/soap+xml; charset=utf-8", text), expected);
    }
}

#[test]
fn the_meaning_of_strings_in_json_is_masked_and_the_rest_is_left() {
    let table = [
        (
            r#"{"a": "\/", "url": "https:\/\/h\/cb?token=s3"}"#,
            r#"{"a": "\/", "url": "https://h/cb?token=***"}"#,
        ),
        (
            r#"{"url":"/cb?a=1\u0026token=s3", "b": "\u0026"}"#,
            r#"{"url":"/cb?a=1&token=***", "b": "\u0026"}"#,
        ),
        (r#"{"url":"\/cb\u003ftoken\u003ds3"}"#, r#"{"url":"/cb?token=***"}"#),
        (r#"{"url":"https:\/\/ada:s3\u0040h/"}"#, r#"{"url":"https://ada:***@h/"}"#),
        (
            r#"{"url":"x?token=s3\n", "url": "\ud83d\ude00?token=s3"}"#,
            "{\"url\":\"x?token=***\\n\", \"url\": \"\u{1f600}?token=***\"}",
        ),
        (r#"{"url":"/x?token=a s3"}"#, r#"{"url":"/x?token=***"}"#),
        (
            r#"{"t":"see https://h/?token=s3 and /b?sig=s3, please"}"#,
            r#"{"t":"see https://h/?token=*** and /b?sig=***, please"}"#,
        ),
        (r#"{"body":"{\"password\": \"s3\"}"}"#, r#"{"body":"{\"password\": \"***\"}"}"#),
        (
            r#"{"b":"{\"c\": \"{\\\"token\\\": \\\"s3\\\"}\"}"}"#,
            r#"{"b":"{\"c\": \"{\\\"token\\\": \\\"***\\\"}\"}"}"#,
        ),
        (
            r#"{"query":"mutation { login(name: \"ada\", password: \"s3\") { id } }"}"#,
            r#"{"query":"mutation { login(name: \"ada\", password: \"***\") { id } }"}"#,
        ),
        (
            r#"[{"name":"password","value":"s3"},{"name":"a","value":"b"}]"#,
            r#"[{"name":"password","value":"***"},{"name":"a","value":"b"}]"#,
        ),
        (
            r#"[{"value": ["s3", {"x": 1}] , "name":"X-Token"}, "a"]"#,
            r#"[{"value": "***" , "name":"X-Token"}, "a"]"#,
        ),
        (
            r#"{"key":"pin","value":1234,"n":{"value":1}}"#,
            r#"{"key":"pin","value":"***","n":{"value":1}}"#,
        ),
        ("{password: \"s3\", 'a': \"b\"}", "{password: \"***\", 'a': \"b\"}"),
        (r#"{"a":"\ud800 \u12 \","b":"\\"#, ""),
        ("{a(token: \"\"\"s3\"s3\"\"\", b: \"c\")}", "{a(token: \"***\", b: \"c\")}"),
        (r#"{"type":"password","value":"s3"}"#, r#"{"type":"password","value":"***"}"#),
        ("a=1&password=s3", "a=1&password=***"),
        (
            "code=s3&grant_type=authorization_code",
            "code=***&grant_type=authorization_code",
        ),
        ("code=DE&name=Ada", "code=DE&name=Ada"),
        (r#"{"a":"\"quoted\" \\ \/ = @"}"#, ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/json", text), expected);
    }
    assert_eq!(
        body("application/jsonl", "{}\n\"/a?token=s3\"\n"),
        "{}\n\"/a?token=***\"\n"
    );
    let wide: Vec<u8> = "{\"pin\": \"s3\"}".bytes().flat_map(|byte| [byte, 0]).collect();
    let wide = String::from_utf8(wide).unwrap();
    assert_eq!(body("application/json", &wide), "{\"pin\": \"***\"}");
    assert_eq!(
        body("application/json-seq", "\u{1e}{\"pin\":1}\n"),
        "\u{1e}{\"pin\":\"***\"}\n"
    );
}

#[test]
fn events_are_masked_line_by_line() {
    let table = [
        (
            "data: https://h/?token=s3\n\ndata: b\n\n",
            "data: https://h/?token=***\n\ndata: b\n\n",
        ),
        (
            "event: x\ndata: go to <https://h/?token=s3>\rid: 1\n\n",
            "event: x\ndata: go to <https://h/?token=***>\rid: 1\n\n",
        ),
        (
            "data: {\"token\": \"s3\", \"u\": \"\\/a?sig=s3\"}\n\n",
            "data: {\"token\": \"***\", \"u\": \"/a?sig=***\"}\n\n",
        ),
        ("data:token=s3&a=1\n\n", "data:token=***&a=1\n\n"),
        (": ping\n\ndata: a=b\n\n", ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("text/event-stream", text), expected);
    }
}

#[test]
fn forms_are_masked_as_the_most_lenient_reader_takes_them() {
    let table = [
        ("a=1;token=s3&b=2", "a=1;token=***&b=2"),
        ("password=a;s3&b=2", "password=***&b=2"),
        ("user%5Bpassword%5D=s3&user[pin]=s3", "user%5Bpassword%5D=***&user[pin]=***"),
        ("%2574oken=s3", "%2574oken=***"),
        ("next=%252Fx%253Ftoken%253Ds3", "next=%252Fx%253Ftoken%253D***"),
        ("next=x%3Ftoken%3Ds3", "next=x%3Ftoken%3D***"),
        (
            "d=+%7B%22password%22+%3A+%22s3%22%7D",
            "d=%20%7B%22password%22%20%3A%20%22***%22%7D",
        ),
        ("{\"password\": \"s3\"}", "{\"password\": \"***\"}"),
        ("https%3A%2F%2Fh%2F%3Ftoken%3Ds3", "https%3A%2F%2Fh%2F%3Ftoken%3D***"),
        ("a=dG9rZW4=&xPin==&b=%26&c=%zz;&pin=", ""),
    ];
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/x-www-form-urlencoded", text), expected);
    }
}

#[test]
fn parts_are_masked_as_the_most_lenient_reader_takes_them() {
    let secret = |field: &str| {
        (format!("Content-Disposition: form-data; {field}"), "s3 s3", "***")
    };
    let of = |head: &str, sent, expected| (head.to_owned(), sent, expected);
    let disposed = "Content-Disposition: form-data; name=\"d\"";
    let typed = |kind: &str| format!("{disposed}\nContent-Type: {kind}");
    let table = [
        secret("name=\"password\""),
        of("Content-Disposition: form-data; name=\"pin\"", "s3\n--xy s3", "***"),
        secret("Name=\"password\""),
        secret("name = \"password\""),
        secret("name=password"),
        secret("name='password'"),
        secret("name*=UTF-8''pass%77ord"),
        secret("name=\"a\"; name=\"password\"; x"),
        secret("filename=\"a;b\\\".txt\"; name=\"pin\""),
        of("content-disposition:form-data;\n name=\"password\"", "s3", "***"),
        of(disposed, "https://h/x?token=s3", "https://h/x?token=***"),
        of(disposed, "/x?a=1&token=s3 s3", "/x?a=1&token=***"),
        of(
            disposed,
            "https%3A%2F%2Fh%2F%3Ftoken%3Ds3",
            "https%3A%2F%2Fh%2F%3Ftoken%3D***",
        ),
        of(disposed, " {\"password\": \"s3\"}", " {\"password\": \"***\"}"),
        of(disposed, "just = text, 100%", "just = text, 100%"),
        (typed("application/json"), "\n{\"token\": \"s3\"}", "\n{\"token\": \"***\"}"),
        (
            typed("application/x-www-form-urlencoded"),
            "password=s3&a=1",
            "password=***&a=1",
        ),
        (typed("text/xml"), "<token>s3</token>", "<token>***</token>"),
        (
            typed("multipart/mixed; boundary=y"),
            "--y\nContent-Disposition: form-data; name=\"otp\"\n\ns3\n--y--",
            "--y\nContent-Disposition: form-data; name=\"otp\"\n\n***\n--y--",
        ),
        (
            typed("application/http"),
            "GET /a?token=s3 HTTP/1.1\nX-Token: s3\n\n{\"pin\": 1}",
            "GET /a?token=*** HTTP/1.1\nX-Token: ***\n\n{\"pin\": \"***\"}",
        ),
        of(
            &format!("{disposed}; filename=\"a.txt\""),
            "token=a /?token=b",
            "token=a /?token=b",
        ),
        of("X-Token: s3\nContent-Location: /a?token=s3", "a", "a"),
    ];
    for (head, sent, expected) in table {
        let whole = |head: &str, value: &str| {
            format!(
                "--x\n{head}\n\n{value}\n--x\nContent-Disposition: form-data; name=\"a\"\n\nb\n--x--\n"
            )
        };
        let masked_head = head.replace(": s3", ": ***").replace("=s3", "=***");
        for (kind, end) in [
            ("form-data; boundary=x", "\r\n"),
            ("form-data; Boundary = \"x\"", "\n"),
            ("mixed; boundary=x", "\r\n"),
            ("form-data", "\r\n"),
        ] {
            let sent = whole(&head, sent).replace('\n', end);
            let expected = whole(&masked_head, expected).replace('\n', end);
            assert_eq!(body(&format!("multipart/{kind}"), &sent), expected);
        }
    }
}

#[test]
fn xml_is_masked_where_it_names_the_next_element_or_holds_an_address() {
    let cases = [
        (
            "<dict><key>password</key><string>s3</string></dict>",
            "<dict><key>password</key><string>***</string></dict>",
        ),
        (
            "<member><name>token</name><value><string>s3</string></value></member><a>b</a>",
            "<member><name>token</name><value>***</value></member><a>b</a>",
        ),
        (
            "<a><password><![CDATA[</password>s3]]></password>x</a>",
            "<a><password>***</password>x</a>",
        ),
        (
            "<a href='https://h/?a=1&amp;token=s3' b='c'>/x?sig=s3</a>",
            "<a href='https://h/?a=1&amp;token=***' b='c'>/x?sig=***</a>",
        ),
        ("<name>Ada</name><value>x</value>", ""),
    ];
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body("application/xml", text), expected);
    }
}

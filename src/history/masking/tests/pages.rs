//! Secrets in pages and scripts.

use super::*;

const PAGE: &str = "text/html; charset=utf-8";

/// Texts as they are masked; an empty one is that what was sent.
fn assert_masked(kind: &str, table: &[(&str, &str)]) {
    for (text, expected) in table {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(body(kind, text), *expected, "{text}");
    }
}

#[test]
fn fields_of_a_page_are_masked_by_their_type_and_their_name() {
    let table = [
        (
            "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"s3\">",
            "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"***\">",
        ),
        (
            "<input id=csrf_token name=a value=s3 type=hidden>",
            "<input id=csrf_token name=a value=*** type=hidden>",
        ),
        ("<INPUT TYPE='PassWord' VALUE='s3'>", "<INPUT TYPE='PassWord' VALUE='***'>"),
        ("<input value=s3 type=password/>", ""),
        ("<input value=s3 type=password />", "<input value=*** type=password />"),
        (
            "<input\n value\n=\n\"s3&quot;\ns3>\"\n\tname = 'user[password]'\n/>",
            "<input\n value\n=\n\"***\"\n\tname = 'user[password]'\n/>",
        ),
        (
            "<input title='name=\"token\" value=\"a\"' value=b><input data-a=\"type=password\" value=c>",
            "",
        ),
        (
            "<input alt=\"a > b\" type=password value=s3>",
            "<input alt=\"a > b\" type=password value=***>",
        ),
        ("<input/name=\"token\"/value=\"s3\"/>", "<input/name=\"token\"/value=\"***\"/>"),
        ("<input name=token value=s3 <p>b</p>", "<input name=token value=*** <p>b</p>"),
        ("<p <input name=pin value=\"s3\"", "<p <input name=pin value=\"***\""),
        ("<input value=\"s3 of one that was cut o", "<input value=\"***"),
        (
            "<input name=q value=tea type=text><input name=pin value=''><input name=token value>",
            "",
        ),
        ("<input name=max_tokens value=100><input name=show_password value=true>", ""),
        (
            "<input autocomplete=new-password value=s3>",
            "<input autocomplete=new-password value=***>",
        ),
        (
            "a < b <!-- <input name=token value=s3 --> <input name=token value=\"s3\">",
            "a < b <!-- <input name=token value=*** --> <input name=token value=\"***\">",
        ),
        (
            "<button name=token value=s3>Go</button><data id=api-key value=s3>",
            "<button name=token value=***>Go</button><data id=api-key value=***>",
        ),
        ("<input type=submit name=set-password value='Set it'><a accesskey=n>", ""),
        ("<p>It's my 'new password:' and \"password:\" too", ""),
        ("<label for=password id=password>Password</label><form id=login-token><p>a", ""),
        (
            "<textarea name=token rows=2>s3\n<b>s3</textarea>a<textarea>b</textarea>",
            "<textarea name=token rows=2>***</textarea>a<textarea>b</textarea>",
        ),
        ("<textarea name=token>s3 of one that was cu", "<textarea name=token>***"),
        ("<title><input name=token value=a></title>", ""),
    ];
    assert_masked(PAGE, &table);
    assert_masked("TEXT/HTML", &table);
}

#[test]
fn what_a_page_tells_its_scripts_is_masked() {
    let table = [
        (
            "<meta name=\"csrf-token\" content=\"s3\"><meta content='s3' name=_xsrf>",
            "<meta name=\"csrf-token\" content=\"***\"><meta content='***' name=_xsrf>",
        ),
        ("<meta name=viewport content=\"width=device-width, initial-scale=1\">", ""),
        (
            "<meta http-equiv=refresh content=\"0; url=/x?token=s3&amp;a=1\">",
            "<meta http-equiv=refresh content=\"0; url=/x?token=***&amp;a=1\">",
        ),
        (
            "<body data-csrf-token=s3 data-show-password=true data-password>",
            "<body data-csrf-token=*** data-show-password=true data-password>",
        ),
        (
            "<body hx-headers='{\"X-CSRFToken\": \"s3\"}' class=\"a\">",
            "<body hx-headers='{\"X-CSRFToken\": \"***\"}' class=\"a\">",
        ),
        (
            "<a data-a=\"{&#34;a&#34;: &#34;&eacute;&lt;&#34;, &#34;pin&#34;: 1}\">",
            "<a data-a=\"{&#34;a&#34;: &#34;&eacute;&lt;&#34;, &#34;pin&#34;: &#34;***&#34;}\">",
        ),
        (
            "<a data-a='{\"u\": \"/a?token=s3\\u0026b=\\u0027\"}' b>",
            "<a data-a='{\"u\": \"/a?token=***&b=&#39;\"}' b>",
        ),
        (
            "<a href=/reset?token=s3&amp;sig=s3 title=\"a=b\">http://ada:s3@h/</a>",
            "<a href=/reset?token=***&amp;sig=*** title=\"a=b\">http://ada:***@h/</a>",
        ),
        (
            "<pre>{<b>&quot;a&quot;</b>: &quot;<i>b</i>&quot;, &quot;token&quot;: &quot;s3&quot;}</pre>",
            "<pre>{<b>&quot;a&quot;</b>: &quot;<i>b</i>&quot;, &quot;token&quot;: &quot;***&quot;}</pre>",
        ),
        (
            "<script id=\"api-token\" type=\"application/json\">\"s3\"</script>",
            "<script id=\"api-token\" type=\"application/json\">\"***\"</script>",
        ),
        (
            "<SCRIPT type=application/ld+json>{\"a\": \"<b>\", \"secret\": [1]}</SCRIPT><b>",
            "<SCRIPT type=application/ld+json>{\"a\": \"<b>\", \"secret\": \"***\"}</SCRIPT><b>",
        ),
        (
            "<script>\n  window.__STATE__ = {\"user\": {\"token\": 1}};\n  if (a<b) f('<input name=\"');\n</script><input name=pin value=1>",
            "<script>\n  window.__STATE__ = {\"user\": {\"token\": \"***\"}};\n  if (a<b) f('<input name=\"');\n</script><input name=pin value=***>",
        ),
        (
            "<script type=\"text/javascript\">const csrf_token = 's3';</script>",
            "<script type=\"text/javascript\">const csrf_token = '***';</script>",
        ),
        (
            "<script type=text/x-template><input name=token value=s3></script>",
            "<script type=text/x-template><input name=token value=***></script>",
        ),
        ("<style>input[name=token] { content: \"<b\" }</style><p>", ""),
        ("<script src=\"a.js?v=1\" integrity=\"sha384-a=\"></script>", ""),
    ];
    assert_masked(PAGE, &table);
    assert_masked(
        "",
        &[(
            "\n<!DOCTYPE html><input name=pin value=1>",
            "\n<!DOCTYPE html><input name=pin value=***>",
        )],
    );
    assert_masked(
        "text/plain",
        &[("<html><input name=pin value=1>", "<html><input name=pin value=***>")],
    );
    let json = ("{\"a\": \"<b>\", \"pin\": 1}", "{\"a\": \"<b>\", \"pin\": \"***\"}");
    assert_masked(PAGE, &[json]);
    assert_masked("text/javascript", &[json]);
    assert_masked(
        "application/xhtml+xml",
        &[(
            "<html><script src='a'/><input type='password' value='s3'/><token>s3</token></html>",
            "<html><script src='a'/><input type='password' value='***'/><token>***</token></html>",
        )],
    );
}

#[test]
fn data_in_scripts_is_masked_and_code_is_left() {
    let table = [
        (
            "callback({\"password\": \"s3\", \"a\": 1});",
            "callback({\"password\": \"***\", \"a\": 1});",
        ),
        (
            "/**/ typeof cb === 'function' && cb([{\"tokens\": [\"s3\"]}]);",
            "/**/ typeof cb === 'function' && cb([{\"tokens\": \"***\"}]);",
        ),
        (
            "jQuery.cb1(\n {\"url\": \"/a?token=s3\"",
            "jQuery.cb1(\n {\"url\": \"/a?token=***\"",
        ),
        ("fetch(\"/a?token=s3\")", "fetch(\"/a?token=***\")"),
        (
            "App.config = {csrfToken: 's3', a: 'b'}",
            "App.config = {csrfToken: '***', a: 'b'}",
        ),
        (
            "h['X-CSRFToken'] = `s3\ns3`; x.setRequestHeader(\"X-CSRFToken\", \"s3\\\"s3\");",
            "h['X-CSRFToken'] = `***`; x.setRequestHeader(\"X-CSRFToken\", \"***\");",
        ),
        ("var token = 's3 of a line\nthat(\"a\")", "var token = '***\nthat(\"a\")"),
        ("f(\"New password:\", {label: 'Password:', a: \"b\"}, \"c\")", ""),
        (
            "a = b\ntoken = 's3'\nlet pin= \"s3\"",
            "a = b\ntoken = '***'\nlet pin= \"***\"",
        ),
        ("var token = getCookie('csrftoken'), b = 'c';", ""),
        ("if (token == \"a\" || 'token' in b) { token += c=d; }", ""),
        ("[\"password\", \"name\"].forEach(f); it('has \"', \"b\")", ""),
        ("a(\"b\" in c); d = \"\"; token = \"\";", ""),
    ];
    for kind in
        ["application/javascript", "text/javascript; charset=utf-8", "text/x-ecmascript"]
    {
        assert_masked(kind, &table);
    }
}

/// An attribute of some name in some quotes.
fn attribute(name: &str, value: &str, quote: &str, space: &str) -> String {
    format!("{name}{space}={space}{quote}{value}{quote}")
}

proptest! {
    #[test]
    fn no_value_of_a_field_that_is_a_secret_survives(
        value in "[a-zA-Z0-9]{8,20}",
        (naming, name) in prop::sample::select(vec![
            ("type", "password"), ("NAME", "csrf_token"), ("id", "apiKey"), ("name", "user[pin]"),
        ]),
        quotes in prop::collection::vec(prop::sample::select(vec!["\"", "'", ""]), 2),
        space in "[ \n\t]{0,2}",
        others in prop::collection::vec("[f-h]{1,3}(='[f-h<>=\" ]{0,8}')?", 3),
        is_last: bool,
        before in "[f-h >/]{0,10}",
    ) {
        let naming = attribute(naming, name, quotes[0], &space);
        let value_of = |value: &str| {
            let value = attribute("Value", value, quotes[1], &space);
            let [first, last] = if is_last { [&naming, &value] } else { [&value, &naming] };
            let [a, b, c] = &others[..] else { panic!() };
            format!("<p>{before}</p><input {a} {first} {b} {last} {c} >{before}")
        };
        let masked = body(PAGE, &value_of(&value));
        prop_assert_eq!(&masked, &value_of(MASK));
        prop_assert_eq!(&body(PAGE, &masked), &masked);
    }
}

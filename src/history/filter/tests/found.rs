//! What each operator finds, and what conditions find that are joined.

use super::super::operators::OPERATORS;
use super::*;

/// Filters, and the numbers of what they find.
const FOUND: [(&str, &[u64]); 121] = [
    ("is:marked", &[4]),
    ("~marked", &[4]),
    ("not ~marked path:api", &[1, 2]),
    ("has:comment", &[4]),
    ("comment:\"ask ada\"", &[4]),
    ("not comment:/^slow/", &[1, 2, 3, 5, 6, 7]),
    ("", &[1, 2, 3, 4, 5, 6, 7]),
    ("method:POST", &[2]),
    ("method:put", &[4]),
    ("method:P", &[]),
    ("method:/^p/", &[2, 4]),
    ("method:\"put\"", &[]),
    ("method:\"PUT\"", &[4]),
    ("~m P", &[2, 4]),
    ("~m '^(put|x)$'", &[4]),
    ("status:201", &[2]),
    ("status:5xx", &[3]),
    ("status:>=400", &[3, 4, 6]),
    ("status:400..404", &[4, 6]),
    ("status:<300", &[1, 2]),
    ("~c 404", &[4]),
    ("path:/api", &[1, 2, 4]),
    ("path:/API/", &[1, 2]),
    ("path:/%", &[]),
    ("path:/_pi", &[]),
    ("path:api", &[1, 2, 4]),
    ("path:/v\\d/", &[1]),
    ("path:/", &[1, 2, 3, 4, 5, 7]),
    ("query:page", &[1]),
    ("query:/page=\\d/", &[1]),
    ("host:shop.test", &[1, 2]),
    ("host::8000", &[1]),
    ("~d ^LOCAL", &[3, 4, 5]),
    ("url:test/api", &[2]),
    ("url:shop.test:8000/api", &[1]),
    ("url:http://shop.test:8000/api", &[1]),
    ("~u users.page", &[1]),
    ("~u ^http://shop", &[1, 2]),
    ("~u ^HTTP://SHOP", &[1, 2]),
    ("~u ^http:// path:/api/", &[1, 2]),
    ("~u 'https?://localhost/$'", &[5]),
    ("http://shop.test:8000/api", &[1]),
    ("\"https://localhost/broken\"", &[3]),
    ("type:json", &[2]),
    ("type:text/html", &[1]),
    ("type:text", &[1, 3]),
    ("~t ^text/", &[1, 3]),
    ("request-type:json", &[2]),
    ("~tq json", &[2]),
    ("dur:>200ms", &[2, 3]),
    ("dur:<=5ms", &[4, 6]),
    ("dur:0.25s..2s", &[2, 3]),
    ("dur:>1m", &[]),
    ("size:>1kb", &[3]),
    ("size:>=3000b", &[3]),
    ("size:2..34", &[1, 2, 6]),
    ("request-size:>64", &[4]),
    ("age:<5m", &[3, 4, 5, 6, 7]),
    ("age:>5m", &[1, 2]),
    ("age:10s..100s", &[4, 5]),
    ("gen:3", &[3]),
    ("gen:>=3", &[3, 4, 7]),
    ("id:5", &[5]),
    ("id:#5", &[5]),
    ("id:1.5", &[5]),
    ("id:2.5", &[]),
    ("id:5..6", &[5, 6]),
    ("run:1 id:>6", &[7]),
    ("source:replay", &[4]),
    ("source:client id:<4", &[1, 2, 3]),
    ("source:pin", &[7]),
    ("source:2", &[4, 7]),
    ("source:#3", &[]),
    ("client::5003", &[3]),
    ("has:error", &[3]),
    ("has:hint", &[3]),
    ("has:output", &[3]),
    ("not has:response", &[5]),
    ("has:query", &[1]),
    ("has:body", &[1, 2, 3, 6]),
    ("has:request-body", &[2, 4]),
    ("has:cut-body", &[4]),
    ("is:running", &[5]),
    ("is:complete", &[1, 2, 3]),
    ("is:gone", &[4]),
    ("is:refused", &[6]),
    ("is:cut", &[7]),
    ("is:pinned", &[1]),
    ("header:x-user=42", &[1]),
    ("header:X-USER", &[1]),
    ("header:x-user=\"43\"", &[]),
    ("header:content-type=json", &[2]),
    ("header:content-type=/^text\\/h/", &[1]),
    ("header:/^cookie: a/", &[3]),
    ("~h ^host:.shop", &[1, 2]),
    ("request-header:content-type", &[2]),
    ("~hq content-type", &[2]),
    ("response-header:etag=x", &[1]),
    ("~hs etag", &[1]),
    ("body:\"order id\"", &[2]),
    ("body:'GRÜẞE AUS'", &[1]),
    ("body:\"grÜße aus\"", &[1]),
    ("~b köln$", &[1]),
    ("~b ^", &[1, 2, 3, 4, 6]),
    ("not ~b .", &[5, 7]),
    ("query:page or body:ada", &[1, 2]),
    ("not (query:page or body:ada) id:<4", &[3]),
    ("not header:content-type", &[4, 5, 6, 7]),
    ("request-body:ada", &[2]),
    ("~bq y{64}", &[4]),
    ("response-body:/\"ok\": (true|false)/", &[2]),
    ("~bs ^x+$", &[3]),
    ("error:keyerror", &[3]),
    ("output:WARN", &[3]),
    ("~q", &[5]),
    ("~s id:<3", &[1, 2]),
    ("get /api", &[1]),
    ("\"PUT localhost/api\"", &[4]),
    ("orders", &[2]),
    ("/o+r?/ id:2", &[2]),
    ("shop.test", &[1, 2]),
];

#[test]
fn each_operator_finds_what_it_says() {
    let shelf = Shelf::with(&kinds());
    let mut used = String::new();
    for (filter, expected) in FOUND {
        assert_eq!(shelf.found(filter), expected, "{filter}");
        used.push_str(filter);
        used.push(' ');
    }
    for operator in &OPERATORS {
        let forms = [(operator.name, ":"), (operator.short, "~")];
        for (form, sign) in forms.iter().filter(|(form, _)| !form.is_empty()) {
            let written =
                if *sign == ":" { format!("{form}:") } else { format!("~{form} ") };
            assert!(used.contains(&written), "no row for {written}");
        }
        assert!(Filter::parse(operator.example, now()).is_ok(), "{}", operator.example);
    }
}

#[test]
fn conditions_are_joined_as_in_words() {
    let shelf = Shelf::with(&kinds());
    let table: [(&str, &[u64]); 17] = [
        ("method:GET status:5xx", &[3]),
        ("method:GET and status:5xx", &[3]),
        ("method:GET & status:5xx", &[3]),
        ("method:POST or status:5xx", &[2, 3]),
        ("method:POST | status:5xx || id:7", &[2, 3, 7]),
        ("id:1 OR id:2 AND status:500", &[1]),
        ("(id:1 or id:2) status:2xx", &[1, 2]),
        ("not method:GET", &[2, 4, 6]),
        ("!method:GET", &[2, 4, 6]),
        ("! ~m GET & ~c 404", &[4]),
        ("not (method:GET or id:>5)", &[2, 4]),
        ("not not id:3", &[3]),
        ("not status:>0", &[5]),
        ("not body:order id:<3", &[1]),
        ("not (body:order or body:x) id:<5", &[1, 4]),
        ("NOT(id:1) and(id:<3)", &[2]),
        ("  ( ( id:1 ) )  ", &[1]),
    ];
    for (filter, expected) in table {
        assert_eq!(shelf.found(filter), expected, "{filter}");
    }
}

#[test]
fn letters_are_found_in_addresses_that_have_them_encoded() {
    let targets = ["/caf%C3%A9/1?q=%c3%bc", "/cafe", "/caf%2F%E9", "/caf%c3%a9"];
    let exchanges: Vec<Exchange> = (1..)
        .zip(targets)
        .map(|(number, target)| {
            asked(number, 9, &format!("GET {target} HTTP/1.1\nHost: a"), b"")
        })
        .collect();
    let shelf = Shelf::with(&exchanges);
    assert_eq!(shelf.found("path:café"), [1, 4]);
    assert_eq!(shelf.found("path:/CAFé"), [1, 4]);
    assert_eq!(shelf.found("path:/caf%C3%A9"), [1, 4]);
    assert_eq!(shelf.found("path:/^\\/caf.(\\/1)?$/"), [1, 2, 4]);
    assert_eq!(shelf.found("not path:é"), [2, 3]);
    assert_eq!(shelf.found("url:q=ü"), [1]);
    assert_eq!(shelf.found("GET ü"), [1]);
}

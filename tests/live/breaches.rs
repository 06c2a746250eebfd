//! The rules for applications (`src/exchange/rules.rs`): each is broken by a route of
//! `tests/apps/breaches.py`, and told with its clause and its mend.

use _rdev::exchange::rules::{RULES, Rule, Verdict};

use crate::folder::Folder;
use crate::rdev::{Rdev, rdev};

const README: &str = include_str!("../../README.md");

fn breaches() -> (Rdev, Folder) {
    let folder = Folder::copy_of("breaches.py");
    let server = rdev(folder.path()).arg("breaches:app").serve();
    (server, folder)
}

/// The hint as transcripts show it, from the rule on.
fn hint(rule: &Rule) -> String {
    format!("{} ({}); mend: ", rule.demand, rule.clause)
}

#[test]
fn every_rule_is_told_with_its_clause_and_its_mend() {
    let (mut server, _folder) = breaches();
    for rule in RULES {
        let answer = server.get(&format!("/{}", rule.id));
        let refused = rule.verdict == Verdict::Refused;
        assert_eq!(answer.status == 500, refused, "{}: {answer}", rule.id);
        assert!(answer.header("x-two").is_none(), "{answer}");
        server.wait_for(rule.id, |program| program.said().contains(&hint(rule)));
        if refused {
            let text = answer.text();
            assert!(text.contains(rule.demand), "{}: {text}", rule.id);
            assert!(text.contains(rule.clause), "{}: {text}", rule.id);
            // In a traceback, or in so many words.
            assert!(text.contains("breaches.py"), "{}: {text}", rule.id);
        }
    }
    server.get("/status-reason").expect(200);
}

#[test]
fn every_way_to_break_a_rule_is_told() {
    for (path, name) in [
        ("string-subclass-name", "string-subclass"),
        ("string-subclass-value", "string-subclass"),
        ("tab-at-the-end", "tab"),
        ("tab-in-the-status", "tab"),
        ("tuple-subclass-exc-info", "tuple-subclass"),
        ("block-subclass-written", "block-subclass"),
        ("length-of-reset", "body-of-reset"),
    ] {
        let rule = RULES.iter().find(|rule| rule.id == name).unwrap();
        let (mut server, _folder) = breaches();
        server.get(&format!("/{path}"));
        server.wait_for(path, |program| program.said().contains(&hint(rule)));
    }
}

#[test]
fn an_answer_without_content_has_none_whatever_is_returned() {
    let (server, _folder) = breaches();
    let mut client = server.connect();
    for (path, length) in [("/body-of-reset", Some("0")), ("/body-of-nothing", None)] {
        let answer = client.get(path);
        assert_eq!(answer.header("content-length"), length, "{path}");
    }
    client.get("/tab").expect(200);
}

/// Where no traceback names it, the page does.
#[test]
fn an_application_of_any_kind_is_named_where_it_breaks_a_rule() {
    let folder = Folder::empty();
    folder.save(
        "odd.py",
        "import functools\n\
         def plain(environ, start_response): pass\n\
         class Page:\n    def __init__(self, environ, start_response): pass\n    \
         def __iter__(self): return iter([b'x'])\n\
         class Shop:\n    def __call__(self, environ, start_response): return 5\n\
         part = functools.partial(plain)\nsingle = functools.singledispatch(plain)\n\
         shop = Shop()\nmethod = shop.__call__\n",
    );
    for (name, told) in [
        ("plain", "the function plain, "),
        ("part", "the function plain, "),
        ("single", "the function plain, "),
        ("Page", "the class Page, "),
        ("shop", "an object of the class Shop, "),
        ("method", "the method Shop.__call__, "),
    ] {
        let server = rdev(folder.path()).arg(format!("odd:{name}")).serve();
        let text = server.get("/").expect(500).text();
        assert!(text.contains(told) && text.contains("odd.py line "), "{name}: {text}");
    }
}

#[test]
fn what_only_the_linters_ask_for_is_no_breach() {
    let (mut server, _folder) = breaches();
    for path in ["/redirect", "/empty", "/modified"] {
        server.get(path);
    }
    server.get("/tab").expect(200);
    server.wait_for("the last of them", |program| program.said().contains(" hint: "));
    assert_eq!(server.said().matches(" hint: ").count(), 1, "{}", server.said());
}

#[test]
fn a_breach_that_a_framework_catches_is_told_all_the_same() {
    let (mut server, _folder) = breaches();
    let raised_in_a_call = RULES.iter().filter(|rule| {
        let in_the_answer = ["never-started", "not-iterable", "block-type"];
        rule.verdict == Verdict::Refused && !in_the_answer.contains(&rule.id)
    });
    for rule in raised_in_a_call {
        let answer = server.get(&format!("/caught/{}", rule.id)).expect(503);
        assert_eq!(
            (answer.reason.as_str(), answer.text().as_str()),
            ("Caught", "caught\n")
        );
        server.wait_for(rule.id, |program| program.said().contains(&hint(rule)));
    }
}

#[test]
fn an_answer_without_fault_has_no_hint() {
    let folder = Folder::copy_of("validated.py");
    let mut server = rdev(folder.path()).arg("validated:app").serve();
    for path in ["/", "/write", "/stream", "/late", "/empty", "/unchanged", "/file"] {
        server.get(path);
    }
    let last = "GET /last";
    server.get("/last");
    server.wait_for(last, |program| program.said().contains(last));
    assert!(!server.said().contains(" hint: "), "{}", server.said());
}

#[test]
fn the_rules_in_the_readme_are_those_of_the_program() {
    let rows = RULES.iter().map(|rule| {
        let verdict = match rule.verdict {
            Verdict::Refused => "500",
            Verdict::Sent => "",
        };
        format!("| {} | {} | {verdict} | {} |", rule.demand, rule.clause, rule.mend)
    });
    let expected: Vec<String> = rows.collect();
    let table = README.split("| rule | where | | mend |\n|---|---|---|---|\n").nth(1);
    let found: Vec<&str> =
        table.unwrap_or("").lines().take_while(|line| line.starts_with('|')).collect();
    assert!(found == expected, "README.md lacks\n{}", expected.join("\n"));
}

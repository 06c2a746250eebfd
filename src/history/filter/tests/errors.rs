//! Where errors are placed, what they say, and that any text is a filter or has one.

use proptest::prelude::*;

use super::*;

#[test]
fn errors_point_at_the_place_and_say_what_was_expected() {
    let table = [
        ("status:5x", 8, "a status such as 404, 5xx, >=400 or 400..404"),
        ("id:1 status:6xx", 13, "a status such as 404, 5xx, >=400 or 400..404"),
        ("status:0xx", 8, "a status such as"),
        ("id:1 statsu:500", 6, "status: was meant?"),
        ("hots:x", 1, "host: was meant?"),
        ("localhost:80", 1, "in quotes it is a text"),
        ("dur:200ms", 5, ">200ms"),
        ("dur:>200", 5, "expected >200ms"),
        ("dur:5s..1s", 5, "end comes before"),
        ("size:>1xb", 6, ">1mb"),
        ("age:>soon", 5, "<5m"),
        ("gen:x", 5, "12, >=12 or 3..5"),
        ("has:eror", 5, "error, hint, output"),
        ("is:on", 4, "running, complete"),
        ("source:me", 8, "client, replay, pin, or the number of what was sent again"),
        ("status: 500", 8, "right behind status: as in status:5xx"),
        ("header:=4", 8, "the name of a header"),
        ("header:a= b", 10, "what a contains"),
        ("method:GET (id:1 or id:2", 12, "never closed"),
        ("id:1)", 5, "no ( before it"),
        ("()", 2, "a condition"),
        ("id:1 or", 8, "a condition"),
        ("id:1 and or id:2", 10, "a condition"),
        ("not", 4, "a condition"),
        ("| id:1", 1, "a condition"),
        ("body:\"open", 6, "never closed"),
        ("\"\"", 1, "a text within the quotes"),
        ("body:/(/", 6, "no valid regular expression (unclosed group)"),
        ("~x 1", 1, "no operator ~x"),
        ("id:1 ~b", 8, "what ~b is to look for"),
        ("status:/5../", 8, "no regular expression"),
        ("größe:1 äö status:x", 19, "a status"),
    ];
    for (filter, column, part) in table {
        let error = Filter::parse(filter, now()).expect_err(filter);
        assert_eq!(error.column, column, "{filter}: {error}");
        assert!(error.problem.contains(part), "{filter}: {error}");
    }
    for deep in ["(".repeat(10_000), "not ".repeat(10_000), "a ".repeat(10_000)] {
        assert!(Filter::parse(&deep, now()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_filter_or_an_error_within_it(text in "[ -~äß]{0,40}") {
        if let Err(error) = Filter::parse(&text, now()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
        }
    }

    #[test]
    fn pieces_of_the_language_are_a_filter_or_an_error(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "not ", "!", " or ", " | ", " and ", " & ", "\"", "/", "~b ", "~q",
                "status:", "5xx", "header:", "a=", "body:", "x", " ", "\\", "'",
            ]),
            0..20,
        ),
    ) {
        let text = pieces.concat();
        if let Err(error) = Filter::parse(&text, now()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{text}");
        }
    }
}

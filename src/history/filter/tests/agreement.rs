//! That the database lets through what the plain evaluation does, whatever the filter and
//! the exchanges.

use proptest::prelude::*;

use super::super::operators::OPERATORS;
use super::*;

fn any_filter() -> impl Strategy<Value = String> {
    let examples: Vec<String> = OPERATORS
        .iter()
        .map(|operator| operator.example.to_owned())
        .chain(
            [
                "method:GET",
                "status:2xx",
                "status:404",
                "path:/",
                "path:a",
                "query:a",
                "type:text",
                "dur:>5ms",
                "size:<10",
                "request-size:>0",
                "age:<1m",
                "gen:>2",
                "id:<4",
                "source:client",
                "source:1",
                "source:replay",
                "source:pin",
                "is:pinned",
                "is:complete",
                "has:body",
                "has:hint",
                "header:a",
                "body:a",
                "~q",
                "~s",
                "b",
                "/a|b/",
                "error:e",
                "output:o",
                "not a",
                "client:5",
                "path:é",
                "path:/aé",
                "path:\"/é\"",
                "url:/a.b/",
                "aé",
                "É",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop::sample::select(examples).prop_recursive(4, 12, 3, |inner| {
        (prop::collection::vec(inner, 1..4), 0..4_u8).prop_map(|(parts, joint)| {
            match joint {
                0 => format!("({})", parts.join(" ")),
                1 => format!("({})", parts.join(" or ")),
                2 => format!("not ({})", parts.join(" | ")),
                _ => format!("!({})", parts.join(" & ")),
            }
        })
    })
}

fn any_exchange() -> impl Strategy<Value = Exchange> {
    let request = (
        prop::sample::select(vec!["GET", "POST", "get", "DELETE"]),
        "(/([ab%]|%C3%A9|%2F){0,3}){1,2}(\\?([ab=&]|%C3%A9){0,4})?|http://[ab]/[ab]?",
        prop::option::of("[AB]: [ab]{0,3}"),
        "[abe ]{0,4}",
        0_i64..200,
    );
    let response = prop::option::of((
        prop::sample::select(vec![200_u16, 201, 302, 404, 500]),
        prop::option::of(prop::sample::select(vec![
            "text/html",
            "Application/JSON; a=b",
            ";",
        ])),
        "[ab]{0,20}",
        0_i64..300,
        0_u8..4,
    ));
    let others = (0_u8..4, any::<bool>(), any::<bool>(), any::<bool>());
    (request, response, others).prop_map(|(request, response, others)| {
        let (method, target, field, body, ago) = request;
        let field = field.map_or_else(String::new, |field| format!("\n{field}"));
        let head = format!("{method} {target} HTTP/1.1\nHost: a{field}");
        let mut exchange = asked(1, ago, &head, body.as_bytes());
        if let Some((status, kind, body, millis, outcome)) = response {
            let kind =
                kind.map_or_else(String::new, |kind| format!("\nContent-Type: {kind}"));
            let head = format!("{status} OK{kind}");
            exchange = answered(exchange, millis, &head, body.as_bytes());
            exchange.outcome = match outcome {
                0 => None,
                1 => Some(Outcome::ClientGone),
                2 => Some(Outcome::Cut("b".to_owned())),
                _ => Some(Outcome::Complete),
            };
            exchange.ended = exchange.ended.filter(|_| outcome != 0);
        }
        let (replay, raised, hinted, printed) = others;
        if replay > 0 {
            let of = ExchangeId(replay.into());
            exchange.source = if hinted { Source::Pin(of) } else { Source::Replay(of) };
        }
        exchange.remark.pinned = printed;
        if raised {
            let text = "Error: e\n".to_owned();
            exchange.traceback = Some(Arc::new(Traceback { chain: Vec::new(), text }));
        }
        if hinted {
            exchange.hints.push(Arc::new(hint()));
        }
        if printed {
            exchange.output.push(OutputLine {
                stream: OutputStream::Stdout,
                generation: GenerationId(1),
                exchange: None,
                text: b"out".to_vec(),
            });
        }
        exchange
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_database_and_the_plain_evaluation_keep_the_same(
        filters in prop::collection::vec(any_filter(), 8),
        mut exchanges in prop::collection::vec(any_exchange(), 1..12),
    ) {
        for (number, exchange) in exchanges.iter_mut().enumerate() {
            exchange.id = ExchangeId(number as u64 + 1);
        }
        let shelf = Shelf::with(&exchanges);
        for filter in filters {
            // Compares the two itself.
            shelf.found(&filter);
        }
    }
}

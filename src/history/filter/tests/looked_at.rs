//! What of an exchange is looked at for a filter.

use super::*;

#[test]
fn bytes_are_looked_at_only_where_the_filter_asks_for_them() {
    let sql = |filter: &str| Filter::parse(filter, now()).unwrap().sql();
    for quick in [
        "",
        "status:5xx path:/api",
        "not (dur:>1s or gen:3)",
        "orders has:output",
        "path:/a+/ error:x",
        "not ~u x",
        "output:x",
    ] {
        assert_eq!(sql(quick).verdict, None, "{quick}");
    }
    for slow in ["body:x", "header:x", "not ~b x"] {
        assert_eq!(sql(slow).condition, Clause::default());
        // What an index can tell is asked first.
        let narrowed = sql(&format!("{slow} status:5xx"));
        assert_eq!(narrowed.condition.text, "status / 100 = 5");
        assert_eq!(narrowed.verdict, sql(slow).verdict);
        let either = sql(&format!("{slow} or status:5xx"));
        assert_eq!(either.condition, Clause::default());
    }
}

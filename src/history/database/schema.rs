//! The tables, and how a file of an older version gets them.

use rusqlite::{Connection, TransactionBehavior};

/// What marks a file as a history of rdev's (the header's application id): "rdev".
pub(super) const APPLICATION: u32 = u32::from_be_bytes(*b"rdev");

/// The version of a file that was brought up to date.
pub const VERSION: i64 = 9;

/// From each version to the next, beginning with an empty file. What is here was
/// released: a change of the tables is one more step, with a file of the version before
/// among the tests.
const STEPS: [&str; VERSION as usize] = [
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
    include_str!("schema-8.sql"),
    include_str!("schema-9.sql"),
];

/// Brings a file up to date, in one transaction. Several processes may do so at once. A
/// newer file is left as it is; the version it then has is returned.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let found = version(connection)?;
    if found >= VERSION {
        return Ok(found);
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = version(&transaction)?;
    let steps = STEPS.iter().skip(usize::try_from(found).unwrap_or(0));
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", found.max(VERSION))?;
    transaction.commit()?;
    Ok(found.max(VERSION))
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gets_every_table_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        let tables: i64 = connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema
                 WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(tables, 7);
        let application: u32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .unwrap();
        assert_eq!(application, APPLICATION);
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date_also_by_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        let old = Connection::open(&file).unwrap();
        old.execute_batch(STEPS[0]).unwrap();
        old.pragma_update(None, "application_id", APPLICATION).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute("INSERT INTO run VALUES (1, 0, 'a', '', 1, 1, 1, 0, 0, 0, 0)", [])
            .unwrap();
        drop(old);
        let reader = super::super::open_to_read(&file).unwrap();
        assert_eq!(version(&reader).unwrap(), VERSION);
        let runs: i64 =
            reader.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
        assert_eq!(runs, 1);
    }

    #[test]
    fn what_was_marked_before_there_were_pins_is_marked_and_not_pinned() {
        let mut connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..4] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", 4).unwrap();
        connection.execute("INSERT INTO remark VALUES (7, 1, 'why?')", []).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        let said: (i64, i64, String, i64) = connection
            .query_row(
                "SELECT exchange, marked, comment, pinned FROM remark",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(said, (7, 1, "why?".to_owned(), 0));
    }

    #[test]
    fn a_body_that_was_cut_before_there_were_reasons_is_still_cut() {
        let mut connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..5] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", 5).unwrap();
        for (at, size, kept) in [(1, 0, 0), (2, 9, 9), (3, 9, 4)] {
            connection
                .execute(
                    "INSERT INTO exchange (at, run, number, source, client, method, path, \
                     request_size, response_size, request_kept, response_kept, hint_count) \
                     VALUES (?1, 1, ?1, 0, '', 'GET', '/', ?2, 2, ?3, 2, 0)",
                    [at, size, kept],
                )
                .unwrap();
        }
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        let mut statement = connection
            .prepare("SELECT request_cut, response_cut, began FROM exchange ORDER BY at")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let rows: Vec<(Option<i64>, Option<i64>, Option<i64>)> =
            rows.collect::<Result<_, _>>().unwrap();
        let whole = (None, None, None);
        assert_eq!(rows, [whole, whole, (Some(5), None, None)]);
    }

    #[test]
    fn a_request_that_did_not_come_whole_is_told_by_its_head() {
        let mut connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..6] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", 6).unwrap();
        for kind in [0, 1] {
            let sql = "INSERT INTO run VALUES (?1 + 1, ?1, 'a', '', 1, 1, 1, 0, 0, 0, 0)";
            connection.execute(sql, [kind]).unwrap();
        }
        let large = "\r\ncontent-LENGTH:  5000\r\nA: b";
        let none = None::<i64>;
        let rows = [
            (1, 1, "POST", large, 9, Some(0), none),
            // What was cut was so for a reason of its own, which is not the less true.
            (2, 1, "POST", large, 4000, Some(2), Some(0)),
            (3, 1, "POST", large, 5000, Some(0), none),
            (4, 1, "POST", "\r\nX-Content-Length: 5000", 9, Some(0), none),
            (5, 1, "POST", large, 9, none, none),
            (6, 1, "-", large, 0, Some(2), none),
            (7, 2, "POST", large, 9, Some(0), none),
        ];
        for (at, run, method, fields, size, outcome, cut) in rows {
            connection
                .execute(
                    "INSERT INTO exchange (at, run, number, source, client, method, path, \
                     request_size, response_size, request_kept, response_kept, hint_count, \
                     outcome, request_cut) \
                     VALUES (?1, ?2, ?1, 0, '', ?3, '/', ?4, 2, 9, 2, 0, ?5, ?6)",
                    rusqlite::params![at, run, method, size, outcome, cut],
                )
                .unwrap();
            let head = format!("POST / HTTP/1.1\r\nHost: a{fields}\r\n\r\n").into_bytes();
            connection
                .execute(
                    "INSERT INTO content (at, request_head, request_body, response_body) \
                     VALUES (?1, ?2, x'', x'')",
                    rusqlite::params![at, head],
                )
                .unwrap();
        }
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        let mut statement = connection
            .prepare("SELECT request_size, request_cut FROM exchange ORDER BY at")
            .unwrap();
        let told: Vec<(i64, Option<i64>)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(
            told,
            [
                (5000, Some(5)),
                (5000, Some(0)),
                (5000, None),
                (9, None),
                (9, None),
                (0, None),
                (9, None)
            ]
        );
    }

    #[test]
    fn nobody_knows_how_long_a_body_was_waited_for_before_that_was_measured() {
        let mut connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..8] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", 8).unwrap();
        connection
            .execute(
                "INSERT INTO exchange (at, run, number, source, client, method, path, \
                 request_size, response_size, request_kept, response_kept, hint_count, \
                 called) VALUES (1, 1, 1, 0, '', 'POST', '/', 9, 2, 9, 2, 0, 5)",
                [],
            )
            .unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), VERSION);
        let known: (Option<i64>, Option<i64>) = connection
            .query_row("SELECT body_wait, called FROM exchange", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(known, (None, Some(5)));
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), VERSION + 1);
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }
}

//! What goes is the oldest, and what is over its age or the size of all.

use super::*;

/// A file with exchanges of the seconds from 1 to `count`, of which the second is marked,
/// the third has a comment and the fifth is pinned.
fn with_remarks(count: i64) -> (tempfile::TempDir, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_to_write(&folder.path().join("history.db")).unwrap();
    let beginning = Beginning {
        kind: RunKind::Server,
        title: String::new(),
        application: None,
        address: String::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let mut writer = Writer::begin(connection, &beginning).unwrap();
    let mut batch = writer.batch().unwrap();
    for second in 1..=count {
        batch.add(&of_second(second)).unwrap();
    }
    let marked = Remark { marked: true, ..Remark::default() };
    let commented = Remark { comment: Some("why?".to_owned()), ..Remark::default() };
    let pinned = Remark { pinned: true, ..Remark::default() };
    assert!(batch.remark(ExchangeId(2), &marked).unwrap());
    assert!(batch.remark(ExchangeId(3), &commented).unwrap());
    assert!(batch.remark(ExchangeId(5), &pinned).unwrap());
    for said in [&marked, &pinned, &Remark::default()] {
        assert!(batch.remark(ExchangeId(4), said).unwrap());
    }
    assert!(!batch.remark(ExchangeId(u64::MAX), &marked).unwrap());
    batch.commit().unwrap();
    (folder, writer)
}

/// Holds a file to its bounds until there is nothing more to delete, and gives the
/// numbers of the exchanges that are left, the oldest first, all of them whole.
fn left(writer: &mut Writer, bounds: Bounds, now: Timestamp) -> Vec<i64> {
    let mut steps = 0;
    while bounds.enforce(writer.connection(), now, None).unwrap() != Step::Nothing {
        steps += 1;
        assert!(steps < 10_000, "there is no end to it");
    }
    let mut statement = writer
        .connection()
        .prepare("SELECT number, at FROM exchange ORDER BY at")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Place(row.get(1)?))));
    let rows: Vec<(i64, Place)> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    drop(statement);
    for (number, place) in &rows {
        let kept = record(writer.connection(), *place).unwrap().unwrap().exchange;
        let added = of_second(*number);
        assert_eq!(kept.response_body, added.response_body);
        assert_eq!(kept.output, added.output);
    }
    let runs: i64 = writer
        .connection()
        .query_row("SELECT count(*) FROM run", [], |row| row.get(0))
        .unwrap();
    assert_eq!(runs, 1);
    rows.into_iter().map(|(number, _)| number).collect()
}

#[test]
fn what_is_too_old_goes_but_for_what_something_was_said_of() {
    let (_folder, mut writer) = with_remarks(1200);
    let now = Timestamp::from_second(1300).unwrap();
    let all: Vec<i64> = (1..=1200).collect();
    assert_eq!(left(&mut writer, NO_BOUNDS, now), all);
    let bounds = Bounds { age: SignedDuration::from_secs(200), ..NO_BOUNDS };
    let mut expected = vec![2, 3, 5];
    expected.extend(1100..=1200);
    assert_eq!(left(&mut writer, bounds, now), expected);
    let bounds = Bounds { age: SignedDuration::ZERO, ..NO_BOUNDS };
    assert_eq!(left(&mut writer, bounds, now), [2, 3, 5]);
}

#[test]
fn what_was_imported_is_as_old_as_the_import() {
    let (folder, mut writer) = with_remarks(10);
    let beginning = Beginning {
        kind: RunKind::Import,
        title: "old.har".to_owned(),
        application: None,
        address: String::new(),
        at: Timestamp::from_second(1000).unwrap(),
    };
    let file = folder.path().join("history.db");
    let mut import = Writer::begin(open_to_write(&file).unwrap(), &beginning).unwrap();
    let mut batch = import.batch().unwrap();
    for second in 11..=800 {
        batch.add(&of_second(second)).unwrap();
    }
    batch.commit().unwrap();
    let bounds = Bounds { age: SignedDuration::from_secs(300), ..NO_BOUNDS };
    let mut left_at = |second| {
        let now = Timestamp::from_second(second).unwrap();
        while bounds.enforce(writer.connection(), now, None).unwrap() != Step::Nothing {}
        let counted = "SELECT count(*), (SELECT count(*) FROM content) FROM exchange";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        writer.connection().query_row(counted, [], row).unwrap()
    };
    let remarked = 3;
    assert_eq!(left_at(1200), (790 + remarked, 790 + remarked));
    assert_eq!(left_at(1400), (remarked, remarked));
}

#[test]
fn what_is_too_much_goes_but_for_what_something_was_said_of() {
    let (folder, mut writer) = with_remarks(600);
    let now = Timestamp::from_second(700).unwrap();
    let bounds = Bounds { size: 3 << 20, ..NO_BOUNDS };
    let kept = left(&mut writer, bounds, now);
    assert_eq!(kept[..3], [2, 3, 5]);
    let newest: Vec<i64> = (kept[3]..=600).collect();
    assert_eq!(kept[3..], newest);
    assert!(kept.len() > 100, "{}", kept.len());
    let length = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    let sizes = (length("history.db"), length("history.db-wal"));
    assert!(sizes.0 + sizes.1 <= 3 << 20, "{sizes:?}");
    // Nothing else can be deleted, however little there may be.
    let bounds = Bounds { size: 1, ..NO_BOUNDS };
    assert_eq!(left(&mut writer, bounds, now), [2, 3, 5]);
}

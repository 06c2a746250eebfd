//! Runs whose process was killed: what they had under way will never end.

use rusqlite::{Connection, TransactionBehavior};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Why what was under way has no end.
const KILLED: &str = "rdev was killed";

/// Ends the runs of servers whose process is gone, with the latest that is known of them,
/// and says of what they had under way that it was cut.
///
/// A process in another container may be taken for gone, since its number is another one
/// here. What it writes from then on stands in place of this.
pub(super) fn end_abandoned(connection: &mut Connection) -> rusqlite::Result<()> {
    let gone = gone(connection)?;
    if gone.is_empty() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for run in gone {
        transaction.execute(
            "UPDATE exchange SET outcome = 3, cut = ?2 \
             WHERE run = ?1 AND outcome IS NULL",
            (run, KILLED),
        )?;
        transaction.execute(
            "UPDATE run SET ended = coalesce((SELECT at FROM exchange WHERE run = ?1 \
             ORDER BY number DESC LIMIT 1), started) WHERE id = ?1 AND ended IS NULL",
            [run],
        )?;
    }
    transaction.commit()
}

/// The runs of servers that have no end and no process.
fn gone(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement =
        connection.prepare("SELECT id, pid FROM run WHERE ended IS NULL AND kind = 0")?;
    let runs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let runs: Vec<(i64, i32)> = runs.collect::<Result<_, _>>()?;
    let is_gone = |pid| {
        Pid::from_raw(pid).is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
    };
    Ok(runs.into_iter().filter(|(_, pid)| is_gone(*pid)).map(|(run, _)| run).collect())
}

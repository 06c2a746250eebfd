//! What the machine does, input by input.

use super::*;
use crate::clock::monotonic;

const ONE: GenerationId = GenerationId(1);
const TWO: GenerationId = GenerationId(2);
const THREE: GenerationId = GenerationId(3);

/// Runs the inputs and writes down the actions, without what is only published. The files
/// are always at rest.
fn run(inputs: Vec<Input>) -> String {
    run_with(Machine::new(true), inputs)
}

fn run_unwatched(inputs: Vec<Input>) -> String {
    run_with(Machine::new(false), inputs)
}

fn run_with(mut machine: Machine, inputs: Vec<Input>) -> String {
    let mut log = Vec::new();
    for input in inputs {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in machine.step(input, monotonic()) {
                match action {
                    Action::AwaitFiles => next = Some(Input::FilesAtRest),
                    action => log.extend(word(&action)),
                }
            }
        }
    }
    log.join(", ")
}

fn word(action: &Action) -> Option<String> {
    Some(match action {
        Action::Publish(..) | Action::Tell(_) => return None,
        Action::AwaitFiles => "await files".to_owned(),
        Action::Spawn(id) => format!("spawn {id}"),
        Action::ReadOn(id) => format!("read on {id}"),
        Action::Begin(id) => format!("begin {id}"),
        Action::Kill(id) => format!("kill {id}"),
        Action::Retire(id) => format!("retire {id}"),
        Action::Outlast(id) => format!("outlast {id}"),
        Action::Hold(_) => "hold".to_owned(),
        Action::Serve(id) => format!("serve {id}"),
        Action::Fail(id, _) => format!("fail {id}"),
        Action::GiveUp(_) => "give up".to_owned(),
        Action::Bury(id, how, _) => format!("bury {id}: {how}"),
        Action::Pause(time) => format!("pause {}", time.as_millis()),
    })
}

fn imported(id: GenerationId) -> Input {
    Input::Imported { id, took: Duration::ZERO, rung: Rung::Cold, stale: Vec::new() }
}

fn failed(id: GenerationId) -> Input {
    let failure = Failure { traceback: Arc::default(), address_in_use: false };
    Input::ImportFailed { id, failure, stale: Vec::new() }
}

fn address_taken(id: GenerationId) -> Input {
    let failure = Failure { traceback: Arc::default(), address_in_use: true };
    Input::ImportFailed { id, failure, stale: Vec::new() }
}

fn changed() -> Input {
    Input::Changed(vec!["app.py".into()])
}

fn exited(id: GenerationId) -> Input {
    ended(id, Death::Signal)
}

fn ended(id: GenerationId, death: Death) -> Input {
    Input::Exited { id, end: ProcessEnd { how: "was killed".into(), death, stack: None } }
}

#[test]
fn the_next_one_imports_when_an_idle_one_is_gone() {
    let mut inputs = vec![Input::Start, imported(ONE), changed(), Input::Drained(ONE)];
    let log = run(inputs.clone());
    assert_eq!(log, "spawn 1, begin 1, serve 1, hold, spawn 2, retire 1");
    inputs.extend([exited(ONE), imported(TWO)]);
    let log = run(inputs);
    assert!(log.ends_with("retire 1, bury 1: was killed, begin 2, serve 2"), "{log}");
}

#[test]
fn the_next_one_reads_on_when_an_idle_one_holds_nothing_any_more() {
    let mut inputs = vec![Input::Start, imported(ONE), changed(), Input::Left(ONE)];
    assert!(!run(inputs.clone()).contains("read on"), "it was not told to end");
    inputs.extend([Input::Drained(ONE), Input::Left(ONE), Input::Left(ONE)]);
    let log = run(inputs.clone());
    assert!(log.ends_with("spawn 2, retire 1, read on 2"), "{log}");
    inputs.extend([exited(ONE), imported(TWO)]);
    let log = run(inputs);
    assert!(log.ends_with("read on 2, bury 1: was killed, begin 2, serve 2"), "{log}");
}

#[test]
fn one_that_still_holds_something_is_waited_for() {
    let mut inputs = vec![Input::Start, imported(ONE), changed(), Input::Busy(ONE)];
    inputs.extend([imported(TWO), changed(), Input::Drained(ONE), Input::Drained(TWO)]);
    inputs.push(Input::Left(TWO));
    let log = run(inputs.clone());
    assert!(log.ends_with("spawn 3, retire 1, retire 2"), "{log}");
    inputs.push(Input::Left(ONE));
    let log = run(inputs);
    assert!(log.ends_with("retire 2, read on 3"), "{log}");
}

#[test]
fn the_next_one_does_not_wait_for_a_busy_one() {
    let mut inputs = vec![Input::Start, imported(ONE), changed(), Input::Busy(ONE)];
    inputs.extend([imported(TWO), Input::Drained(ONE), exited(ONE)]);
    let log = run(inputs);
    assert!(
        log.ends_with(
            "spawn 2, outlast 1, begin 2, serve 2, retire 1, bury 1: was killed"
        ),
        "{log}"
    );
}

#[test]
fn a_change_during_an_import_starts_over_and_the_overtaken_one_never_answers() {
    let mut inputs = vec![Input::Start, changed(), imported(ONE), exited(ONE)];
    inputs.push(imported(TWO));
    let log = run(inputs);
    assert_eq!(log, "spawn 1, begin 1, kill 1, spawn 2, begin 2, serve 2");
}

#[test]
fn files_that_are_still_being_written_are_waited_for() {
    let mut machine = Machine::new(true);
    let now = monotonic();
    let mut log = Vec::new();
    let inputs = [
        Input::Start,
        changed(),
        Input::Changed(vec!["app.py".into(), "other.py".into()]),
        Input::FilesAtRest,
        Input::FilesAtRest,
    ];
    for input in inputs {
        for action in machine.step(input, now) {
            log.push(match action {
                Action::Publish(id, what) => format!("{id} {what:?}"),
                other => word(&other).unwrap_or_default(),
            });
        }
    }
    let started = r#"1 Started(Changed(["app.py", "other.py"]))"#;
    assert_eq!(log, ["await files", started, "spawn 1", "begin 1"]);
}

#[test]
fn an_import_of_files_that_changed_meanwhile_is_thrown_away() {
    let stale = vec!["app.py".into()];
    let took = Duration::ZERO;
    let imported = Input::Imported { id: ONE, took, rung: Rung::Cold, stale };
    let log = run(vec![Input::Start, imported, exited(ONE)]);
    assert_eq!(log, "spawn 1, begin 1, kill 1, spawn 2, begin 2");
}

#[test]
fn a_generation_of_doubtful_making_is_made_again() {
    let inputs = vec![Input::Start, Input::Unlike(ONE), exited(ONE), imported(TWO)];
    assert_eq!(run(inputs), "spawn 1, begin 1, kill 1, spawn 2, begin 2, serve 2");
}

#[test]
fn a_failed_import_answers_until_the_next_change_mends_it() {
    let log = run(vec![Input::Start, failed(ONE), exited(ONE), changed(), imported(TWO)]);
    let expected = "spawn 1, begin 1, retire 1, fail 1, hold, spawn 2, begin 2, serve 2";
    assert_eq!(log, expected);
}

#[test]
fn what_a_failed_import_has_taken_is_free_for_the_next() {
    let log = run(vec![Input::Start, failed(ONE), changed()]);
    assert_eq!(log, "spawn 1, begin 1, retire 1, fail 1, hold, spawn 2");
}

#[test]
fn a_ready_generation_of_doubtful_making_is_replaced() {
    let log = run(vec![Input::Start, imported(ONE), Input::Unlike(ONE)]);
    assert_eq!(log, "spawn 1, begin 1, serve 1, hold, spawn 2");
}

#[test]
fn where_no_change_is_waited_for_a_first_failure_ends_it() {
    assert_eq!(
        run_unwatched(vec![Input::Start, failed(ONE)]),
        "spawn 1, begin 1, retire 1, fail 1, give up"
    );
}

#[test]
fn where_no_change_is_waited_for_a_later_failure_is_tried_again_with_pauses() {
    let mut inputs = vec![Input::Start, imported(ONE), exited(ONE)];
    inputs.extend([failed(TWO), exited(TWO), failed(THREE), exited(THREE)]);
    inputs.push(Input::PauseOver);
    let log = run_unwatched(inputs);
    assert!(
        log.ends_with(
            "spawn 2, begin 2, retire 2, fail 2, hold, spawn 3, begin 3, retire 3, fail 3, \
             pause 250, hold, spawn 4, begin 4"
        ),
        "{log}"
    );
}

/// A series of generations that die as soon as they are there.
fn deaths(count: u32) -> Vec<Input> {
    let mut inputs = vec![Input::Start];
    for id in (1..=count).map(GenerationId) {
        inputs.extend([imported(id), exited(id)]);
    }
    inputs
}

#[test]
fn a_death_is_answered_and_replaced_and_a_series_of_them_slowed_down() {
    let mut inputs = deaths(3);
    inputs.push(Input::PauseOver);
    let log = run(inputs);
    assert!(
        log.starts_with("spawn 1, begin 1, serve 1, hold, bury 1: was killed, spawn")
    );
    assert!(log.ends_with("bury 3: was killed, pause 250, spawn 4, begin 4"), "{log}");
}

#[test]
fn that_it_is_held_back_is_told() {
    let mut machine = Machine::new(true);
    let mut told = Vec::new();
    for input in deaths(3) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in machine.step(input, monotonic()) {
                match action {
                    Action::AwaitFiles => next = Some(Input::FilesAtRest),
                    Action::Publish(id, GenerationEvent::HeldBack(pause)) => {
                        told.push((id, pause));
                    }
                    _ => {}
                }
            }
        }
    }
    assert_eq!(told, [(THREE, Duration::from_millis(250))]);
}

#[test]
fn a_change_ends_the_pause() {
    let mut inputs = deaths(3);
    inputs.extend([changed(), Input::PauseOver]);
    assert!(run(inputs).ends_with("pause 250, spawn 4, begin 4"));
}

#[test]
fn leaving_while_importing_is_a_failed_import() {
    let log = run(vec![Input::Start, ended(ONE, Death::Exit)]);
    assert_eq!(log, "spawn 1, begin 1, fail 1");
}

#[test]
fn being_killed_while_importing_is_believed_the_second_time() {
    let log = run(vec![Input::Start, exited(ONE), exited(TWO), changed()]);
    let expected = "spawn 1, begin 1, spawn 2, begin 2, fail 2, hold, spawn 3, begin 3";
    assert_eq!(log, expected);
    let log = run(vec![Input::Start, exited(ONE), imported(TWO)]);
    assert_eq!(log, "spawn 1, begin 1, spawn 2, begin 2, serve 2");
}

/// Four attempts, all of which end so.
fn four_attempts(death: Death) -> Vec<Input> {
    let [one, two, three, four] = [1, 2, 3, 4].map(|id| ended(GenerationId(id), death));
    vec![Input::Start, one, two, three, Input::PauseOver, four]
}

#[test]
fn what_others_kill_or_could_not_be_started_fails_the_fourth_time_and_is_tried_on() {
    for death in [Death::Outside, Death::Unborn] {
        let mut inputs = four_attempts(death);
        inputs.extend([Input::PauseOver, imported(GenerationId(5))]);
        let expected = "spawn 1, begin 1, spawn 2, begin 2, spawn 3, begin 3, pause 250, \
                        spawn 4, begin 4, fail 4, pause 500, hold, spawn 5, begin 5, \
                        serve 5";
        assert_eq!(run(inputs), expected);
    }
}

#[test]
fn an_import_that_is_always_killed_is_given_up_until_a_change() {
    let mut inputs = four_attempts(Death::Outside);
    for id in 5..30 {
        inputs.extend([Input::PauseOver, ended(GenerationId(id), Death::Outside)]);
    }
    assert!(
        run(inputs.clone()).ends_with("begin 13, fail 13"),
        "{}",
        run(inputs.clone())
    );
    inputs.push(changed());
    assert!(run(inputs).ends_with("fail 13, hold, spawn 14, begin 14"));
}

#[test]
fn an_import_that_takes_too_long_has_failed_and_is_killed() {
    let traceback = Arc::default();
    let late = Input::TimedOut { id: ONE, traceback };
    let log = run(vec![Input::Start, late.clone(), exited(ONE), changed()]);
    assert_eq!(log, "spawn 1, begin 1, fail 1, kill 1, hold, spawn 2, begin 2");
    assert_eq!(
        run(vec![Input::Start, imported(ONE), late]),
        run(vec![Input::Start, imported(ONE)])
    );
}

/// A busy predecessor, and the next one importing beside it.
fn beside_a_busy_one() -> Vec<Input> {
    vec![Input::Start, imported(ONE), changed(), Input::Busy(ONE)]
}

#[test]
fn a_taken_address_ends_the_older_ones_and_is_tried_once_more() {
    let mut inputs = beside_a_busy_one();
    inputs.extend([address_taken(TWO), exited(TWO), exited(ONE), address_taken(THREE)]);
    let log = run(inputs);
    assert!(
        log.ends_with(
            "begin 2, retire 2, retire 1, spawn 3, bury 1: was ended: the new code needs \
             an address that it had in use, begin 3, retire 3, fail 3"
        ),
        "{log}"
    );
}

#[test]
fn a_taken_address_is_believed_where_nobody_of_ours_can_have_it() {
    let log = run(vec![Input::Start, address_taken(ONE)]);
    assert_eq!(log, "spawn 1, begin 1, retire 1, fail 1");
}

#[test]
fn a_fourth_older_generation_ends_the_oldest() {
    let mut inputs = vec![Input::Start];
    for id in (1..=4).map(GenerationId) {
        inputs.extend([imported(id), changed(), Input::Busy(id)]);
    }
    inputs.push(exited(ONE));
    let log = run(inputs);
    assert!(
        log.ends_with(
            "spawn 5, outlast 4, retire 1, bury 1: was ended: 3 older generations may go \
             on at most, begin 5"
        ),
        "{log}"
    );
}

#[test]
fn one_that_goes_on_for_too_long_is_ended() {
    let mut inputs = beside_a_busy_one();
    inputs.extend([Input::Overdue(ONE, Duration::from_secs(30)), exited(ONE)]);
    let log = run(inputs);
    assert!(
        log.ends_with(
            "retire 1, bury 1: was ended: newer code had taken over 30 s before \
             (--retire)"
        ),
        "{log}"
    );
    let late = [imported(TWO), Input::Overdue(TWO, Duration::ZERO)];
    assert_eq!(run([vec![Input::Start], late.to_vec()].concat()), "spawn 1, begin 1");
}

//! What is learnt, and when what was made with it is believed.

use super::*;

/// How a generation is made that has its libraries in memory.
const WARM: Rung = if cfg!(target_os = "linux") {
    Rung::Fork { modules: 2 }
} else {
    Rung::Spare { modules: 2 }
};

fn trace(libraries: &[&str], facts: &[&str]) -> ImportTrace {
    let strings = |items: &[&str]| items.iter().map(ToString::to_string).collect();
    ImportTrace {
        libraries: strings(libraries),
        record: Vec::new(),
        has_moved: false,
        facts: strings(facts),
    }
}

fn two() -> Preload {
    let modules = ["flask", "flask.json"].map(str::to_owned).to_vec();
    Preload { modules, ..Preload::default() }
}

fn warm() -> Warmth {
    let mut warmth = Warmth::default();
    let cold = trace(&["flask"], &["module flask"]);
    assert_eq!(warmth.judge(Rung::Cold, &cold), Verdict::Keep);
    assert!(warmth.learn(&cold));
    assert_eq!(warmth.preloaded(two(), Vec::new()), Next::Use);
    warmth
}

#[test]
fn the_first_generation_teaches_and_an_equal_second_one_is_kept() {
    let mut warmth = warm();
    assert_eq!(warmth.rung(), WARM);
    let same = trace(&["flask"], &["module flask"]);
    assert_eq!(warmth.judge(WARM, &same), Verdict::Keep);
    assert!(!warmth.learn(&same));
    assert!(warmth.learn(&trace(&["flask", "yaml"], &[])));
}

#[test]
fn a_difference_that_a_cold_import_shows_too_was_the_edit() {
    let mut warmth = warm();
    let other = trace(&["flask"], &["module flask", "thread T"]);
    assert_eq!(warmth.judge(WARM, &other), Verdict::Redo("thread T".into()));
    assert_eq!(warmth.rung(), Rung::Cold);
    assert_eq!(warmth.judge(Rung::Cold, &other), Verdict::Keep);
    assert_eq!(warmth.rung(), WARM);
    assert_eq!(warmth.judge(WARM, &trace(&[], &[])), Verdict::Keep);
}

#[test]
fn a_difference_is_told_by_what_is_gone_what_is_new_and_how_often() {
    let facts = |facts: &[&str]| trace(&[], facts).facts;
    let before = facts(&["module a", "open pipe", "open socket", "open socket"]);
    let after = facts(&["handler 2", "open pipe", "open pipe", "open socket"]);
    assert_eq!(
        difference(&before, &after),
        "no module a, handler 2, open pipe: 2, not 1"
    );
    assert_eq!(difference(&before[1..], &before[2..]), "no open pipe");
    assert_eq!(difference(&before, &before[..3]), "open socket: 1, not 2");
}

#[test]
fn a_difference_that_only_warm_imports_show_ends_them() {
    let mut warmth = warm();
    let other = trace(&["flask"], &["thread T"]);
    assert!(matches!(warmth.judge(WARM, &other), Verdict::Redo(_)));
    let cold = trace(&["flask"], &["module flask"]);
    assert_eq!(warmth.judge(Rung::Cold, &cold), Verdict::Keep);
    assert_eq!(
        warmth.why_off(),
        Some("a warm import differs: no module flask, thread T")
    );
    assert!(!warmth.learn(&trace(&["other"], &[])));
}

#[test]
fn a_failure_is_believed_once_a_cold_import_fails_too() {
    let mut warmth = warm();
    let failure = Traceback::default();
    assert!(warmth.failed(WARM, &failure));
    assert_eq!(warmth.rung(), Rung::Cold);
    assert!(!warmth.failed(Rung::Cold, &failure));
    assert_eq!(warmth.rung(), WARM);
    assert!(warmth.failed(WARM, &failure));
    assert_eq!(warmth.judge(Rung::Cold, &trace(&[], &[])), Verdict::Keep);
    assert!(warmth.why_off().is_some());
}

#[test]
fn a_change_of_files_ends_a_comparison() {
    let mut warmth = warm();
    assert!(warmth.failed(WARM, &Traceback::default()));
    warmth.changed();
    assert_eq!(warmth.rung(), WARM);
    let other = trace(&["flask"], &["thread T"]);
    assert!(matches!(warmth.judge(WARM, &other), Verdict::Redo(_)));
    warmth.changed();
    assert_eq!(warmth.rung(), WARM);
}

#[test]
fn what_is_refused_is_left_out_and_a_list_that_never_works_given_up() {
    let mut warmth = Warmth::default();
    assert!(warmth.learn(&trace(&["a", "b"], &[])));
    let refused = || vec![("b".to_owned(), "starts a thread".to_owned())];
    for _ in 1..MOST_TRIES {
        assert_eq!(warmth.preloaded(two(), refused()), Next::TryAgain);
    }
    assert_eq!(warmth.preloaded(two(), refused()), Next::GiveUp);
    assert_eq!(warmth.rung(), Rung::Cold);
    assert_eq!(warmth.excluded()["b"], "starts a thread");
    assert!(!warmth.learn(&trace(&["a", "b"], &[])));
}

#[test]
fn each_way_has_its_reason_and_an_unmet_wish_is_marked() {
    let rung = |warmth: &Warmth| {
        let Making { rung, why, no_checkpoint, unmet } =
            warmth.making(None, Some(&Absence::Mode(warmth.mode)));
        let absent = format!("--reload-mode {} was given", warmth.mode);
        assert_eq!(no_checkpoint, (absent != why).then_some(absent));
        assert!(unmet.as_ref().is_none_or(|unmet| *unmet == why));
        (rung, why, unmet.is_some())
    };
    let mut fork = Warmth::new(ReloadMode::Fork, true);
    let why = "what it imports is not known yet".to_owned();
    assert_eq!(rung(&fork), (Rung::Cold, why, true));
    assert!(fork.learn(&trace(&["flask"], &[])));
    let why = "its libraries were still being imported beforehand".to_owned();
    assert_eq!(rung(&fork), (Rung::Cold, why, true));
    assert_eq!(fork.preloaded(two(), Vec::new()), Next::Use);
    let why = "its libraries were in memory".to_owned();
    assert_eq!(rung(&fork), (WARM, why, cfg!(not(target_os = "linux"))));
    let once = fork.making(Some("it was asked for"), None);
    assert_eq!((once.rung, once.unmet), (Rung::Cold, Some(once.why)));
    fork.gave_up("another attempt failed");
    assert_eq!(fork.rung(), WARM, "what was in memory stays there");
    fork.used_up();
    let why = "the process that had its libraries in memory has become the generation \
               before, and the next is not ready";
    assert_eq!(rung(&fork), (Rung::Cold, why.to_owned(), true));
    fork.lost();
    assert_eq!(fork.rung(), Rung::Cold);
    assert!(!fork.learn(&trace(&["flask"], &[])), "they are known");
    fork.forget();
    assert!(fork.learn(&trace(&["flask"], &[])));

    let mut cold = Warmth::new(ReloadMode::Cold, true);
    assert!(!cold.learn(&trace(&["flask"], &[])));
    let why = "--reload-mode cold was given".to_owned();
    assert_eq!(rung(&cold), (Rung::Cold, why, false));
    let mut bare = Warmth::new(ReloadMode::Auto, true);
    assert_eq!(bare.not_ahead(), Some(Absence::NotWarm));
    assert_eq!(bare.judge(Rung::Cold, &trace(&[], &[])), Verdict::Keep);
    assert_eq!(bare.making(None, None).why, "there are no libraries to have in memory");
    assert_eq!(
        bare.not_ahead(),
        cfg!(not(target_os = "linux")).then_some(Absence::Single)
    );
    let nothing = Warmth::new(ReloadMode::Auto, false);
    let why = "nothing is reloaded".to_owned();
    assert_eq!(rung(&nothing), (Rung::Cold, why, false));
}

#[test]
fn each_library_that_is_not_warm_has_its_reason_in_the_order_of_imports() {
    let pair = |name: &str, why: &str| (name.to_owned(), why.to_owned());
    let mut warmth = Warmth::default();
    let all = trace(&["flask", "flask.json", "zmq", "zmq.green", "late"], &[]);
    assert_eq!(warmth.libraries(Rung::Cold, &all).share(), (0, 5));
    assert!(warmth.learn(&all));
    let refused = vec![pair("zmq", "starts a thread")];
    assert_eq!(warmth.preloaded(two(), refused), Next::TryAgain);
    let left_out = vec![pair("late", "comes after a change of sys.path")];
    let found = Preload { left_out, ..two() };
    assert_eq!(warmth.preloaded(found, Vec::new()), Next::Use);
    let expected = [
        pair("zmq", "starts a thread"),
        pair("zmq.green", "starts a thread"),
        pair("late", "comes after a change of sys.path"),
    ];
    assert_eq!(warmth.preload().left_out, expected);
    let next = trace(&["flask", "zmq", "yaml"], &[]);
    let libraries = warmth.libraries(WARM, &next);
    assert_eq!(libraries.share(), (2, 4));
    let expected = [pair("zmq", "starts a thread"), pair("yaml", NEW)];
    assert_eq!(libraries.fresh, expected);
    assert!(Arc::ptr_eq(&libraries, &warmth.libraries(WARM, &next)), "kept twice");
}

/// A generation with one library that has shown these surroundings.
fn shows(surroundings: u8) -> ImportTrace {
    ImportTrace { record: vec![surroundings], ..trace(&["flask"], &["module flask"]) }
}

#[test]
fn surroundings_that_are_never_the_same_are_not_learnt_until_they_are() {
    let mut warmth = warm();
    for number in 1..MOST_UNLIKE {
        warmth.unlike("the environment: NOW", Vec::new(), None);
        assert!(warmth.learn(&shows(0)), "{number}");
    }
    warmth.unlike("the environment: NOW", Vec::new(), None);
    assert_eq!(warmth.rung(), Rung::Cold);
    assert!(!warmth.learn(&shows(1)));
    assert!(!warmth.learn(&shows(2)));
    assert!(warmth.learn(&shows(2)));
    warmth.unlike("the environment: NOW", Vec::new(), None);
    assert!(warmth.learn(&shows(3)), "counted from before");
}

#[test]
fn what_a_generation_refuses_is_excluded_and_counts_once() {
    let mut warmth = warm();
    let refused = || Some("sqlalchemy".to_owned());
    warmth.unlike("it looks at loggers", Vec::new(), refused());
    assert_eq!(warmth.excluded()["sqlalchemy"], "it looks at loggers");
    for _ in 0..MOST_UNLIKE {
        assert!(warmth.learn(&shows(0)));
        warmth.unlike("it looks at loggers", Vec::new(), refused());
    }
    assert!(!warmth.learn(&shows(0)));
}

#[test]
fn what_came_too_late_is_tried_again_in_other_surroundings_unless_they_are_never_the_same()
 {
    let mut warmth = warm();
    let moved =
        || ImportTrace { has_moved: true, ..trace(&["flask"], &["module flask"]) };
    for _ in 0..MOST_UNLIKE {
        assert!(warmth.learn(&moved()));
    }
    assert!(!warmth.learn(&moved()));
    assert!(!warmth.learn(&trace(&["flask"], &[])));
    assert!(warmth.learn(&moved()));
}

#[test]
fn what_is_set_in_libraries_is_noticed_from_then_on_and_counts_once() {
    let mut warmth = warm();
    let set = |name: &str| vec![("stripe".to_owned(), name.to_owned())];
    for name in ["api_key", "api_version", "api_base"] {
        warmth.unlike("a change", set(name), None);
        assert!(warmth.learn(&shows(0)), "{name}");
    }
    assert_eq!(warmth.set().iter().filter(|it| it.opaque).count(), 0);
    warmth.unlike("a change", set("api_key"), None);
    assert!(warmth.learn(&shows(0)), "it cannot be told how it is set");
    assert_eq!(
        warmth.set().iter().map(|it| it.opaque).collect::<Vec<_>>(),
        [false, true, false]
    );
    for _ in 0..MOST_UNLIKE {
        warmth.unlike("a change", set("api_key"), None);
    }
    assert!(!warmth.learn(&shows(0)), "nothing new, each time");
}

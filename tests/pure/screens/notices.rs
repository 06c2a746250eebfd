//! What rdev itself says.

use super::*;

#[test]
fn information_goes_by_itself_and_a_warning_stays() {
    let app = App::ready(80, 24).press("f5").passes(1).sees("importing the code again");
    let app = app.passes(7000).misses("importing the code again").press("r").passes(1);
    let app = app.sees("there is no request to send again").press("?").misses("there is");
    let (severity, text) = (Severity::Warning, "something is odd".to_owned());
    let (at, notice) = (app.now, Notice { severity, text });
    app.press("q")
        .tell(Event::Notice { at, notice })
        .passes(60_000)
        .passes(60_000)
        .sees(" something is odd");
}

#[test]
fn it_is_said_that_saves_are_not_brought_in() {
    let mut app = App::ready(80, 24).misses("no --reload");
    app.state = {
        let zone = TimeZone::UTC;
        let mut facts = Facts::new("shop:app".to_owned(), "http://x".to_owned(), zone);
        facts.reloads = false;
        State::new(facts, app.now)
    };
    app.sees("no --reload");
}

#[test]
fn notices_are_said_and_kept_among_the_output() {
    let notice =
        Notice { severity: Severity::Warning, text: "the disk is \u{1b}full".to_owned() };
    let app = App::ready(80, 24);
    let at = app.now;
    app.tell(Event::Notice { at, notice })
        .sees(" the disk is \\x1bfull")
        .press("j")
        .sees("* the disk is \\x1bfull");
}

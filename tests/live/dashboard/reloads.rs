//! What is seen of reloads.

use super::*;

#[test]
fn f5_imports_the_code_again() {
    let at = little(120, 40);
    at.get("/");
    at.terminal.sees(["< hit 1, 0 bytes"]);
    at.terminal.press("f5").sees(["gen 2 ✓"]);
    at.get("/");
    at.terminal.sees_row(["2 g2", "GET"]).sees(["generation 2", "< hit 1, 0 bytes"]);
}

#[test]
fn a_save_is_a_new_generation_and_a_failing_one_is_shown_until_it_is_mended() {
    let at = little(120, 40);
    get(at.port, "/");
    at.terminal.sees(["< hit 1, 0 bytes"]).sees_row(["1 g1", "✓ 200"]);
    // A save may be seen half written, so that which number it gets is open.
    at.save("hit %d", "new %d");
    get(at.port, "/");
    at.terminal.sees(["✓ imported in", "< new 1, 0 bytes"]).loses("gen 1 ✓");
    at.terminal.sees_row(["2 g", "✓ 200"]).loses("2 g1");
    at.save("hits = 0\n", "hits = 0 +\n");
    at.terminal.sees(["✗ failed: SyntaxError", "hits = 0 +", "little.py"]);
    get(at.port, "/");
    at.terminal.sees_row(["3", "GET", "✗ 500"]);
    at.terminal.sees(["SyntaxError: invalid syntax", "little.py:5  <module>()"]);
    at.save("hits = 0 +\n", "hits = 5\n");
    at.terminal.sees(["✓ imported in"]).loses("✗ failed");
    get(at.port, "/");
    at.terminal.sees(["< new 6, 0 bytes"]).sees_row(["4 g", "✓ 200"]);
}

#[test]
fn reloads_stand_between_the_exchanges_and_tell_how_they_were_made() {
    let at = little(120, 40);
    at.get("/before");
    at.terminal.sees_row(["── gen 1  started", "✓", "cold"]).sees(["< hit 1"]);
    at.save("hit %d", "new %d");
    at.get("/after");
    at.terminal.sees(["< new 1, 0 bytes"]);
    at.terminal.wait_for("a reload between two exchanges", |screen| {
        let contents = contents(screen);
        let place = |word: &str| contents.lines().position(|line| line.contains(word));
        let reload = place("little.py changed  ✓")?;
        (place("/before  ")? < reload && reload < place("/after  ")?).then_some(())
    });
    at.terminal.sees_row(["little.py changed", "fork", "warm ─"]);
    at.terminal.press(": c o l d enter");
    at.terminal.sees_row(["── gen", "asked for  ✓", "ms  cold ─"]);
    at.terminal.press(": e x p l tab enter").sees([
        "* cold: a cold one was asked for",
        "* 0 of ",
        "Not in memory: ",
        "logging",
    ]);
    // Only that one.
    at.save("new %d", "newer %d");
    at.terminal.sees(["✓ imported in", ", fork"]);
    at.terminal.press("}").sees(["* fork: its libraries were in memory", "In memory: "]);
    at.terminal.press("esc").sees(["enter read"]).press(": n o n s e n s e enter");
    at.terminal.sees(["there is no command \"nonsense\""]);
}

#[test]
fn a_failed_reload_has_a_row_and_its_traceback_is_there() {
    let at = little(80, 24);
    at.get("/");
    at.terminal.sees(["< hit 1"]);
    at.save("hits = 0\n", "hits = nowhere\n");
    at.terminal.sees_row(["── gen", "✗ NameError: name 'nowhere' is not defined"]);
    at.terminal.sees(["#1 GET", "following"]);
    // It may have been made twice; the last row is the one that is believed.
    at.terminal.press("G").sees(["could not be imported", "Traceback (most recent"]);
    at.terminal.press("enter G").sees(["NameError: name 'nowhere' is not defined"]);
    at.save("hits = nowhere\n", "hits = 5\n");
    at.terminal.sees(["✓ "]).loses("✗ failed");
    at.terminal.sees(["could not be imported"]);
    at.get("/");
    // On its own: with a key right behind it, escape is read as alt.
    at.terminal.press("esc").sees(["enter read"]).press("G").sees(["< hit 6"]);
}

#[test]
fn a_failing_first_import_is_shown_with_its_traceback_and_mends() {
    let folder = Folder::empty();
    folder.save("little.py", "import nothing_like_it\n");
    let launch = rdev(folder.path()).args(["little:app", "--reload", "--port", "0"]);
    let terminal = launch.in_terminal(120, 40);
    terminal.sees([
        "gen 1 ✗",
        "Traceback (most recent call last)",
        "import nothing_like_it",
        "ModuleNotFoundError: No module named 'nothing_like_it'",
    ]);
    folder.save("little.py", LITTLE);
    terminal.sees(["✓ imported in"]).loses("gen 1 ✗");
    get(seen_port(&terminal), "/").expect(200);
    terminal.sees(["< hit 1, 0 bytes"]);
}

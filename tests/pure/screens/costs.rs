//! What a frame costs.

use super::*;

/// The cheapest of a few frames after each of these keys, in nanoseconds of the processor:
/// those of a clock would count what else the machine does.
fn costs<const N: usize>(
    exchanges: u64,
    body: usize,
    keys: [&'static str; N],
) -> [(&'static str, u64); N] {
    let spent = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split(' ').next().and_then(|spent| spent.parse::<u64>().ok()).unwrap()
    };
    let mut app = App::ready(160, 50);
    for number in 1..=exchanges {
        app = app.brief(number);
    }
    // One endless line, as JSON often is.
    let text = "{\"n\": 12345, \"text\": \"xxxxxxxxxxxxxxxxx\"}, ".repeat(250_000);
    app = app
        .begins(&request("GET", "/big"), Source::Client)
        .responds(200, "application/json")
        .sends(&text.as_bytes()[..body])
        .ends(Outcome::Complete)
        .press("enter")
        .sees(&format!("Exchanges {}", exchanges + 1));
    keys.map(|keys| {
        let frames = (0..5).map(|_| {
            let before = spent();
            app.hit(keys);
            app.frame();
            spent() - before
        });
        (keys, frames.min().unwrap_or_default())
    })
}

#[test]
fn a_frame_costs_little_however_much_is_kept() {
    let keys = ["G", "k", "ctrl-b", "j", "g", "ctrl-f", "esc k", "g", "G"];
    let little = costs(100, 100 << 10, keys);
    let most = little.map(|(_, cost)| cost).into_iter().max().unwrap();
    for (keys, cost) in costs(20_000, 10 << 20, keys) {
        assert!(cost < 4 * most, "{keys}: {cost} ns, and with little {little:?}");
    }
}

//! Which tab an exchange is opened in: the one that was chosen last, and of one that failed
//! its traceback, unless another was chosen for that very exchange.

use std::collections::VecDeque;

use crate::exchange::{Exchange, ExchangeId};

use super::tabs::Tab;

/// Exchanges whose tab is remembered.
const REMEMBERED: usize = 100;

/// What the user has chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    /// For which exchange which tab, the last one last.
    of: VecDeque<(ExchangeId, Tab)>,
    /// What was chosen before all these.
    before: Tab,
}

impl Chosen {
    /// Chooses a tab while that exchange is looked at, in place of one that was only passed.
    pub(super) fn choose(&mut self, id: ExchangeId, tab: Tab) {
        self.of.retain(|(known, _)| *known != id);
        self.of.push_back((id, tab));
        if self.of.len() > REMEMBERED
            && let Some((_, tab)) = self.of.pop_front()
            && tab != Tab::Traceback
        {
            self.before = tab;
        }
    }

    /// The tab that an exchange is opened in.
    pub(super) fn suiting(&self, exchange: &Exchange) -> Tab {
        if exchange.traceback.is_none() {
            return self.in_general();
        }
        let own = self.of.iter().find(|(id, _)| *id == exchange.id);
        own.map_or(Tab::Traceback, |(_, tab)| *tab)
    }

    /// The one for an exchange that has no traceback to be shown.
    fn in_general(&self) -> Tab {
        let mut chosen = self.of.iter().rev().map(|(_, tab)| *tab);
        chosen.find(|tab| *tab != Tab::Traceback).unwrap_or(self.before)
    }

    /// Goes on with what was chosen in another list, in which numbers mean other
    /// exchanges.
    pub(super) fn go_on_as(&mut self, other: &Self) {
        *self = Self { before: other.in_general(), of: VecDeque::new() };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use crate::exchange::{Request, Source, Traceback};

    use super::*;

    fn exchange(id: u64, failed: bool) -> Exchange {
        let request =
            Arc::new(Request { raw: b"GET / HTTP/1.1\r\n\r\n".to_vec(), head: None });
        let began = Timestamp::UNIX_EPOCH;
        let mut exchange = Exchange::begin(
            ExchangeId(id),
            began,
            Source::Client,
            String::new(),
            request,
        );
        let traceback = Traceback { chain: Vec::new(), text: String::new() };
        exchange.traceback = failed.then(|| traceback.into());
        exchange
    }

    #[test]
    fn a_failed_exchange_opens_with_its_traceback_unless_another_tab_was_chosen_for_it() {
        let mut chosen = Chosen::default();
        let (fine, failed) = (exchange(1, false), exchange(2, true));
        assert_eq!(chosen.suiting(&fine), Tab::Transcript);
        assert_eq!(chosen.suiting(&failed), Tab::Traceback);
        chosen.choose(fine.id, Tab::Response);
        assert_eq!(chosen.suiting(&fine), Tab::Response);
        assert_eq!(chosen.suiting(&failed), Tab::Traceback);
        chosen.choose(failed.id, Tab::Request);
        assert_eq!(chosen.suiting(&failed), Tab::Request);
        assert_eq!(chosen.suiting(&exchange(3, true)), Tab::Traceback);
        assert_eq!(chosen.suiting(&exchange(4, false)), Tab::Request);
        chosen.choose(failed.id, Tab::Traceback);
        assert_eq!(chosen.suiting(&failed), Tab::Traceback);
        assert_eq!(chosen.suiting(&fine), Tab::Response, "it was only passed");
        let mut elsewhere = Chosen::default();
        elsewhere.go_on_as(&chosen);
        assert_eq!(elsewhere.suiting(&fine), Tab::Response);
        for id in 10..10 + REMEMBERED as u64 {
            chosen.choose(ExchangeId(id), Tab::Output);
        }
        assert_eq!(chosen.of.len(), REMEMBERED);
    }
}

//! Self-trade prevention in every combination: each mode, one account or a group, each side, each kind of resting order, each
//! way to be an aggressor, less, as much and more than there is. What must come out is stated here, not taken from the model.

use cx_engine::Event;
use cx_engine::command::SelfTrade;
use cx_engine::reject::CancelReason;

use crate::script::{Desk, Terms, on_both};

/// Lots of the resting order.
const RESTS: u64 = 5;

/// How the owner's order comes to meet the one that rests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comes {
    /// A limit order, a market order, or as the words say.
    At(&'static str),
    /// A market buy by cash, for this many lots.
    ByCash,
    /// An amendment brings it there.
    Amended,
    /// A stop goes off, with a limit or without.
    Stop(&'static str),
}

const WAYS: [Comes; 7] = [
    Comes::At("@ 10"),
    Comes::At("@ 10 ioc"),
    Comes::At("market"),
    Comes::ByCash,
    Comes::Amended,
    Comes::Stop(""),
    Comes::Stop("@ 10"),
];

/// The resting order's terms, and the order that it is paired with: before it or after it.
const RESTING: [(&str, Option<bool>); 4] = [("", None), ("show 2", None), ("", Some(true)), ("", Some(false))];

struct Case {
    mode: SelfTrade,
    /// Who owns the aggressor: alice, or bob of her group.
    who: &'static str,
    /// Whether the aggressor buys.
    buys: bool,
    rests: (&'static str, Option<bool>),
    comes: Comes,
    lots: u64,
}

impl Case {
    fn name(&self) -> String {
        let Self { mode, who, buys, rests, comes, lots } = self;
        format!("{} by {who}, buys: {buys}, {lots} {comes:?} on {rests:?}", mode.code())
    }

    fn verbs(&self) -> (&'static str, &'static str) {
        if self.buys { ("buys", "sells") } else { ("sells", "buys") }
    }

    /// Sets the resting order `m` up, with its pair `p` if it has one.
    fn rest(&self, desk: &mut Desk) {
        let (_, rests) = self.verbs();
        let far = if self.buys { 500 } else { 1 };
        let show = self.rests.0;
        match self.rests.1 {
            None => _ = desk.ask(&format!("alice {rests} {RESTS} @ 10 {show} as m")),
            Some(true) => {
                desk.ask(&format!("alice {rests} {RESTS} @ {far} as p"));
                desk.ask(&format!("alice {rests} {RESTS} @ 10 oco p as m"));
            }
            Some(false) => {
                desk.ask(&format!("alice {rests} {RESTS} @ 10 as m"));
                desk.ask(&format!("alice {rests} {RESTS} @ {far} oco m as p"));
            }
        }
    }

    /// Lets the aggressor `t` come; gives what is said from there on.
    fn come(&self, desk: &mut Desk) -> Vec<Event> {
        let (comes, rests) = self.verbs();
        let Self { who, lots, .. } = self;
        let mode = self.mode.code();
        let away = if self.buys { 3 } else { 30 };
        match self.comes {
            Comes::At(terms) => {
                self.rest(desk);
                desk.ask(&format!("{who} {comes} {lots} {terms} {mode} as t"));
            }
            Comes::ByCash => {
                self.rest(desk);
                desk.ask(&format!("{who} buys cash {} {mode} as t", lots * 10));
            }
            Comes::Amended => {
                desk.ask(&format!("{who} {comes} {lots} @ {away} {mode} as t"));
                self.rest(desk);
                desk.ask(&format!("{who} amends t to {lots} @ 10"));
            }
            Comes::Stop(limit) => {
                // Carol's order is before the resting one, so that the trade that reaches the stop does not touch it.
                desk.ask(&format!("carol {rests} 1 @ 10"));
                self.rest(desk);
                desk.ask(&format!("{who} {comes} {lots} {limit} stop 10 {mode} as t"));
                desk.ask(&format!("alice {comes} 1 @ 10"));
                let said = desk.said();
                let from = said.iter().position(|event| matches!(event, Event::OrderTriggered(_)));
                return said[from.expect("the stop goes off")..].to_vec();
            }
        }
        desk.said().to_vec()
    }

    /// Whether what is left of the aggressor stays in the book.
    fn may_rest(&self) -> bool {
        matches!(self.comes, Comes::At("@ 10") | Comes::Amended | Comes::Stop("@ 10"))
    }

    /// What must be left of the resting order and of the aggressor, in the book.
    fn left(&self) -> (u64, u64) {
        let stays = |lots| if self.may_rest() { lots } else { 0 };
        match self.mode {
            SelfTrade::CancelNewest => (RESTS, 0),
            SelfTrade::CancelOldest => (0, stays(self.lots)),
            SelfTrade::CancelBoth => (0, 0),
            SelfTrade::Decrement => {
                let both = self.lots.min(RESTS);
                (RESTS - both, stays(self.lots - both))
            }
        }
    }

    fn run(&self, desk: &mut Desk) {
        desk.ask("group alice 7");
        if self.who != "alice" {
            desk.ask(&format!("group {} 7", self.who));
        }
        let said = self.come(desk);
        assert!(!said.iter().any(|event| matches!(event, Event::Trade(_))), "{}: {said:#?}", self.name());
        let (m, t) = (desk.handle("m"), desk.handle("t"));
        let open = |order| desk.venue.orders().iter().find(|it| it.order == order).map_or(0, |it| it.leaves.lots());
        assert_eq!((open(m), open(t)), self.left(), "{}: {said:#?}", self.name());
        if self.rests.1.is_some() {
            // The pair goes as soon as the resting order is touched.
            let stays = if self.mode == SelfTrade::CancelNewest { RESTS } else { 0 };
            assert_eq!(open(desk.handle("p")), stays, "{}: {said:#?}", self.name());
        }
        let ends = |order| {
            let mut ends = said.iter().filter_map(|event| match event {
                Event::OrderCancelled(it) if it.order == order => Some(it.reason),
                _ => None,
            });
            ends.next()
        };
        assert_eq!(ends(m), (open(m) == 0).then_some(CancelReason::SelfTrade), "{}: {said:#?}", self.name());
        // An aggressor is sent away by the rule unless the rule leaves it something to go on with.
        let sent_away = match self.mode {
            SelfTrade::CancelOldest => false,
            SelfTrade::Decrement => self.lots <= RESTS,
            _ => true,
        };
        assert_eq!(ends(t) == Some(CancelReason::SelfTrade), sent_away, "{}: {said:#?}", self.name());
        desk.venue.check();
    }
}

#[test]
fn nobody_meets_an_order_of_his_own() {
    let mut cases = 0;
    for &mode in SelfTrade::ALL {
        for (who, buys) in [("alice", true), ("alice", false), ("bob", true), ("bob", false)] {
            for (rests, comes) in RESTING.into_iter().flat_map(|rests| WAYS.map(|comes| (rests, comes))) {
                if comes == Comes::ByCash && (!buys || mode == SelfTrade::Decrement) {
                    continue;
                }
                for lots in [RESTS - 2, RESTS, RESTS + 2] {
                    on_both(Terms::PLAIN, |desk| Case { mode, who, buys, rests, comes, lots }.run(desk));
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 4 * 4 * 4 * 6 * 3 + 3 * 2 * 4 * 3);
}

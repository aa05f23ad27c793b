//! What holds for every family, whatever is presented and whenever.

use proptest::prelude::*;

use super::*;

const LIFETIMES: Lifetimes = Lifetimes {
    grace: Duration::from_secs(10),
    idle: Duration::from_secs(100),
    absolute: Duration::from_secs(1000),
};

/// A family as somebody keeps it: its tokens are numbered, each is the successor of the one before.
struct Kept {
    family: Family,
    spent: Vec<Option<UnixSeconds>>,
}

impl Kept {
    fn open(now: UnixSeconds) -> Self {
        Self {
            family: Family {
                opened: now,
                used: now,
                is_ended: false,
            },
            spent: vec![None],
        }
    }

    /// Presents a token and carries the verdict out; the token that the client is given.
    fn present(&mut self, token: usize, now: UnixSeconds) -> (Verdict, Option<usize>) {
        let verdict = self.family.judge(self.spent[token], &LIFETIMES, now);
        let given = match verdict {
            Verdict::Rotate => {
                self.spent[token] = Some(now);
                self.spent.push(None);
                self.family.used = now;
                Some(token + 1)
            }
            Verdict::SameSuccessor => Some(token + 1),
            Verdict::Reuse => {
                self.family.is_ended = true;
                None
            }
            Verdict::Idle | Verdict::TooOld | Verdict::Ended => None,
        };
        (verdict, given)
    }

    fn live(&self) -> Vec<usize> {
        let tokens = self.spent.iter().enumerate();
        let live = tokens.filter(|(_, spent)| spent.is_none());
        live.map(|(token, _)| token).collect()
    }
}

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds(seconds)
}

#[test]
fn a_token_that_was_spent_gives_its_successor_for_a_moment_and_ends_the_family_after_it() {
    let mut kept = Kept::open(at(0));
    assert_eq!(kept.present(0, at(5)), (Verdict::Rotate, Some(1)));
    assert_eq!(kept.present(0, at(15)), (Verdict::SameSuccessor, Some(1)));
    assert_eq!(kept.present(0, at(16)), (Verdict::Reuse, None));
    assert_eq!(kept.present(1, at(16)), (Verdict::Ended, None));
}

#[test]
fn a_family_ends_when_it_is_idle_or_too_old_and_not_a_second_sooner() {
    let mut kept = Kept::open(at(0));
    assert_eq!(kept.present(0, at(99)).0, Verdict::Rotate);
    assert_eq!(kept.present(1, at(199)).0, Verdict::Idle);
    let mut kept = Kept::open(at(0));
    for (token, now) in (1..1000).step_by(99).enumerate() {
        assert_eq!(kept.present(token, at(now)).0, Verdict::Rotate);
    }
    assert_eq!(kept.present(11, at(999)).0, Verdict::Rotate);
    assert_eq!(kept.present(12, at(1000)).0, Verdict::TooOld);
}

#[test]
fn a_clock_that_is_ahead_elsewhere_makes_nobody_a_thief() {
    let family = Kept::open(at(0)).family;
    let verdict = family.judge(Some(at(50)), &LIFETIMES, at(20));
    assert_eq!(verdict, Verdict::SameSuccessor);
}

proptest! {
    /// Any of the tokens that exist, after any waits.
    #[test]
    fn laws(steps in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..40), 1..80)) {
        let mut kept = Kept::open(at(1000));
        let mut now = 1000;
        let mut reused = false;
        for (token, wait) in steps {
            now += wait;
            let token = token.index(kept.spent.len());
            let before = kept.live();
            prop_assert!(before.len() == 1, "a family has one live token, it has {before:?}");
            let spent = kept.spent[token];
            let (verdict, given) = kept.present(token, at(now));
            prop_assert!(!(reused && given.is_some()), "a family that was revoked gave a token");
            match verdict {
                Verdict::Rotate => {
                    prop_assert_eq!(before, vec![token]);
                    prop_assert_eq!(kept.live(), vec![token + 1]);
                }
                Verdict::SameSuccessor => {
                    prop_assert_eq!(kept.live(), before);
                    let spent = spent.expect("only what is spent has a successor");
                    prop_assert!(now - spent.0 <= LIFETIMES.grace.as_secs());
                }
                Verdict::Reuse => {
                    prop_assert!(spent.is_some(), "the live token is nobody's second");
                    reused = true;
                }
                Verdict::Idle => prop_assert_eq!(spent, None),
                Verdict::TooOld => prop_assert!(now >= 1000 + LIFETIMES.absolute.as_secs()),
                Verdict::Ended => prop_assert!(reused),
            }
            prop_assert!(given.is_none_or(|given| given == token + 1), "a token has one successor");
        }
    }
}

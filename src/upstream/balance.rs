//! Which endpoint a request goes to: the less loaded of two random ones.
//!
//! Choosing the least loaded of all would send every core to the same one at the same moment; two random ones are
//! nearly as good and do not. An endpoint that is out is given one request from time to time, to find out.

use super::{
    endpoint::{FULL_WEIGHT, Moment, Others, Standing},
    settings::{MOST_ENDPOINTS, Settings},
};

/// A set of endpoints, by their position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Endpoints(u64);

const _: () = assert!(MOST_ENDPOINTS <= u64::BITS as usize);

impl Endpoints {
    pub(super) fn add(&mut self, position: usize) {
        self.0 |= bit(position);
    }

    fn without(self, position: usize) -> Self {
        Self(self.0 & !bit(position))
    }

    pub(super) fn contains(self, position: usize) -> bool {
        self.0 & bit(position) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A random one of them.
    fn draw(self, random: u64) -> Option<usize> {
        let count = u64::from(self.0.count_ones());
        let skipped = random.checked_rem(count)?;
        // Each step takes the lowest away.
        let left = (0..skipped).fold(self.0, |left, _| left & left.wrapping_sub(1));
        Some(left.trailing_zeros() as usize)
    }
}

fn bit(position: usize) -> u64 {
    u32::try_from(position).map_or(0, |position| 1_u64.checked_shl(position).unwrap_or(0))
}

/// All that may be used and that the request has not been to.
pub(super) fn usable(standings: &[Standing], tried: Endpoints) -> Endpoints {
    let mut usable = Endpoints::default();
    for (position, standing) in standings.iter().enumerate() {
        if standing.is_usable() && !tried.contains(position) {
            usable.add(position);
        }
    }
    usable
}

/// Where the request goes; `None` when there is nowhere to go.
pub(super) fn choose(
    standings: &[Standing],
    settings: &Settings,
    tried: Endpoints,
    now: Moment,
    mut random: impl FnMut() -> u64,
) -> Option<usize> {
    let usable = usable(standings, tried);
    let others = if usable.is_empty() {
        Others::None
    } else {
        Others::Usable
    };
    let is_trial = |(position, standing): &(usize, &Standing)| {
        !tried.contains(*position) && standing.claim_trial(now, others, &settings.ejection)
    };
    if let Some((position, _)) = standings.iter().enumerate().find(is_trial) {
        return Some(position);
    }
    let drawn = random();
    let first = usable.draw(drawn >> 32)?;
    let Some(second) = usable.without(first).draw(drawn & 0xFFFF_FFFF) else {
        return Some(first);
    };
    let (one, other) = (standings.get(first)?, standings.get(second)?);
    let mut takes_part = |standing: &Standing| {
        let weight = standing.weight(now, settings.slow_start);
        weight == FULL_WEIGHT || random() % FULL_WEIGHT < weight
    };
    let second_is_better = match (takes_part(one), takes_part(other)) {
        (true, false) => false,
        (false, true) => true,
        (true, true) | (false, false) => other.load() < one.load(),
    };
    Some(if second_is_better { second } else { first })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::entropy::Entropy;

    const NOW: Moment = Moment(1_000_000);

    fn standings(count: usize) -> Vec<Standing> {
        (0..count).map(|_| Standing::default()).collect()
    }

    fn settings() -> Settings {
        Settings::local(&[1])
    }

    fn random() -> impl FnMut() -> u64 {
        let mut entropy = Entropy::seeded(7);
        move || u64::from_le_bytes(entropy.bytes())
    }

    fn shares(standings: &[Standing], now: Moment) -> Vec<usize> {
        let mut shares = vec![0; standings.len()];
        let mut random = random();
        for _ in 0..10_000 {
            let tried = Endpoints::default();
            let chosen = choose(standings, &settings(), tried, now, &mut random);
            shares[chosen.expect("one is usable")] += 1;
        }
        shares
    }

    #[test]
    fn equal_endpoints_get_equal_shares() {
        for share in shares(&standings(4), NOW) {
            assert!((2300..2700).contains(&share), "{share}");
        }
    }

    #[test]
    fn the_busiest_endpoint_gets_nothing_while_others_are_less_busy() {
        let standings = standings(3);
        standings[1].add_load();
        let shares = shares(&standings, NOW);
        assert_eq!(shares[1], 0);
        assert!(shares[0] > 4000 && shares[2] > 4000, "{shares:?}");
    }

    #[test]
    fn an_endpoint_that_is_back_begins_with_a_tenth_of_its_share() {
        let standings = standings(2);
        standings[0].found_dead();
        assert_eq!(shares(&standings, NOW), [0, 10_000]);
        standings[0].found_well(NOW);
        let at = |seconds: u64| shares(&standings, Moment(NOW.0 + seconds * 1000))[0];
        assert!((400..600).contains(&at(0)), "{}", at(0));
        assert!((2300..2700).contains(&at(5)), "{}", at(5));
        assert!((4800..5200).contains(&at(10)), "{}", at(10));
    }

    #[test]
    fn endpoints_that_are_back_together_share_everything() {
        let standings = standings(2);
        for standing in &standings {
            standing.found_dead();
            standing.found_well(NOW);
        }
        assert!(shares(&standings, NOW)[0] > 4500);
    }

    #[test]
    fn where_all_are_out_one_request_a_second_gets_through_to_each() {
        let standings = standings(2);
        let settings = settings();
        for standing in &standings {
            standing.eject(NOW, &settings.ejection);
        }
        let passed = |milliseconds: u64| {
            let now = Moment(NOW.0 + milliseconds);
            let choose = || choose(&standings, &settings, Endpoints::default(), now, random());
            (0..100).filter_map(|_| choose()).collect::<Vec<_>>()
        };
        assert!(passed(0).is_empty());
        assert_eq!(passed(1000), [0, 1]);
        assert!(passed(1999).is_empty());
        assert_eq!(passed(2000), [0, 1]);
    }

    proptest! {
        #[test]
        fn only_usable_and_untried_endpoints_are_chosen(
            count in 1..=MOST_ENDPOINTS,
            dead in any::<u64>(),
            tried in any::<u64>(),
            seed in any::<u64>(),
        ) {
            let standings = standings(count);
            let (dead, tried) = (Endpoints(dead), Endpoints(tried));
            for (position, standing) in standings.iter().enumerate() {
                if dead.contains(position) {
                    standing.found_dead();
                }
            }
            let mut entropy = Entropy::seeded(seed);
            let random = || u64::from_le_bytes(entropy.bytes());
            let chosen = choose(&standings, &settings(), tried, NOW, random);
            let may = |position: usize| !dead.contains(position) && !tried.contains(position);
            match chosen {
                Some(position) => prop_assert!(position < count && may(position)),
                None => prop_assert!((0..count).all(|position| !may(position))),
            }
        }

        #[test]
        fn the_less_loaded_of_two_is_chosen(one in 0..50_usize, other in 0..50_usize) {
            let standings = standings(2);
            (0..one).for_each(|_| standings[0].add_load());
            (0..other).for_each(|_| standings[1].add_load());
            let mut settings = settings();
            settings.slow_start = Duration::ZERO;
            let chosen = choose(&standings, &settings, Endpoints::default(), NOW, random());
            let loads = [one, other];
            prop_assert_eq!(loads[chosen.expect("usable")], one.min(other));
        }
    }
}

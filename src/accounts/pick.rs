//! Which of the rows that one login finds is meant.

use tracing::warn;

use crate::member::Member;

/// The row that a login means.
#[derive(Debug)]
pub(super) enum Picked {
    /// This one.
    One(Box<Member>),
    /// None, or several that nothing tells apart.
    Nobody,
}

/// The single unblocked row. When all are blocked in the same way, the first one speaks for them; otherwise nobody is
/// meant, and the operator hears of it.
pub(super) fn pick(mut members: Vec<Member>) -> Picked {
    if members.len() <= 1 {
        return members.pop().map_or(Picked::Nobody, one);
    }
    let unblocked = members.iter().filter(|member| member.state.is_none()).count();
    match unblocked {
        1 => members
            .into_iter()
            .find(|member| member.state.is_none())
            .map_or(Picked::Nobody, one),
        0 if same_state(&members) => members.into_iter().next().map_or(Picked::Nobody, one),
        _ => {
            let first = members.first().map(|member| member.id.to_string());
            warn!(
                member.id = first,
                rows = members.len(),
                "several users share one login and nothing tells them apart: the login is refused"
            );
            Picked::Nobody
        }
    }
}

fn one(member: Member) -> Picked {
    Picked::One(Box::new(member))
}

fn same_state(members: &[Member]) -> bool {
    members
        .windows(2)
        .all(|pair| matches!(pair, [one, two] if one.state == two.state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{MemberId, StateName};

    fn picked(states: &[&str]) -> Option<i64> {
        let members = states.iter().zip(1..).map(|(state, id)| Member {
            id: MemberId::Integer(id),
            password: None,
            state: (!state.is_empty()).then(|| StateName::new(state)),
            shown: serde_json::Map::new(),
        });
        match pick(members.collect()) {
            Picked::One(member) => match member.id {
                MemberId::Integer(id) => Some(id),
                MemberId::Unsigned(_) | MemberId::Text(_) => None,
            },
            Picked::Nobody => None,
        }
    }

    #[test]
    fn the_single_unblocked_row_is_meant() {
        assert_eq!(picked(&[]), None);
        assert_eq!(picked(&["banned"]), Some(1));
        assert_eq!(picked(&["withdrawn", ""]), Some(2));
        assert_eq!(picked(&["withdrawn", "banned", ""]), Some(3));
        assert_eq!(picked(&["withdrawn", "withdrawn"]), Some(1));
        assert_eq!(picked(&["withdrawn", "banned"]), None);
        assert_eq!(picked(&["", ""]), None);
        assert_eq!(picked(&["", "", "banned"]), None);
    }
}

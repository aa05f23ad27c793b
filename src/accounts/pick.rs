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

/// The single unblocked row. When all are blocked, the first speaks for them: every answer is a refusal. When several
/// are not, nobody is meant, since nothing tells them apart.
pub(super) fn pick(members: Vec<Member>) -> Picked {
    let rows = members.len();
    let unblocked = members
        .iter()
        .filter(|member| member.state.is_none())
        .count();
    if unblocked > 1 {
        let first = members.first().map(|member| member.id.to_string());
        warn!(
            member.id = first,
            rows,
            "several users share one login and nothing tells them apart: the login is refused"
        );
        return Picked::Nobody;
    }
    let mut members = members.into_iter();
    let meant = if unblocked == 1 {
        members.find(|member| member.state.is_none())
    } else {
        members.next()
    };
    meant.map_or(Picked::Nobody, one)
}

fn one(member: Member) -> Picked {
    Picked::One(Box::new(member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{MemberId, StateName};

    fn picked(states: &[&str]) -> Option<i64> {
        let members = states.iter().zip(1..).map(|(state, id)| Member {
            id: MemberId::Integer(id),
            password: None,
            salt: None,
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
        assert_eq!(picked(&["withdrawn", "banned"]), Some(1));
        assert_eq!(picked(&["", ""]), None);
        assert_eq!(picked(&["", "", "banned"]), None);
    }
}

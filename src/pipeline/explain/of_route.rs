//! What a route says of itself.

use std::sync::Arc;

use super::{
    super::live::Live,
    told::{Candidate, Destination, Taken, Word},
};
use crate::{
    policy::{
        route::{Access, Action, RateLimits, Route, UpstreamId},
        table::Fit,
    },
    ratelimit::RateLimit,
};

/// The upstream of a route, if it has one.
pub(super) fn destination(route: &Route, live: &Live) -> Option<Destination> {
    let settings = match route.action {
        Action::Forward(UpstreamId(upstream)) => live.upstreams.get(upstream)?.settings(),
        Action::Answer(_) | Action::ShowKeys => return None,
    };
    Some(Destination {
        failed: None,
        name: settings.name.clone(),
        endpoints: settings.endpoints.iter().map(ToString::to_string).collect(),
    })
}

/// The names, in the order in which they are asked.
pub(super) fn limits(route: &Route, live: &Live) -> Vec<String> {
    let RateLimits {
        arriving,
        identified,
        attempts,
        told: _,
    } = &route.rate_limits;
    let numbers = [arriving, identified, attempts].into_iter().flatten();
    let limits = numbers.filter_map(|number| live.rate_limits.get(number.0));
    let text = |limit: &Arc<RateLimit>| format!("{} (by {})", limit.name(), limit.by());
    limits.map(text).collect()
}

pub(super) fn without_token(route: &Route) -> &'static str {
    match route.access {
        Access::Public => "not read",
        Access::Optional | Access::Required => "absent",
    }
}

pub(super) fn candidate((route, fit): (&Route, Fit)) -> Candidate {
    Candidate {
        route: route.name.to_string(),
        place: route.place.to_string(),
        fit: Word::Borrowed(match fit {
            Fit::Whole => "matches",
            Fit::OtherHost => "other host",
            Fit::OtherMethod => "other method",
        }),
    }
}

impl From<&Route> for Taken {
    fn from(route: &Route) -> Self {
        Self {
            route: route.name.to_string(),
            place: route.place.to_string(),
            access: route.access.name().into(),
            mode: route.mode.name().into(),
        }
    }
}

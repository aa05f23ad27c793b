//! The explanation of a decision that was kept.

use super::{
    look_around,
    of_route::{candidate, destination},
    privacy, token,
    told::{Decided, Destination, Explanation, Observed, Taken, Verdict},
};
use crate::{
    clock::UnixSeconds,
    http::target::canonical_path_for,
    pipeline::{
        decisions::{DecidedToken, Decision},
        live::Live,
    },
    policy::route::Route,
};

/// Explains what was decided. What the routes say is told as long as they are the ones that it was decided by.
pub fn of_decision(decision: &Decision, live: &Live, now: UnixSeconds) -> Explanation {
    let mut explanation = Explanation {
        decision: Some(Decided {
            id: decision.id.to_string(),
            at: decision.at.0,
            age_seconds: now.0.saturating_sub(decision.at.0),
            config: decision.config.to_string(),
            client: decision.client.to_str().unwrap_or("unknown").to_owned(),
        }),
        method: decision.method.to_string(),
        target: decision
            .path
            .as_deref()
            .map_or_else(|| "unread".to_owned(), privacy::path),
        host: decision.host.as_deref().map(str::to_owned),
        route: decision.route.as_ref().map(|route| Taken {
            route: route.name.to_string(),
            place: route.place.to_string(),
            access: route.access.into(),
            mode: route.mode.into(),
        }),
        subject: decision.subject.as_deref().map(str::to_owned),
        removed_headers: texts(&decision.removed),
        headers: texts(&decision.added),
        checks: decision.checks.clone(),
        verdict: verdict(decision, live),
        observed: decision.observed.as_ref().map(Observed::from),
        ..Explanation::default()
    };
    if let Some(token) = &decision.token {
        let DecidedToken {
            facts,
            fate,
            known,
            revocation,
        } = token;
        let mut details = token::details(facts, *fate, *known, decision.at);
        if let Some(told) = revocation {
            details.revocation = Some(told.to_string().into());
        }
        explanation.token = Some(token::word(*fate).into());
        explanation.token_details = Some(details);
    } else if let Some(route) = &decision.route {
        let word = if route.access == "public" {
            "not read"
        } else {
            "absent"
        };
        explanation.token = Some(word.into());
    }
    if *decision.config == *live.hash {
        let route = route(decision, live);
        let upstream = route.and_then(|route| destination(route, live));
        explanation.upstream = upstream.map(|upstream| Destination {
            failed: decision.endpoint.as_deref().map(str::to_owned),
            ..upstream
        });
        routes(&mut explanation, decision, live);
    } else {
        let note = "another configuration is in effect now: the other routes of then are not known";
        explanation.notes.push(note.into());
    }
    explanation
}

fn texts(names: &[Box<str>]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn verdict(decision: &Decision, live: &Live) -> Verdict {
    if decision.outcome == "forwarded" {
        let upstream = route(decision, live).and_then(|route| destination(route, live));
        let upstream = upstream.map_or_else(|| "an upstream".to_owned(), |upstream| upstream.name);
        return Verdict::Forwarded { upstream };
    }
    match &decision.reason {
        None if decision.status < 400 => Verdict::Answered,
        reason => Verdict::Refused {
            status: decision.status,
            code: decision.outcome.into(),
            reason: match reason {
                Some(reason) => reason.to_string(),
                None => "the account route answers so".to_owned(),
            },
        },
    }
}

/// The route, as long as that is there.
fn route<'a>(decision: &Decision, live: &'a Live) -> Option<&'a Route> {
    let decided = decision.route.as_ref()?;
    let same = |route: &&Route| route.name == decided.name && route.place == decided.place;
    live.table.routes().iter().find(same)
}

fn routes(explanation: &mut Explanation, decision: &Decision, live: &Live) {
    let Some(path) = &decision.path else {
        return;
    };
    let host = decision.host.as_deref().unwrap_or_default();
    if let Ok(canonical) = canonical_path_for(path, live.reading) {
        let matched = live.reading.matched(&canonical);
        let candidates = live.table.candidates(host, &decision.method, &matched);
        explanation.candidates = candidates.into_iter().map(candidate).collect();
        let is_other = *matched != *canonical;
        explanation.matched_path = is_other.then(|| privacy::path(&matched));
        explanation.canonical_path = Some(privacy::path(&canonical));
    }
    look_around(explanation, path, (&decision.method, host), live);
}

//! A plan, for people and for machines.

use anyhow::Result;

use super::{
    Plan,
    verdict::{Change, Effect, RouteName, Verdict},
};
use crate::cli::{output::counted, report};

/// More changes would hide the first ones; machines get all.
const MOST: usize = 200;

pub(super) fn show(plan: &Plan, json: bool) -> Result<()> {
    if json {
        report(&serde_json::to_string_pretty(plan)?);
        return Ok(());
    }
    let shown = plan.changes.iter().take(MOST);
    shown.for_each(|change| report(&text(change)));
    more(plan.changes.len());
    for (word, routes) in [
        ("added", &plan.routes_added),
        ("removed", &plan.routes_removed),
    ] {
        let shown = routes.iter().take(MOST);
        shown.for_each(|route| report(&format!("route    {word} {}", called(route))));
        more(routes.len());
    }
    for change in plan.routes_changed.iter().take(MOST) {
        let keys = change.keys.join(", ");
        let (before, after) = (called(&change.before), called(&change.after));
        report(&format!("route    {before} → {after}: {keys}"));
    }
    more(plan.routes_changed.len());
    for change in &plan.keys {
        let (word, issuer) = (change.change.name(), &change.issuer);
        report(&match &change.key {
            Some(key) => format!("key      {word} {key}, {issuer}"),
            None => format!("issuer   {word} {issuer}"),
        });
    }
    for change in &plan.settings {
        let written =
            |value: &Option<String>| value.clone().unwrap_or_else(|| "not written".into());
        let (before, after) = (written(&change.before), written(&change.after));
        report(&if before == after {
            format!("setting  {}: changed", change.path)
        } else {
            format!("setting  {}: {before} → {after}", change.path)
        });
    }
    for key in &plan.restart {
        report(&format!("restart  {key}"));
    }
    report(&summary(plan));
    Ok(())
}

fn more(count: usize) {
    let rest = count.saturating_sub(MOST);
    if rest > 0 {
        report(&format!("         and {rest} more: --json shows all"));
    }
}

fn summary(plan: &Plan) -> String {
    let requests = counted(plan.requests, "request");
    let count = |effect: Effect| {
        let changes = plan.changes.iter().filter(|change| change.effect == effect);
        changes.map(|change| change.requests).sum::<usize>()
    };
    let incomplete = if plan.complete {
        ""
    } else {
        "; the patterns overlap in more ways than were tried"
    };
    if plan.is_empty() {
        return format!("{requests} tried, nothing changes{incomplete}");
    }
    let (opens, closes, differs) = (
        count(Effect::Opens),
        count(Effect::Closes),
        count(Effect::Differs),
    );
    format!(
        "{requests} tried: {opens} opened, {closes} closed, {differs} otherwise different{incomplete}"
    )
}

impl Effect {
    fn name(self) -> &'static str {
        match self {
            Self::Opens => "opens   ",
            Self::Closes => "closes  ",
            Self::Differs => "differs ",
        }
    }
}

fn text(change: &Change) -> String {
    let host = change.host.as_ref();
    let host = host.map_or_else(String::new, |host| format!(" on {host}"));
    let callers: Vec<&str> = change.callers.iter().map(String::as_str).collect();
    let more = match change.requests {
        1 => String::new(),
        count => format!(", {count} requests"),
    };
    format!(
        "{} {}{host}, {}{more}\n           {}  {}\n         → {}  {}",
        change.effect.name(),
        change.request,
        callers.join("; "),
        said(&change.before),
        at(change.route_before.as_ref()),
        said(&change.after),
        at(change.route_after.as_ref()),
    )
}

fn said(verdict: &Verdict) -> String {
    let mut text = verdict.outcome.clone();
    if let Some(observed) = &verdict.observed {
        text = format!("{text}, observed {observed}");
    }
    if !verdict.headers.is_empty() {
        text = format!("{text}, adds {}", verdict.headers.join(", "));
    }
    text
}

fn at(route: Option<&RouteName>) -> String {
    route.map_or_else(
        || "[no route]".to_owned(),
        |route| format!("[{}]", called(route)),
    )
}

fn called(route: &RouteName) -> String {
    let RouteName { route, host, place } = route;
    if host.is_empty() {
        format!("{route}  ({place})")
    } else {
        format!("{route} on {host}  ({place})")
    }
}

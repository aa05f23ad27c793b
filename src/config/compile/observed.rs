//! Routes in observe mode: where they are, and what their upstream cannot check.

use super::Findings;
use crate::config::{
    document::{
        Document,
        routes::{At, Authorization, Mode},
    },
    reading::places::key_step,
};

/// More places would be more than anybody reads; `check --routes` shows all.
const MOST: usize = 8;

/// One warning for all of them, and one for each whose upstream cannot check what the gateway only observes.
pub(super) fn lint(document: &Document, findings: &mut Findings<'_>) {
    let mut first = None;
    let mut places = Vec::new();
    for (index, route) in document.routes.iter().enumerate() {
        let path = format!("routes[{index}]");
        let group = route.group.as_ref();
        let group = group.and_then(|name| document.groups.get_key_value(name));
        let group = group.map(|(name, group)| (group, format!("groups{}", key_step(name))));
        let at = group.as_ref().map(|(group, path)| At { group, path });
        let settings = route.settings(&path, at.as_ref());
        let mode = settings.mode.filter(|mode| *mode.value == Mode::Observe);
        let Some(mode) = mode else { continue };
        places.push(findings.place(&path));
        first.get_or_insert(mode.path);
        let authorization = settings.authorization;
        if let Some(it) = authorization.filter(|it| matches!(it.value, Authorization::Remove)) {
            let message = "the upstream cannot check the tokens of a route that is only observed, since it does not get them";
            let fix = "write `authorization: forward` as long as the route is observed";
            findings.warning(&it.path, message, fix);
        }
    }
    if let Some(path) = first {
        let fix = "write `mode: enforce`, or leave it out, once what is observed is what is meant";
        findings.warning(&path, &message(&places), fix);
    }
}

fn message(places: &[String]) -> String {
    let shown: Vec<&str> = places.iter().take(MOST).map(String::as_str).collect();
    let shown = shown.join(", ");
    let rest = match places.len().saturating_sub(MOST) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let routes = match places.len() {
        1 => "1 route is".to_owned(),
        count => format!("{count} routes are"),
    };
    format!(
        "{routes} observed and not enforced: what would be refused is forwarded ({shown}{rest})"
    )
}

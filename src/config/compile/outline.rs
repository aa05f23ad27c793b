//! The routes for people: what each requires, and what it has from its group.

use super::Findings;
use crate::{
    config::{
        compiled::{Membership, Outline},
        document::{
            Document,
            routes::{RequireOfGroup, Route, Share},
        },
        reading::places::key_step,
    },
    policy::table::RouteTable,
};

/// In the order of the table: first what the accounts say, and last where the published keys and the pages are.
pub(super) fn outline(
    document: &Document,
    table: &RouteTable,
    findings: &Findings<'_>,
) -> Vec<Outline> {
    let accounts = document.accounts.iter().map(|_| None);
    let published = document.published_keys.iter().map(|_| None);
    let written = document.routes.iter().map(Some);
    let written = accounts.chain(written).chain(published);
    // As many as there are pages.
    let written = written.chain(std::iter::repeat(None));
    let routes = table.routes().iter().zip(written);
    routes
        .map(|(route, written)| Outline {
            route: route.name.to_string(),
            place: route.place.to_string(),
            access: route.access.name(),
            mode: route.mode.name(),
            requires: route.requirement.as_ref().map(ToString::to_string),
            group: written.and_then(|written| membership(written, document, findings)),
        })
        .collect()
}

fn membership(route: &Route, document: &Document, findings: &Findings<'_>) -> Option<Membership> {
    let (name, group) = document.groups.get_key_value(route.group.as_ref()?)?;
    let shares = route.shares(group);
    let of = |wanted: Share| -> Vec<&'static str> {
        let wanted = shares.iter().filter(|(_, share)| *share == wanted);
        wanted.map(|(key, _)| *key).collect()
    };
    let mut inherits = of(Share::Inherited);
    let mut drops = Vec::new();
    if group.require.is_some() {
        match route.require_of_group {
            RequireOfGroup::Required => inherits.push("require"),
            RequireOfGroup::Dropped => drops.push("require"),
        }
    }
    Some(Membership {
        name: name.clone(),
        place: findings.place(&format!("groups{}", key_step(name))),
        inherits,
        overrides: of(Share::Overridden),
        drops,
    })
}

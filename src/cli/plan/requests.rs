//! Hosts and methods that tell routes apart.

use std::collections::BTreeSet;

use ::http::Method;

use crate::policy::{
    method::MethodSet,
    route::{HostMatch, Route},
};

/// A host that no route names.
pub(super) const NOWHERE: &str = "plan.invalid";

/// For a route that takes every method: the first that no other route names.
const USUAL: [&str; 7] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
];

/// Hosts that tell these routes apart, and one that is none of theirs.
pub(super) fn hosts(routes: &[&Route]) -> BTreeSet<String> {
    let named = routes.iter().map(|route| match &route.host {
        HostMatch::Any => NOWHERE.to_owned(),
        HostMatch::Exact(name) => name.clone(),
        HostMatch::Below(suffix) => format!("plan{suffix}"),
    });
    named.chain([NOWHERE.to_owned()]).collect()
}

/// Methods that tell them apart. `HEAD` goes where `GET` goes, unless a route names it alone.
pub(super) fn methods(routes: &[&Route]) -> Vec<Method> {
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    let mut any = false;
    for route in routes {
        match &route.methods {
            MethodSet::Any => any = true,
            MethodSet::Listed { .. } => {
                let names = route.methods.names();
                let implied = names.contains(&"GET");
                listed.extend(names.into_iter().filter(|name| !implied || *name != "HEAD"));
            }
        }
    }
    let other = USUAL.iter().find(|name| !listed.contains(**name));
    listed.extend(other.copied().filter(|_| any));
    let methods = listed.into_iter();
    methods
        .filter_map(|name| Method::from_bytes(name.as_bytes()).ok())
        .collect()
}

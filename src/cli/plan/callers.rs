//! Who asks: nobody in particular, somebody with a token, and whoever meets a rule.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Map, Value};

use super::{
    side::Plain,
    ways::{Way, ways},
};
use crate::{
    certificate::Identity,
    http::client_address::PeerAddress,
    policy::route::{Access, Route},
};

/// An address of documentation (RFC 5737), which no rule names.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A subject that no path speaks of.
const SOMEBODY: &str = "9007199254740991";

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caller {
    /// Who it is, in words.
    pub(super) label: String,
    pub(super) token: Token,
    pub(super) peer: PeerAddress,
    pub(super) certificate: Option<Identity>,
}

/// What they send along.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    None,
    /// One that no issuer has signed.
    Bad,
    /// One of this kind with these claims.
    Good {
        kind: Box<str>,
        claims: Map<String, Value>,
    },
}

/// Everybody whose request for this path one of the routes could decide differently.
pub(super) fn of(routes: &[&Route], path: &str, plain: &[Plain]) -> Vec<Caller> {
    let mut callers = vec![without(&Way::default())];
    let reads = routes.iter().any(|route| route.access != Access::Public);
    if reads {
        let bad = Caller {
            label: "with a bad token".to_owned(),
            token: Token::Bad,
            ..without(&Way::default())
        };
        callers.push(bad);
        callers.extend(plain.iter().map(|plain| with(&Way::default(), plain)));
    }
    for route in routes {
        let Some(requirement) = &route.requirement else {
            continue;
        };
        for mut way in ways(requirement, &route.pattern, path) {
            if reads {
                callers.extend(issuers(&way, plain).map(|plain| with(&way, plain)));
            }
            if way.peer.is_some() || way.certificate.is_some() {
                way.claims.clear();
                way.owner = None;
                callers.push(without(&way));
            }
        }
    }
    let mut distinct: Vec<Caller> = Vec::with_capacity(callers.len());
    for caller in callers {
        let same = |other: &Caller| {
            (&other.token, other.peer, &other.certificate)
                == (&caller.token, caller.peer, &caller.certificate)
        };
        if !distinct.iter().any(same) {
            distinct.push(caller);
        }
    }
    distinct
}

fn without(way: &Way) -> Caller {
    let label = if way.label.is_empty() {
        "anonymous".to_owned()
    } else {
        format!("anonymous, {}", way.label.join(", "))
    };
    Caller {
        label,
        token: Token::None,
        peer: PeerAddress::Ip(SocketAddr::new(way.peer.unwrap_or(ELSEWHERE), 0)),
        certificate: way.certificate.clone(),
    }
}

/// Whose tokens it takes: those of the issuer that it names, or the default one's.
fn issuers<'a>(way: &Way, plain: &'a [Plain]) -> impl Iterator<Item = &'a Plain> {
    let named = way.claims.get("iss").and_then(Value::as_str);
    let known = plain.iter().any(|plain| plain.issuer.as_deref() == named);
    let wanted = if named.is_some() && known {
        named.map(str::to_owned)
    } else {
        let first = plain.first();
        first
            .and_then(|plain| plain.issuer.as_deref())
            .map(str::to_owned)
    };
    plain
        .iter()
        .filter(move |plain| plain.issuer.as_deref() == wanted.as_deref())
}

fn with(way: &Way, plain: &Plain) -> Caller {
    let mut claims = plain.claims.clone();
    let subject = way.owner.as_deref().unwrap_or(SOMEBODY);
    claims.insert(plain.subject.to_string(), subject.into());
    for (name, value) in &way.claims {
        claims.insert(name.clone(), value.clone());
    }
    let token = match &plain.issuer {
        None => "with a token".to_owned(),
        Some(issuer) => format!("with a token of {issuer}"),
    };
    let mut label = vec![token];
    label.extend(way.label.iter().cloned());
    Caller {
        label: label.join(", "),
        token: Token::Good {
            kind: plain.kind.clone(),
            claims,
        },
        ..without(way)
    }
}

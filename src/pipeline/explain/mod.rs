//! What the gateway would do with a request, and why: the live path's own stages, without sending anything.

mod decided;
mod moments;
mod of_route;
mod privacy;
mod question;
mod token;
mod told;
mod tree;

use std::{borrow::Cow, sync::Arc};

use ::http::{HeaderName, Method, Request, uri::Scheme};

pub use decided::of_decision;
pub use question::Question;
pub use told::{
    Candidate, Decided, Destination, Explanation, NearMiss, Observed, OtherReading, Taken,
    TokenCheck, TokenDetails, Verdict, Word,
};
pub use tree::{Line, Tone};

use of_route::{candidate, destination, limits, without_token};

use super::{
    admit::{Standing, admit, admit_again},
    authorize::{Authorized, Connected, authorize, authorize_or_note},
    credential::extract,
    csrf,
    identify::{Proof, identify},
    inject::{Known, removed, render},
    live::Live,
    noted::Noted,
    observe,
    receive::{LastHost, receive},
    rejection::Rejection,
    route::route,
    row,
    stage::{Admitted, Identified, Permitted},
    token_facts::TokenFacts,
    token_fate::Fate,
};
use crate::{
    clock::{Clock, UnixSeconds},
    http::{client_address::PeerAddress, target::other_readings},
    policy::{explanation::Recorder, route::Action, table::Found},
};

/// What is said where a row would decide.
const NOT_ASKED: &str = "the user's row decides, and no database is asked here";

/// What is said where a row would tell whether a token was revoked.
const BEHIND: &str =
    "what watches the user table is behind, so that a request would wait for the user's row";

/// Explains.
pub fn explain(question: &Question<'_>, live: &Live) -> Explanation {
    let mut explanation = judge(question, live);
    let path = question.target.split('?').next().unwrap_or_default();
    look_around(
        &mut explanation,
        path,
        (&question.method, question.host),
        live,
    );
    explanation
}

/// The same without a look at what else could have been meant, which takes time for each route.
pub fn judge(question: &Question<'_>, live: &Live) -> Explanation {
    let mut explanation = Explanation {
        method: question.method.to_string(),
        target: privacy::target(question.target),
        host: Some(question.host.to_owned()),
        ..Explanation::default()
    };
    let mut seen = Seen::default();
    let ended = walk(question, live, &mut explanation, &mut seen);
    if let Some(facts) = &seen.token {
        let observed = seen.observed.as_ref().map(observe::Observed::rejection);
        let refusal = observed.or(ended.as_ref().err());
        let fate = Fate::of(seen.proof.as_ref(), refusal);
        let mut details = token::details(facts, fate, seen.noted.known, question.now);
        if let (Some(revocation), Some(proof)) = (&live.revocation, &seen.proof) {
            let told = revocation.told(proof.grant.as_deref(), Clock.instant());
            details.revocation = Some(told.into());
        }
        explanation.token = Some(token::word(fate).into());
        explanation.token_details = Some(details);
    }
    if let Some(observed) = &seen.observed {
        // What a request would wait for is said, and that it goes on in any case.
        let _ = explanation.note_keys(observed.rejection(), live);
        explanation.observed = Some(Observed::from(&observed.would_be()));
    }
    explanation.verdict = match ended {
        Ok(verdict) => verdict,
        Err(rejection) => {
            let refused = Verdict::Refused {
                status: rejection.status().as_u16(),
                code: rejection.code().into(),
                reason: rejection.reason(),
            };
            let undecided = explanation.note_keys(&rejection, live);
            undecided.unwrap_or(refused)
        }
    };
    explanation
}

/// What the path could have meant, and which routes it has just missed.
fn look_around(
    explanation: &mut Explanation,
    path: &str,
    (method, host): (&Method, &str),
    live: &Live,
) {
    if explanation.canonical_path.is_none() {
        let readings = other_readings(path).into_iter();
        let readings = readings.map(|(how, path)| OtherReading {
            how: how.into(),
            route: match live.table.find(host, method, &path) {
                Found::Route(route) => Some(route.name.to_string()),
                Found::MethodNotAllowed(_) | Found::NotFound => None,
            },
            path: privacy::path(&path),
        });
        explanation.other_readings = readings.collect();
        return;
    }
    let matched = explanation.matched_path.as_ref();
    let matched = matched.or(explanation.canonical_path.as_ref());
    let misses = live.table.near_misses(matched.map_or("", String::as_str));
    let misses = misses.into_iter().map(|(route, difference)| NearMiss {
        route: route.name.to_string(),
        place: route.place.to_string(),
        difference,
    });
    explanation.near_misses = misses.collect();
}

/// The walk up to the decision, and nothing else: what `benches/walk.rs` measures.
pub fn decide<B>(request: Request<B>, live: &Live, now: UnixSeconds) -> Result<(), Rejection> {
    let received = receive(Box::new(request), live.reading, &LastHost::default())?;
    let presented = extract(route(received, &live.table)?)?;
    let connected = Connected {
        peer: PeerAddress::Unix,
        proxies: &live.trusted_proxies,
        certificate: None,
        row: None,
    };
    let mut noted = Noted::default();
    let identified = identify(presented, live, now, &mut noted)?;
    let admitted = admit_again(identified, live, &mut noted)?;
    authorize_or_note(admitted, &connected, live, &mut noted).map(drop)
}

/// What the walk sees of a token.
#[derive(Debug, Default)]
struct Seen {
    token: Option<TokenFacts>,
    proof: Option<Arc<Proof>>,
    noted: Noted,
    observed: Option<observe::Observed>,
}

fn walk(
    question: &Question<'_>,
    live: &Live,
    explanation: &mut Explanation,
    seen: &mut Seen,
) -> Result<Verdict, Rejection> {
    use crate::http::target::TargetError;
    if question.target.contains('#') {
        return Err(TargetError::Fragment.into());
    }
    let request = question.request().ok_or(TargetError::Form)?;
    let received = receive(Box::new(request), live.reading, &LastHost::default())?;
    let path = received.request.uri().path().to_owned();
    explanation.matched_path = received.folded.as_deref().map(privacy::path);
    explanation.candidates = live
        .table
        .candidates(received.host_text(), &question.method, received.path())
        .into_iter()
        .map(candidate)
        .collect();
    explanation.canonical_path = Some(privacy::path(&path));
    let routed = route(received, &live.table)?;
    let taken = routed.route;
    explanation.route = Some(Taken::from(taken));
    explanation.upstream = destination(taken, live);
    explanation.limits = limits(taken, live);
    let headers = routed.received.request.headers();
    explanation.removed_headers = removed(headers, taken, live).map(str::to_owned).collect();
    let presented = extract(routed)?;
    explanation.token = Some(without_token(taken).into());
    let credential = &presented.credential;
    seen.token = credential
        .token()
        .map(|token| TokenFacts::of(token, credential.place(), &live.verifier));
    let mut identified = identify(presented, live, question.now, &mut seen.noted)?;
    seen.proof.clone_from(&identified.proof);
    if let Some(proof) = &identified.proof {
        explanation.subject = Some(proof.log_subject.to_string());
        let names = proof.headers.iter().map(|(name, _)| name.to_string());
        explanation.headers = names.collect();
        let values = proof.headers.iter().map(|(name, value)| {
            let mut value = value.clone();
            value.set_sensitive(true);
            (name.clone(), value)
        });
        explanation.added.extend(values);
    }
    // Whether there is TLS before the gateway is not asked; that decides about very old browsers alone.
    csrf::check(&mut identified, &Scheme::HTTP, live, &mut seen.noted)?;
    let connected = Connected {
        peer: question.peer,
        proxies: &live.trusted_proxies,
        certificate: question.certificate,
        row: None,
    };
    let Some(admitted) = admitted(question, identified, (live, seen), explanation)? else {
        return Ok(Verdict::Undecided);
    };
    let Some(permitted) = permitted(question, admitted, connected, explanation)? else {
        return Ok(Verdict::Undecided);
    };
    if question.certificate.is_some() {
        let names = live.certificate_headers.iter();
        explanation.headers.extend(names.map(HeaderName::to_string));
    }
    let mut identified = permitted.identified;
    explanation.add_headers(question, &mut identified, live)?;
    seen.observed = identified.observed.take();
    let is_forwarded = matches!(taken.action, Action::Forward(_));
    if is_forwarded && let (Some(assertions), Some(_)) = (&live.assertions, &identified.proof) {
        let name = assertions.announce(question.now);
        let name = name.map_err(Rejection::from)?.to_string();
        explanation.headers.push(name);
    }
    Ok(match taken.action {
        Action::Answer(_) | Action::ShowKeys => Verdict::Answered,
        Action::Forward(_) => {
            let upstream = explanation.upstream.as_ref();
            let name = upstream.map(|upstream| upstream.name.clone());
            let upstream = name.unwrap_or_default();
            Verdict::Forwarded { upstream }
        }
    })
}

/// Whether the token may still be used; nothing where only a row that was not looked up can tell.
fn admitted<'a>(
    question: &Question<'_>,
    identified: Identified<'a, ()>,
    (live, seen): (&Live, &mut Seen),
    explanation: &mut Explanation,
) -> Result<Option<Admitted<'a, ()>>, Rejection> {
    let needed = match admit(identified, live, Clock.instant(), &mut seen.noted)? {
        Standing::Admitted(admitted) => return Ok(Some(admitted)),
        Standing::Unknown(needed) => needed,
    };
    let Some(looked) = question.row else {
        explanation.needs_row_of = needed.looked_up_by().map(str::to_owned);
        explanation.is_behind = true;
        explanation.notes.push(Word::Borrowed(BEHIND));
        return Ok(None);
    };
    let known = (looked, question.secret);
    needed.judged_with(known, live, &mut seen.noted).map(Some)
}

/// The live path's decision, step by step; nothing where it takes a row that was not looked up.
fn permitted<'a>(
    question: &Question<'_>,
    admitted: Admitted<'a, ()>,
    connected: Connected<'_>,
    explanation: &mut Explanation,
) -> Result<Option<Permitted<'a, ()>>, Rejection> {
    let mut recorder = Recorder::default();
    let authorized = authorize(admitted, &connected, &mut recorder);
    explanation.checks = recorder.into_checks();
    let needed = match authorized? {
        Authorized::Permitted(permitted) => return Ok(Some(permitted)),
        Authorized::NeedsRow(needed) => needed,
    };
    let Some(looked) = question.row else {
        explanation.needs_row_of = needed.id().map(Cow::into_owned);
        explanation.notes.push(Word::Borrowed(NOT_ASKED));
        return Ok(None);
    };
    let mut identified = needed.identified;
    let row = match row::judge(looked) {
        Ok(row) => Some(row),
        Err(rejection) => {
            identified.observed = Some(observe::observe(rejection, identified.routed.route.mode)?);
            None
        }
    };
    let mut recorder = Recorder::default();
    let is_judged = row.is_some();
    let admitted = Admitted { identified };
    let authorized = authorize(admitted, &Connected { row, ..connected }, &mut recorder);
    if is_judged {
        explanation.checks = recorder.into_checks();
    }
    match authorized? {
        Authorized::Permitted(permitted) => Ok(Some(permitted)),
        Authorized::NeedsRow(_) => Err(Rejection::Misrouted),
    }
}

impl Explanation {
    /// Says what is known of the keys that are missing. As long as nobody has failed to read them it is not known
    /// either what a request would come to, which may wait for them.
    fn note_keys(&mut self, rejection: &Rejection, live: &Live) -> Option<Verdict> {
        let Rejection::KeysUnavailable(issuer) = rejection else {
            return None;
        };
        let feed = live.key_feed(*issuer)?;
        let name = feed.issuer();
        self.keys_needed = Some(*issuer);
        if let Some(error) = feed.error() {
            let note = format!("the keys of {name} cannot be read: {error}");
            self.notes.push(note.into());
            return None;
        }
        let note = if feed.attempts() == (0, 0) {
            format!("the keys of {name} have not been fetched")
        } else {
            format!("a request would wait until the keys of {name} have been read again")
        };
        self.notes.push(note.into());
        Some(Verdict::Undecided)
    }

    /// The names of the headers that the route adds and replaces.
    fn add_headers<B>(
        &mut self,
        question: &Question<'_>,
        identified: &mut Identified<'_, B>,
        live: &Live,
    ) -> Result<(), Rejection> {
        let Some(of_route) = &identified.routed.route.headers else {
            return Ok(());
        };
        // Nobody has connected and nothing has been decided: values that every request has.
        let known = Known {
            certificate: question.certificate,
            client: Some("-"),
            decision: "-",
        };
        let proof = identified.proof.clone();
        let rendered = render(of_route, identified, &known, live)?;
        if let (Some(proof), None) = (proof, &identified.proof) {
            let of_token = |name: &String| proof.headers.iter().any(|(it, _)| it == name.as_str());
            self.headers.retain(|name| !of_token(name));
            self.added.clear();
        }
        let replaced = |name: &str| {
            let name = HeaderName::try_from(name);
            name.is_ok_and(|name| rendered.replaces(&name))
        };
        self.headers.retain(|name| !replaced(name));
        self.headers
            .extend(rendered.names().map(HeaderName::to_string));
        Ok(())
    }
}

//! Between identity and rule: whether it was the user who has used the token of a cookie, or some page behind his back.

use ::http::uri::Scheme;

use super::{
    live::Live,
    noted::Noted,
    observe::observe,
    rejection::Rejection,
    stage::{Identified, Routed, SentBy},
};
use crate::policy::csrf::Target;

/// Refuses what a browser has sent for a page that may not make it.
pub(super) fn check<B>(
    identified: &mut Identified<'_, B>,
    scheme: &Scheme,
    live: &Live,
    noted: &mut Noted,
) -> Result<(), Rejection> {
    match (identified.sent_by, &identified.proof) {
        (SentBy::Browser, Some(_)) => check_page(identified, scheme, live, noted),
        // A token that holds for nothing is of no use to a page either.
        (SentBy::Browser, None) | (SentBy::Program | SentBy::Url, _) => Ok(()),
    }
}

#[cold]
fn check_page<B>(
    identified: &mut Identified<'_, B>,
    scheme: &Scheme,
    live: &Live,
    noted: &mut Noted,
) -> Result<(), Rejection> {
    let Err(rejection) = judge(&identified.routed, scheme) else {
        return Ok(());
    };
    noted.refused(&identified.routed, live);
    let observed = observe(rejection, identified.routed.route.mode)?;
    identified.observed = Some(observed);
    Ok(())
}

/// Whether the request may use what the browser has added.
pub(super) fn judge<B>(routed: &Routed<'_, B>, scheme: &Scheme) -> Result<(), Rejection> {
    let Some(policy) = routed.route.csrf() else {
        return Ok(());
    };
    let request = &routed.received.request;
    let target = Target {
        method: request.method(),
        host: routed.received.host_text(),
        tls: *scheme == Scheme::HTTPS,
        cookies: [
            routed.route.token_cookie().map(|cookie| &*cookie.name),
            routed.route.renewed_by(),
        ],
        // What is forwarded is not read.
        form: None,
    };
    Ok(policy.judge(target, request.headers())?)
}

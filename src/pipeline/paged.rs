//! Pages that the gateway shows itself: what they need of a request, and that people read a page whatever becomes of it.

use ::http::{HeaderValue, Response, header, uri::Scheme};

use super::{
    Pipeline, body::Body, dispatch::text, record::Record, refuse::refuse, rejection::Rejection,
    snapshot::View, stage::Prepared,
};
use crate::{
    accounts::{
        AccountError, Accounts, TokenName,
        pages::{PageRequest, Pages, headers},
    },
    http::{cookie, request_body::RequestBody},
    listener::Peer,
    pages::Language,
    policy::{csrf::Target, route::EndpointId},
    secret::Secret,
};

impl Pipeline {
    /// The answer of an endpoint. Where that is a page, a refusal is one as well: the same status, and the same in the log.
    pub(super) async fn answer_or_page<'a>(
        &self,
        EndpointId(endpoint): EndpointId,
        prepared: Prepared<'a, RequestBody>,
        (view, peer): (&View, &Peer),
        record: &mut Record<'a>,
    ) -> Result<Response<Body>, Rejection> {
        let live = &*view.live;
        let accounts = live.accounts.as_deref();
        let pages = accounts.and_then(|accounts| accounts.pages(endpoint));
        let language = pages.map(|pages| accepted(&prepared, pages));
        let answered = self.answer(EndpointId(endpoint), prepared, (view, peer), record);
        let rejection = match (answered.await, pages.zip(language)) {
            (Err(rejection), Some(shown)) => (rejection, shown),
            (answered, _) => return answered,
        };
        let (rejection, (pages, language)) = rejection;
        let mut response = refuse(&rejection, live, record);
        dress(&mut response, &rejection, pages, language);
        Ok(response)
    }
}

/// What a page needs of the request; nothing where the endpoint is none.
pub(super) fn asked<B>(
    prepared: &Prepared<'_, B>,
    endpoint: usize,
    accounts: &Accounts,
    (peer, record): (&Peer, &Record<'_>),
) -> Option<Box<PageRequest>> {
    let pages = accounts.pages(endpoint)?;
    let (request, headers) = (&prepared.request, prepared.request.headers());
    let target = Target {
        method: request.method(),
        host: record.host_text(),
        tls: peer.scheme == Scheme::HTTPS,
        cookies: [None, None],
        form: None,
    };
    let refresh = accounts.cookies.name(TokenName::Refresh);
    Some(Box::new(PageRequest {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        refresh: refresh
            .and_then(|name| one_cookie(prepared, name))
            .map(Secret::new),
        sent: pages.csrf.judge(target, headers),
        language: chosen(prepared, pages),
        known: text(headers.get(header::IF_NONE_MATCH)),
    }))
}

/// The language of a page that could not be asked.
fn accepted<B>(prepared: &Prepared<'_, B>, pages: &Pages) -> Language {
    let accepted = text(prepared.request.headers().get(header::ACCEPT_LANGUAGE));
    pages.speaks(chosen(prepared, pages).as_deref(), accepted.as_deref())
}

fn chosen<B>(prepared: &Prepared<'_, B>, pages: &Pages) -> Option<String> {
    one_cookie(prepared, pages.language.name())
}

/// The value of a cookie; of two that differ nobody knows which is meant.
fn one_cookie<B>(prepared: &Prepared<'_, B>, name: &str) -> Option<String> {
    let mut values = cookie::values(prepared.request.headers(), name);
    let first = values.next()?;
    if values.any(|other| other.bytes() != first.bytes()) {
        return None;
    }
    let value = String::from_utf8(first.bytes().to_vec()).ok()?;
    (!value.is_empty()).then_some(value)
}

/// Puts a page in the place of what programs would read.
fn dress(response: &mut Response<Body>, rejection: &Rejection, pages: &Pages, language: Language) {
    let page = if let Rejection::Account(AccountError::OnPage(failed)) = rejection {
        failed.page.clone()
    } else {
        pages.refusal(response.status(), language).into()
    };
    *response.body_mut() = Body::own(page);
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, content_type);
    for (name, value) in headers() {
        fields.insert(name, value);
    }
}

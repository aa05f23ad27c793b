//! Compiled settings and open handles to the snapshot that requests are decided by.
//!
//! A snapshot that follows another takes over whatever is made of the same settings: connections and the health of
//! upstreams, what has been used of limits, proofs of tokens, the keys of issuers, the database's connections, the password threads.

use std::sync::Arc;

use ::http::HeaderName;
use aws_lc_rs::hmac;

use super::{
    StartError,
    counting::Places,
    follows::{Follows, subjects},
    own_tables::OwnState,
    proving::own,
};
use crate::{
    accounts::{
        Accounts, Changing, Cookies, KeptRefresh, LoginSubjects, Renewals, Sessions, TokenKind,
        TokenName, Upgrades, codes::Codes, hashing, members::Members as Managed,
    },
    clock::Clock,
    config::{
        compiled::{self, Answering, Compiled, Headers, Server, TokenSettings, Tokens},
        fingerprint::Fingerprint,
    },
    entropy::Entropy,
    http::stripped::Stripped,
    membership::{self, Membership},
    pipeline::{IdentityHeaders, Live, Revocation, SubjectLog},
    policy::{headers::RouteHeaders, table::RouteTable},
    revocation::{
        Denylist,
        feed::{self, Announcements},
    },
    store::{self, Store},
    telemetry::counters::RouteLabels,
    template::Template,
    token::{mint::Minter, verify::Verifier},
    valkey::Valkey,
};

/// A snapshot, and what it was made of.
#[derive(Debug)]
pub struct Assembled {
    /// What requests are decided by.
    pub live: Arc<Live>,
    /// What has been decided once for the whole process, as the configuration has it.
    pub server: Server,
    pub(super) fingerprint: Fingerprint,
    pub(super) certificate_headers: Vec<(HeaderName, Template)>,
    pub(super) users: Option<store::Settings>,
    /// The gateway's own tables.
    pub(super) state: Option<OwnState>,
    pub(super) hashing: hashing::Settings,
    /// Who may no longer use a token. One for the process, whatever tells it.
    pub denylist: Arc<Denylist>,
    /// What is watched in the monolith's tables.
    pub(super) watch: Option<feed::Settings>,
    /// Of this process alone: equal subjects look equal in one run's log, and nothing leads back to them.
    pub(super) subject_key: hmac::Key,
}

/// Builds the first snapshot, or the one that follows `before`; has to run inside the control runtime.
pub fn assemble(compiled: Compiled, before: Option<&Assembled>) -> Result<Assembled, StartError> {
    let Compiled {
        fingerprint,
        server,
        upstreams,
        tokens,
        identity,
        assertion,
        headers,
        users,
        row_cache,
        answering,
        state,
        revocation,
        rate_limits,
        table,
        ..
    } = compiled;
    let follows = Follows(before);
    let (hashing, refresh_cookie) = (answering.hashing.clone(), hidden(&answering.cookies));
    let state = OwnState::after(before, state)?;
    let watching = Watching::new(compiled.watch.as_ref(), users.as_ref(), state.as_ref());
    let asked = Asked(
        users.as_ref(),
        row_cache,
        revocation,
        answering,
        (state.as_ref(), watching),
    );
    let members = follows.members(asked, &tokens)?;
    let (subject_key, counters) = (follows.subject_key(), follows.counters());
    let certificate_headers = identity.certificate_headers;
    let identity_headers = IdentityHeaders::new(identity.headers, identity.header_limits);
    let assertions = assertion.map(|settings| follows.assertions(settings));
    let asserted = assertions.as_ref().map(|it| &it.settings().header);
    let names = Names(&identity_headers, &certificate_headers, asserted);
    let weighed = (assertions.as_deref(), subjects(members.revocation.as_ref()));
    let proving = follows.proving(&fingerprint, &tokens, weighed);
    let live = Live {
        hash: fingerprint.hash().to_string().into(),
        reading: compiled.reading,
        certificate_headers: self::names(&certificate_headers).cloned().collect(),
        stripped: follows.stripped(stripped(&names, &headers, &table)),
        route_rows: counters.rows(route_labels(&table)),
        table,
        verifier: proving.verifier,
        proofs: proving.proofs,
        forgeries: proving.forgeries,
        key_feeds: proving.key_feeds,
        identity: identity_headers,
        assertions,
        publication: compiled.publication,
        subject_log: SubjectLog::new(&subject_key, identity.subject_is_row_id),
        trusted_proxies: server.trusted_proxies.clone(),
        forwarded: server.forwarded,
        cors: compiled.cors,
        refusals: compiled.refusals,
        upstreams: follows.all(upstreams, Follows::group),
        accounts: members.accounts,
        refresh_cookie,
        membership: members.membership,
        revocation: members.revocation,
        body_timeout: server.body_timeout,
        account_body: server.account_body,
        rate_limits: follows.rate_limits(rate_limits, members.valkey.as_ref()),
        valkey: members.valkey,
        counters,
        access_log: server.logs.access,
    };
    Ok(Assembled {
        live: Arc::new(live),
        server,
        fingerprint,
        certificate_headers,
        users,
        state,
        hashing,
        denylist: members.denylist,
        watch: compiled.watch,
        subject_key,
    })
}

/// What has to do with the rows of the user table, as the configuration has it.
struct Asked<'a>(
    Option<&'a store::Settings>,
    Option<membership::Settings>,
    Option<compiled::Revocation>,
    Answering,
    (Option<&'a OwnState>, Watching),
);

/// The user table, and where what is written to it is announced.
type Stores<'a> = (Option<&'a Arc<Store>>, Watching);

/// Who tells who may no longer use a token, and how logins are known where tokens say those.
type Told<'a> = (&'a Arc<Denylist>, Option<LoginSubjects>);

/// What whoever watches the user table is to logins.
struct Watching {
    /// Where passwords are announced that gateways write themselves.
    announcements: Option<Announcements>,
    /// Whether it tells of every state that blocks users.
    tells_of_blocks: bool,
}

impl Watching {
    fn new(
        watch: Option<&feed::Settings>,
        users: Option<&store::Settings>,
        state: Option<&OwnState>,
    ) -> Self {
        Self {
            announcements: announcements(watch, users, state),
            tells_of_blocks: tells_of_blocks(watch, users),
        }
    }
}

fn tells_of_blocks(watch: Option<&feed::Settings>, users: Option<&store::Settings>) -> bool {
    let (Some(watch), Some(users)) = (watch, users) else {
        return false;
    };
    let told = watch.tables.iter().flat_map(|table| &table.store.states);
    let told: Vec<_> = told.map(|state| &state.name).collect();
    users.states.iter().all(|state| told.contains(&&state.name))
}

fn announcements(
    watch: Option<&feed::Settings>,
    users: Option<&store::Settings>,
    state: Option<&OwnState>,
) -> Option<Announcements> {
    let users = users?;
    let (_, password) = users.column(&users.columns.password)?;
    let watch = watch.filter(|watch| watch.announced)?;
    Announcements::new(watch, &password, &state?.state)
}

/// The same, open.
struct Members {
    accounts: Option<Arc<Accounts>>,
    membership: Option<Arc<Membership>>,
    revocation: Option<Revocation>,
    denylist: Arc<Denylist>,
    valkey: Option<Arc<Valkey>>,
}

impl Follows<'_> {
    fn members(
        self,
        Asked(users, row_cache, revocation, answering, (state, watching)): Asked<'_>,
        tokens: &Tokens,
    ) -> Result<Members, StartError> {
        let asks = revocation.as_ref().is_some_and(|it| it.ask.is_some());
        let wanted = tokens.refresh.is_some() || row_cache.is_some() || asks;
        let store = users.filter(|_| wanted);
        let store = store.map(|users| self.store(users)).transpose()?;
        let denylist = self.denylist();
        let told = revocation.as_ref();
        let told = told.map(|settings| (&denylist, settings.logins.clone()));
        let valkey = self.valkey(answering.valkey.clone())?;
        let places = Places {
            valkey: valkey.as_ref(),
            state: state.map(|opened| &opened.state),
        };
        let answering = (answering, places);
        let stores = (store.as_ref(), watching);
        let accounts = self.opened(answering, (stores, told), tokens)?;
        let ask = |settings| Some(self.ask(settings, Arc::clone(store.as_ref()?)));
        let revocation = revocation.map(|settings| Revocation {
            denylist: Arc::clone(&denylist),
            lifetimes: tokens.access.history(),
            subjects: settings.subjects,
            ask: settings.ask.and_then(ask),
        });
        let membership = store.clone().zip(row_cache);
        let membership = membership.map(|(store, settings)| self.membership(settings, store));
        Ok(Members {
            accounts,
            membership,
            revocation,
            denylist,
            valkey,
        })
    }

    /// The endpoints with what they need; none of them does without both.
    fn opened(
        self,
        (answering, places): (Answering, Places<'_>),
        ((store, watching), told): (Stores<'_>, Option<Told<'_>>),
        tokens: &Tokens,
    ) -> Result<Option<Arc<Accounts>>, StartError> {
        let (Some(store), Some(refresh)) = (store, &tokens.refresh) else {
            return Ok(None);
        };
        let kept = places.state.filter(|_| tokens.keep_sessions);
        let sending = answering.codes.zip(places.state);
        let codes = sending.map(|(settings, state)| {
            let outbox = self.outbox(&answering.messages);
            let parts = (Arc::clone(store), Arc::clone(state), outbox);
            Arc::new(Codes::new(settings, parts, Clock, Entropy::from_os()))
        });
        let kept_refresh = answering.kept_refresh.as_ref().map(|column| {
            let column = column.clone();
            let reading = store.reading(&column);
            reading.map(|reading| KeptRefresh { column, reading })
        });
        let members = answering.members.map(|it| Managed::new(it, store));
        let upgrades = answering.hashing.upgrade.is_some();
        let hashing = self.hashing(answering.hashing)?;
        let announcements = watching.announcements.map(Arc::new);
        let changing = store
            .writer()
            .map(|_| Changing::new(store, announcements.clone()));
        let upgrades = upgrades.then(|| Upgrades::new(store, &hashing, announcements));
        Ok(Some(Arc::new(Accounts {
            endpoints: answering.endpoints,
            store: Arc::clone(store),
            hashing,
            upgrades,
            access: kind(&tokens.access, tokens),
            refresh: kind(refresh, tokens),
            attempts: answering.attempts.map(|it| self.attempts(it, places)),
            denylist: told.as_ref().map(|(denylist, _)| Arc::clone(denylist)),
            login_subjects: told.and_then(|(_, logins)| logins),
            cookies: answering.cookies,
            renewals: Renewals::default(),
            joining: answering.joining,
            changing: changing.transpose()?,
            kept_refresh: kept_refresh.transpose()?,
            members: members.transpose()?,
            state: places.state.cloned(),
            social: answering.social.map(|settings| self.social(settings)),
            sessions: kept.map(|state| Sessions {
                state: Arc::clone(state),
                rotation: tokens.rotation,
            }),
            codes,
            hears_of_blocks: watching.tells_of_blocks,
            clock: Clock,
        })))
    }
}

/// The name of what is for nobody but the gateway.
fn hidden(cookies: &Cookies) -> Option<Box<str>> {
    cookies.name(TokenName::Refresh).map(Box::from)
}

/// The headers by which the gateway says who the caller is, on every route.
struct Names<'a>(
    &'a IdentityHeaders,
    &'a [(HeaderName, Template)],
    Option<&'a HeaderName>,
);

/// What no client may send: what the gateway says itself about the caller, on whichever route, and what the operator names.
fn stripped(names: &Names<'_>, headers: &Headers, table: &RouteTable) -> Stripped {
    let Names(identity, certificate, assertion) = names;
    let of_certificates = self::names(certificate).map(HeaderName::as_str);
    let of_routes = table.routes().iter();
    let of_routes = of_routes.filter_map(|route| route.headers.as_deref());
    let of_routes = of_routes.flat_map(RouteHeaders::about_caller);
    let further = identity
        .names()
        .chain(of_certificates)
        .chain(assertion.map(HeaderName::as_str))
        .chain(of_routes.map(HeaderName::as_str))
        .chain(headers.strip.iter().map(String::as_str));
    Stripped::new(further, headers.keep.iter().map(String::as_str))
}

fn names(headers: &[(HeaderName, Template)]) -> impl Iterator<Item = &HeaderName> {
    headers.iter().map(|(name, _)| name)
}

/// What tells the routes apart in the counters, in the order of the table.
fn route_labels(table: &RouteTable) -> Vec<RouteLabels> {
    let labels = table.routes().iter().map(|route| RouteLabels {
        route: Arc::clone(&route.name),
        host: route.host.to_string().into(),
    });
    labels.collect()
}

/// The account routes know their own tokens and no others: their subjects are the rows of the user table.
fn kind(settings: &TokenSettings, tokens: &Tokens) -> TokenKind {
    let (keys, claims) = (settings.keys.clone(), settings.claims.clone());
    TokenKind {
        minter: Minter::new(keys, settings.lifetime, claims),
        verifier: Verifier::with_issuers(vec![own(settings)], tokens.max_size),
        lifetimes: settings.history(),
        about: settings.about,
    }
}

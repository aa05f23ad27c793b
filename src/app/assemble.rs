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
    own_tables::OwnState,
    proving::{Proving, own},
    ready,
};
use crate::{
    accounts::{
        Accounts, Changing, Cookies, KeptRefresh, LoginSubjects, Renewals, Sessions, TokenKind,
        TokenName, Upgrades,
        codes::Codes,
        hashing,
        members::Members as Managed,
        social::{Social, SocialSettings},
    },
    clock::Clock,
    config::{
        compiled::{self, Answering, Compiled, Headers, Server, TokenSettings, Tokens},
        fingerprint::Fingerprint,
    },
    entropy::Entropy,
    fetch::{self, KeyFeed},
    http::stripped::Stripped,
    mailer::{self, Outbox},
    membership::{self, Membership},
    pipeline::{Assertions, IdentityHeaders, Live, Revocation, SubjectLog},
    policy::{assertion::AssertionSettings, headers::RouteHeaders, table::RouteTable},
    revocation::{
        Denylist, Subjects,
        feed::{self, Announcements},
    },
    store::{self, Store},
    telemetry::counters::{Counters, RouteLabels},
    template::Template,
    token::{mint::Minter, verify::Verifier},
    upstream,
    valkey::Valkey,
};

/// How long a token usually is, in bytes.
const USUAL: usize = 256;

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
    hashing: hashing::Settings,
    /// Who may no longer use a token. One for the process, whatever tells it.
    pub denylist: Arc<Denylist>,
    /// What is watched in the monolith's tables.
    pub(super) watch: Option<feed::Settings>,
    /// Of this process alone: equal subjects look equal in one run's log, and nothing leads back to them.
    subject_key: hmac::Key,
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
    let announcements = announcements(compiled.watch.as_ref(), users.as_ref(), state.as_ref());
    let asked = Asked(
        users.as_ref(),
        row_cache,
        revocation,
        answering,
        (state.as_ref(), announcements),
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
    (Option<&'a OwnState>, Option<Announcements>),
);

/// The user table, and where what is written to it is announced.
type Stores<'a> = (Option<&'a Arc<Store>>, Option<Announcements>);

/// Who tells who may no longer use a token, and how logins are known where tokens say those.
type Told<'a> = (&'a Arc<Denylist>, Option<LoginSubjects>);

fn subjects(revocation: Option<&Revocation>) -> Option<Subjects> {
    revocation.map(|revocation| revocation.subjects)
}

/// Where passwords are announced that gateways write themselves.
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

/// What there was before, to be taken over where it is made of the same.
#[derive(Clone, Copy)]
pub(super) struct Follows<'a>(Option<&'a Assembled>);

impl<'a> Follows<'a> {
    pub(super) fn live(self) -> Option<&'a Live> {
        self.0.map(|before| &*before.live)
    }

    fn accounts(self) -> Option<(&'a Assembled, &'a Accounts)> {
        let before = self.0?;
        Some((before, before.live.accounts.as_deref()?))
    }

    fn members(
        self,
        Asked(users, row_cache, revocation, answering, (state, announcements)): Asked<'_>,
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
        let stores = (store.as_ref(), announcements);
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
        ((store, announcements), told): (Stores<'_>, Option<Told<'_>>),
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
        let announcements = announcements.map(Arc::new);
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
            clock: Clock,
        })))
    }

    /// Whatever is known of the providers stays known.
    fn social(self, settings: SocialSettings) -> Social {
        let before = self
            .accounts()
            .and_then(|(_, accounts)| accounts.social.as_ref());
        Social::after(before, settings, Clock)
    }

    /// The queue that there is, so that nothing that is in it is sent in two ways.
    fn outbox(self, settings: &mailer::Settings) -> Arc<Outbox> {
        let before = self.accounts();
        let before = before.and_then(|(_, accounts)| accounts.codes.as_ref());
        let same = before
            .map(|codes| codes.outbox())
            .filter(|it| it.settings() == settings);
        let new = || Arc::new(Outbox::open(settings.clone(), Clock, Entropy::from_os()));
        same.map_or_else(new, Arc::clone)
    }

    fn store(self, settings: &store::Settings) -> Result<Arc<Store>, store::Error> {
        let same = |before: &&Assembled| before.users.as_ref() == Some(settings);
        let known = self.0.filter(same);
        match known.and_then(|before| ready::store(&before.live)) {
            Some(store) => Ok(Arc::clone(store)),
            None => Store::open(settings).map(Arc::new),
        }
    }

    /// The rows that are known, where they are still those that rules ask for.
    fn membership(self, settings: membership::Settings, store: Arc<Store>) -> Arc<Membership> {
        let before = self.live().and_then(|live| live.membership.as_ref());
        membership_after(before, settings, store)
    }

    /// The one that there is.
    fn denylist(self) -> Arc<Denylist> {
        let new = || Arc::new(Denylist::new(Clock));
        self.0
            .map_or_else(new, |before| Arc::clone(&before.denylist))
    }

    /// What is under way is waited for, and what was counted is kept.
    fn ask(self, settings: membership::Settings, store: Arc<Store>) -> Arc<Membership> {
        let before = self
            .live()
            .and_then(|live| live.revocation.as_ref()?.ask.as_ref());
        membership_after(before, settings, store)
    }

    fn hashing(self, settings: hashing::Settings) -> std::io::Result<Arc<hashing::HashingPool>> {
        match self.accounts() {
            Some((before, accounts)) if before.hashing == settings => {
                Ok(Arc::clone(&accounts.hashing))
            }
            Some(_) | None => hashing::HashingPool::start(settings).map(Arc::new),
        }
    }

    fn subject_key(self) -> hmac::Key {
        let new = || {
            let secret: [u8; 32] = Entropy::from_os().bytes();
            hmac::Key::new(hmac::HMAC_SHA256, &secret)
        };
        self.0.map_or_else(new, |before| before.subject_key.clone())
    }

    fn counters(self) -> Arc<Counters> {
        self.live()
            .map_or_else(Arc::default, |before| Arc::clone(&before.counters))
    }

    /// What has proven the same of every token, or something new with the keys that were already fetched.
    fn proving(
        self,
        fingerprint: &Fingerprint,
        tokens: &Tokens,
        (assertions, subjects): (Option<&Assertions>, Option<Subjects>),
    ) -> Proving {
        // A proof is weighed with what is asserted about it when it comes, and knows then what revokes it.
        let weight = |assertions: Option<&Assertions>| assertions.map(|it| it.weight(USUAL));
        let same = |before: &&Assembled| {
            let same_weight = weight(before.live.assertions.as_deref()) == weight(assertions);
            let known = self::subjects(before.live.revocation.as_ref());
            let same_weight = same_weight && known == subjects;
            same_weight && before.fingerprint.same_tokens(fingerprint)
        };
        self.0.filter(same).map_or_else(
            || Proving::new(tokens, |settings| self.key_feed(settings)),
            |before| Proving::of(&before.live),
        )
    }

    /// The same ones know what they have minted; others sign anew.
    fn assertions(self, settings: AssertionSettings) -> Arc<Assertions> {
        let same = self.live().and_then(|live| live.assertions.as_ref());
        let same = same.filter(|before| *before.settings() == settings);
        same.map_or_else(|| Arc::new(Assertions::new(settings)), Arc::clone)
    }

    /// The keys that an issuer publishes, as they are known: no token has to wait for them again.
    fn key_feed(self, settings: fetch::Settings) -> Arc<KeyFeed> {
        let mut feeds = self.live().into_iter().flat_map(|live| &live.key_feeds);
        match feeds.find(|(_, feed)| feed.settings().is_same_set(&settings)) {
            Some((_, feed)) if *feed.settings() == settings => Arc::clone(feed),
            Some((_, feed)) => Arc::new(KeyFeed::in_place_of(settings, feed)),
            None => Arc::new(KeyFeed::new(settings)),
        }
    }

    fn stripped(self, stripped: Stripped) -> Arc<Stripped> {
        let same = self.live().filter(|before| *before.stripped == stripped);
        same.map_or_else(|| Arc::new(stripped), |before| Arc::clone(&before.stripped))
    }

    pub(super) fn all<S, T>(self, settings: Vec<S>, one: impl Fn(Self, S) -> T) -> Vec<T> {
        settings.into_iter().map(|it| one(self, it)).collect()
    }

    fn group(self, settings: upstream::Settings) -> Arc<upstream::Group> {
        let mut groups = self.live().into_iter().flat_map(|live| &live.upstreams);
        let same = groups.find(|group| *group.settings() == settings);
        same.map_or_else(
            || Arc::new(upstream::Group::new(settings, Clock.instant())),
            Arc::clone,
        )
    }
}

fn membership_after(
    before: Option<&Arc<Membership>>,
    settings: membership::Settings,
    store: Arc<Store>,
) -> Arc<Membership> {
    let same =
        |it: &&Arc<Membership>| *it.settings() == settings && Arc::ptr_eq(it.store(), &store);
    if let Some(same) = before.filter(same) {
        return Arc::clone(same);
    }
    let tally = before.map_or_else(Arc::default, |before| Arc::clone(before.tally()));
    Arc::new(Membership::new(settings, store, Clock, tally))
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

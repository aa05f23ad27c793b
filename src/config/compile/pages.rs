//! Pages for users: what they need, and the routes that they are.

use std::sync::Arc;

use ::http::StatusCode;

use super::{
    Findings,
    rate_limits::On,
    routes::{Defaults, host, matched, path},
    sessions, user_tables,
};
use crate::{
    accounts::{
        Cookies, Endpoint, EndpointCookies, TokenName,
        pages::{Pages, Sheet},
    },
    config::{
        document::{
            Document, accounts,
            pages::{self as written, Language as Written},
        },
        source::{Files, LARGEST_SOURCE},
    },
    http::set_cookie::{Attributes, CookieShape, SameSite, Scripts, Transport},
    pages::{Language, STYLE},
    policy::{
        csrf::{CsrfPolicy, FormToken, Unsaid},
        method::MethodSet,
        pattern::{Pattern, Segment},
        refusal::{FixedAnswer, RefusalTemplate},
        route::{Action, EndpointId, HostMatch, Route},
    },
    store::{self, WriteAction},
};

/// What remembers the language that was chosen.
const LANGUAGE: &str = "sidegate-language";

/// Where users join. What limits the route of the action limits its page.
const SIGN_UP: &str = "/signup";

/// Pages whose forms are limited, and as what.
pub(super) const LIMITED: [(&str, On); 9] = [
    ("/login", On::Login),
    ("/password", On::Login),
    ("/withdraw", On::Login),
    ("/forgot-password", On::Codes),
    ("/new-password", On::Codes),
    ("/send-code", On::Codes),
    ("/verify", On::Codes),
    (SIGN_UP, On::Codes),
    ("/profile/edit", On::Login),
];

/// The pages. They are one endpoint behind those of the accounts; what it does with cookies is added to what those do.
pub(super) fn compile(
    document: &Document,
    (users, cookies): (Option<&store::Settings>, &mut Cookies),
    csrf: Option<&CsrfPolicy>,
    findings: &mut Findings<'_>,
) -> Option<Pages> {
    let written = document.pages.as_ref()?;
    check_needs(document, findings);
    let languages = languages(written, findings);
    let theme = written.theme.as_deref();
    let theme = theme.map(|file| theme_of(file, findings));
    let brand = written.brand.trim();
    if brand.is_empty() {
        let fix = "write the name that users know";
        findings.mistake("pages.brand", "this is no name", fix);
    }
    let both = [TokenName::Access, TokenName::Refresh].into_iter();
    cookies.endpoints.push(EndpointCookies {
        reads: Some(TokenName::Access),
        sets: both.filter(|it| cookies.name(*it).is_some()).collect(),
    });
    Some(Pages {
        root: written.root.as_str().into(),
        brand: brand.into(),
        languages,
        style: Sheet::new(STYLE),
        theme: match theme {
            Some(theme) => Some(theme?),
            None => None,
        },
        csrf: own_forms(csrf),
        language: language_cookie(document, written)?,
        login: users?.columns.login.clone(),
        sign_up: None,
        edit: None,
        changes_password: document.state.is_some() && writes(users, WriteAction::Password),
    })
}

/// The endpoints of the accounts, and behind them the pages.
pub(super) fn behind(mut endpoints: Vec<Endpoint>, pages: Option<Pages>) -> Vec<Endpoint> {
    let pages = pages.map(Box::new);
    endpoints.extend(pages.map(Endpoint::Pages));
    endpoints
}

fn check_needs(document: &Document, findings: &mut Findings<'_>) {
    let needed = [
        (
            document.users.is_some(),
            "`pages` needs the user table",
            "add `users`, or remove the pages",
        ),
        (
            document.tokens.refresh.is_some(),
            "`pages` needs `tokens.refresh`",
            "add it, or remove the pages",
        ),
        (
            document.cookies.access.is_some(),
            "browsers keep the token that a login on a page grants as a cookie",
            "add `cookies: { access: { name: __Host-access } }`",
        ),
    ];
    for (there, message, fix) in needed {
        if !there {
            findings.absence("pages", message, fix);
        }
    }
    check_writes(document, findings);
    let kept = document.tokens.refresh.as_ref();
    let kept = kept.is_some_and(|refresh| refresh.kept_in.is_some());
    if !sessions::can_be_kept(document) && !kept {
        let message = "a logout on a page forgets the cookies and ends nothing: whoever has copied the token goes on, and users do \
                       not see where they are logged in";
        let fix = "add `state: { database: … }`, and `jti: \"{token.id}\"` to the claims of both kinds of tokens";
        findings.warning("pages", message, fix);
    }
}

/// What the forms write that there are.
fn check_writes(document: &Document, findings: &mut Findings<'_>) {
    let codes = document.codes.as_ref();
    let writes = [
        (
            codes.is_some_and(|codes| codes.reset.is_some()),
            WriteAction::Password,
        ),
        (
            codes.is_some_and(|codes| codes.verify.is_some()),
            WriteAction::Verify,
        ),
        (document.withdrawal.is_some(), WriteAction::Withdraw),
    ];
    for (_, action) in writes.into_iter().filter(|(there, _)| *there) {
        user_tables::needed(document, action, "pages", findings);
    }
    if document.withdrawal.is_some() && document.state.is_none() {
        let message = "who leaves on a page could go on with the tokens that are there";
        findings.absence("pages", message, "add `state: { database: … }`");
    }
}

/// Whether the configuration lets sidegate write this.
fn writes(users: Option<&store::Settings>, action: WriteAction) -> bool {
    let write = users.and_then(|users| users.write.as_ref());
    write.is_some_and(|write| write.actions.contains(&action))
}

fn languages(written: &written::Pages, findings: &mut Findings<'_>) -> Vec<Language> {
    const PATH: &str = "pages.languages";
    if written.languages.is_empty() {
        findings.mistake(
            PATH,
            "there is no language",
            "write `[ko, en]`, or one of them",
        );
    }
    let mut languages = Vec::new();
    for (index, language) in written.languages.iter().enumerate() {
        let language = match language {
            Written::Ko => Language::Korean,
            Written::En => Language::English,
        };
        if languages.contains(&language) {
            let path = format!("{PATH}[{index}]");
            findings.mistake(&path, "this is named twice", "name it once");
        }
        languages.push(language);
    }
    languages
}

fn theme_of(file: &str, findings: &mut Findings<'_>) -> Option<Sheet> {
    let path = findings.resolve(file);
    let read = findings.files.read(&path, LARGEST_SOURCE);
    let read = read.map_err(|_| format!("{} cannot be read", path.display()));
    let fix = "name a readable CSS file";
    let bytes = findings.take(read, "pages.theme", fix)?;
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8");
    let text = findings.take(text, "pages.theme", "save it as UTF-8")?;
    Some(Sheet::new(text))
}

/// Forms of pages come from pages. They bring what tokens for forms are in a field, whatever routes ask for.
fn own_forms(csrf: Option<&CsrfPolicy>) -> CsrfPolicy {
    CsrfPolicy {
        unsaid: Unsaid::Refused,
        form_token: FormToken::Unused,
        ..csrf.cloned().unwrap_or_default()
    }
}

fn language_cookie(document: &Document, written: &written::Pages) -> Option<CookieShape> {
    let access = document.cookies.access.as_ref()?;
    let attributes = Attributes {
        path: written.root.as_str().into(),
        domain: None,
        same_site: SameSite::Lax,
        transport: match access.clear_text {
            Some(_) => Transport::Any,
            None => Transport::Secure,
        },
        scripts: Scripts::Shut,
    };
    // The root is a path of a route, and has been found to be one there.
    CookieShape::new(LANGUAGE, &attributes).ok()
}

/// The routes: one for all pages, and one for each form that is limited.
pub(super) fn routes(
    document: &Document,
    defaults: &Defaults<'_>,
    findings: &mut Findings<'_>,
) -> Vec<Option<Route>> {
    let Some(written) = &document.pages else {
        return Vec::new();
    };
    let root = &written.root;
    let host = host(written.host.as_deref(), "pages.host", findings);
    let all = matched(
        &format!("GET,HEAD,POST {root}/**"),
        defaults.reading,
        "pages.root",
        findings,
    );
    let all = all.filter(|(_, pattern)| is_root(root, pattern, findings));
    let Some((all, host)) = all.zip(host) else {
        return vec![None];
    };
    let endpoint = Action::Answer(EndpointId(document.accounts.len()));
    let refusals = defaults.pages.map(refusals);
    let refusals = refusals.unwrap_or_else(|| Arc::clone(&defaults.refusals));
    let route = |name: &str, matched: (MethodSet, Pattern), findings: &Findings<'_>| {
        let name = (name, findings.place("pages"));
        Route {
            cors: None,
            refusals: Arc::clone(&refusals),
            ..defaults.own_route(name, host.clone(), matched, endpoint)
        }
    };
    let mut routes = vec![Some(route(
        &format!("GET,HEAD,POST {root}/**"),
        all,
        findings,
    ))];
    for (page, on) in LIMITED {
        let name = format!("POST {root}{page}");
        let matched = matched(&name, defaults.reading, "pages.root", findings);
        let own = own_limits(document).filter(|_| page == SIGN_UP);
        let rate_limits = match own {
            Some(names) => defaults.rate_limits.again(names),
            None => defaults.rate_limits.of(None, on, "pages", findings),
        };
        routes.push(matched.map(|matched| Route {
            rate_limits,
            ..route(&name, matched, findings)
        }));
    }
    routes
}

/// The limits that the route names by which users join.
fn own_limits(document: &Document) -> Option<&[String]> {
    let mut accounts = document.accounts.iter();
    let joins = accounts.find(|it| it.action == accounts::Action::SignUp)?;
    joins.rate_limit.as_deref()
}

fn is_root(root: &str, pattern: &Pattern, findings: &mut Findings<'_>) -> bool {
    let literal = |segment: &Segment| matches!(segment, Segment::Literal(text) if !text.is_empty());
    let plain = root
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
    let good = plain && !pattern.segments().is_empty() && pattern.segments().iter().all(literal);
    if !good {
        let fix = "write a path of letters, digits, `-`, `.`, `_` and `~`, such as /account";
        findings.mistake("pages.root", "pages cannot be below this", fix);
    }
    good
}

/// What is refused before a page is asked, in the first language.
fn refusals(pages: &Pages) -> Arc<RefusalTemplate> {
    const STATUS: StatusCode = StatusCode::TOO_MANY_REQUESTS;
    let first = pages.speaks(None, None);
    Arc::new(RefusalTemplate {
        rate_limited: Some(FixedAnswer {
            status: STATUS,
            content_type: "text/html; charset=utf-8",
            body: pages.refusal(STATUS, first).into(),
        }),
        ..RefusalTemplate::default()
    })
}

/// Whether no other route would hide a page; what hides one is reported where it stands.
pub(super) fn are_alone(
    pages: &[Option<Route>],
    others: &[Option<Route>],
    document: &Document,
    findings: &mut Findings<'_>,
) -> bool {
    let Some(Some(all)) = pages.first() else {
        return true;
    };
    let mut alone = true;
    for (index, other) in others.iter().enumerate() {
        let Some(other) = other else { continue };
        let same_host =
            [&other.host, &all.host].contains(&&HostMatch::Any) || other.host == all.host;
        if same_host && all.pattern.covers(&other.pattern) {
            let path = format!("{}.match", path(document, index));
            let message =
                "this would hide a page, or a page would hide it: all pages are below `pages.root`";
            let fix = "give it another path, or the pages another `root`";
            findings.mistake(&path, message, fix);
            alone = false;
        }
    }
    alone
}

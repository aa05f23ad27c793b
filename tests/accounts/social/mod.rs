//! Logins at providers: good ones, those that lie, and those that are away.

mod answers;
mod apple;
mod journeys;
mod lies;
mod links;
mod members;
mod native;
mod provider;
mod tables;

use std::fmt::Write as _;

use provider::Idp;

use crate::harness::{Gateway, Request, Response, Setup, Upstream};

const COOKIES: &str = "
access: { name: __Host-access }
refresh: { name: __Host-refresh }";

/// The columns of the monolith in which accounts at providers stand.
const LINKS: &str = "
ALTER TABLE user ADD COLUMN sns_type TEXT COLLATE NOCASE;
ALTER TABLE user ADD COLUMN sns_uid TEXT COLLATE NOCASE;
UPDATE user SET sns_type = 'idp', sns_uid = 'Subject-1' WHERE id = 1;
UPDATE user SET sns_type = 'idp', sns_uid = 'subject-2' WHERE id = 2;";

/// A gateway with these providers, each with its three routes.
pub(super) fn setup(providers: &[(&str, &str)]) -> Setup {
    let mut accounts = String::new();
    let mut sections = String::new();
    for (name, yaml) in providers {
        let back = if yaml.contains("form_post") || *name == "apple" {
            "POST"
        } else {
            "GET"
        };
        write!(
            accounts,
            "
- {{ action: social_start, match: GET /{name}/start, provider: {name} }}
- {{ action: social_callback, match: {back} /{name}/callback, provider: {name}, cookies: [access, refresh] }}
- {{ action: social_token, match: POST /{name}/token, provider: {name}, dialect: pair }}"
        )
        .expect("a text grows");
        write!(
            sections,
            "
  {name}: {{ callback: \"http://gateway.test/{name}/callback\", clear_text: acknowledged, {yaml} }}"
        )
        .expect("a text grows");
    }
    let social = format!(
        "
secret: \"${{SOCIAL_SECRET}}\"
columns: {{ provider: sns_type, subject: sns_uid }}
return_to: [\"https://app.example.com\"]
refused_to: /login
providers:{sections}"
    );
    let setup = Gateway::before(&Upstream::start())
        .section("cookies", COOKIES)
        .section("social", &social)
        .section("accounts", &accounts)
        .variable("SOCIAL_SECRET", "social-secret-of-the-tests-0123456789");
    setup.users().execute(LINKS);
    setup
}

/// A gateway before one provider that describes itself.
fn gateway(idp: &Idp, more: &str) -> Gateway {
    setup(&[("idp", &idp.yaml(more))]).start()
}

/// A browser on its way.
struct Browser {
    /// Where it was sent.
    place: String,
    /// The cookie that it was given, as it sends it.
    cookie: String,
}

impl Browser {
    /// Begins a login.
    #[track_caller]
    fn leaves(gateway: &Gateway, path: &str) -> Self {
        let response = gateway.get(path);
        assert_eq!(response.status, 302, "{}", response.text());
        let cookie = response.header("set-cookie").expect("a cookie");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        let place = response.header("location").expect("a place").to_owned();
        Self { place, cookie }
    }

    /// A parameter of the place where it was sent.
    fn parameter(&self, name: &str) -> String {
        let found = self.find(name);
        found.unwrap_or_else(|| panic!("no {name} in {}", self.place))
    }

    fn find(&self, name: &str) -> Option<String> {
        let query = self.place.split_once('?')?.1;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(found, _)| *found == name)?;
        let value = percent_encoding::percent_decode_str(value);
        Some(value.decode_utf8().expect("text").into_owned())
    }

    /// Comes back with these parameters.
    fn returns(&self, gateway: &Gateway, path: &str, query: &str) -> Response {
        let request = Request::get(&format!("{path}?{query}"));
        gateway.send(&request.header("Cookie", &self.cookie))
    }

    /// Comes back with a code.
    fn brings(&self, gateway: &Gateway, code: &str) -> Response {
        let query = format!("code={code}&state={}", self.parameter("state"));
        self.returns(gateway, "/idp/callback", &query)
    }
}

/// A whole login at the provider, and what came of it.
#[track_caller]
fn log_in(gateway: &Gateway, idp: &Idp) -> Response {
    let browser = Browser::leaves(gateway, "/idp/start");
    let code = idp.consent(&browser);
    browser.brings(gateway, &code)
}

/// Whether tokens were given.
fn is_granted(response: &Response) -> bool {
    let cookies = response.values("set-cookie");
    let mut access = cookies
        .iter()
        .filter_map(|it| it.strip_prefix("__Host-access="));
    access.any(|rest| !rest.starts_with(';'))
}

/// The stable code of a refusal.
fn code_of(response: &Response) -> String {
    let kind = response.json()["type"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    kind.trim_start_matches("urn:sidegate:").to_owned()
}

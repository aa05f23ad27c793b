//! What we are to a provider, and what is read of its answers.

use std::{sync::Arc, time::Duration};

use super::provider::One;
use crate::{
    config::{
        compile::{Findings, token_keys, tokens::secret_text},
        document::{accounts::Action, social as written},
        reading::places::key_step,
    },
    fetch::{Site, Transport},
    secret::Secret,
    social::{
        ClientProof, IdToken, JsonPath, LinkByEmail, ProfilePaths, ResponseMode, SignedSecret,
        TokenInfo, check_browser_url,
    },
    token::{
        key::{Algorithm, Key},
        keyring::ListedKey,
    },
};

/// The longest that Apple takes.
const LONGEST_SECRET: Duration = Duration::from_secs(180 * 86_400);

const PATH: &str = "write a path such as $.response.id";

impl One<'_> {
    pub(super) fn id_token(&self) -> IdToken {
        match self.pick(|it| it.id_token) {
            Some(written::IdToken::Off) => IdToken::Off,
            Some(written::IdToken::Required) | None => IdToken::Required,
        }
    }

    pub(super) fn response_mode(&self) -> ResponseMode {
        match self.pick(|it| it.response_mode) {
            Some(written::ResponseMode::FormPost) => ResponseMode::FormPost,
            Some(written::ResponseMode::Query) | None => ResponseMode::Query,
        }
    }

    pub(super) fn scope(&self) -> String {
        let separator = self.pick(|it| it.scope_separator.as_deref());
        let scopes = self.pick(|it| it.scopes.as_ref());
        let usual = || "openid email profile".to_owned();
        scopes.map_or_else(usual, |scopes| scopes.join(separator.unwrap_or(" ")))
    }

    pub(super) fn parameters(&self) -> Vec<(Box<str>, Box<str>)> {
        let pairs = self.written.parameters.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str().into(), value.as_str().into()));
        pairs.collect()
    }

    /// How the client proves itself.
    pub(super) fn proof(&self, findings: &mut Findings<'_>) -> Option<ClientProof> {
        let auth = self.pick(|it| it.token_auth);
        let auth = auth.unwrap_or(written::TokenAuth::Post);
        let secret = self.written.client_secret.as_ref();
        let secret = secret.map(|text| secret_text(text, &self.at("client_secret"), findings));
        match (secret, &self.written.client_key, auth) {
            (Some(_), Some(_), _) => {
                let message = "the client proves itself in one way";
                let fix = "take `client_key` or `client_secret` out";
                findings.mistake(&self.at("client_key"), message, fix);
                None
            }
            (Some(_), None, written::TokenAuth::None) => {
                let message = "the secret would never be shown";
                findings.mistake(&self.at("token_auth"), message, "write post or basic");
                None
            }
            (Some(secret), None, written::TokenAuth::Post) => Some(ClientProof::Post(secret?)),
            (Some(secret), None, written::TokenAuth::Basic) => Some(ClientProof::Basic(secret?)),
            (None, Some(key), _) => self.signed(key, findings),
            (None, None, written::TokenAuth::None) => Some(ClientProof::None),
            (None, None, written::TokenAuth::Post | written::TokenAuth::Basic) => {
                let message = "nothing proves to the provider that this is its client";
                let fix = "add `client_secret: …`, or say `token_auth: none`";
                findings.absence(self.path, message, fix);
                None
            }
        }
    }

    fn signed(
        &self,
        written: &written::ClientKey,
        findings: &mut Findings<'_>,
    ) -> Option<ClientProof> {
        let path = self.at("client_key");
        let text = secret_text(
            &written.private_key,
            &format!("{path}.private_key"),
            findings,
        );
        let key = text.and_then(|text| {
            let key = Key::private(text.expose().as_bytes(), Algorithm::Es256);
            let fix = "name a file with an unencrypted key in PEM";
            findings.take(key, &format!("{path}.private_key"), fix)
        });
        let lifetime: Duration = written.lifetime.into();
        if !(Duration::from_secs(600)..=LONGEST_SECRET).contains(&lifetime) {
            let path = format!("{path}.lifetime");
            let message = "such a secret holds for ten minutes to six months";
            findings.mistake(&path, message, "write one such as 1d");
        }
        for (name, text) in [("team", &written.team), ("id", &written.id)] {
            if text.is_empty() {
                let path = format!("{path}.{name}");
                findings.mistake(&path, "this is empty", "write what the provider shows");
            }
        }
        let audience = self.pick(|it| it.issuers.first());
        let audience = audience.map_or("", String::as_str);
        let key = ListedKey::lasting(key?, Some(written.id.as_str().into()));
        let secret = SignedSecret::new(key, (&written.team, audience), lifetime);
        Some(ClientProof::Signed(Arc::new(secret)))
    }

    pub(super) fn paths(&self, findings: &mut Findings<'_>) -> Option<ProfilePaths> {
        let usual = ProfilePaths::standard();
        let id = self.pick(|it| it.id_path.as_deref());
        let subject = id.map(|text| self.path_at("id_path", text, findings));
        let email = self.pick(|it| it.email_path.as_deref());
        let email = email.map(|text| self.path_at("email_path", text, findings));
        let name = self.pick(|it| it.name_path.as_deref());
        let name = name.map(|text| self.path_at("name_path", text, findings));
        let flags = self.pick(|it| it.email_verified_path.as_ref());
        let flags = flags.map(|texts| {
            let texts = texts.at("email_verified_path");
            let flags = texts
                .iter()
                .map(|(key, text)| self.path_at(key, text, findings));
            flags.collect::<Option<Vec<_>>>()
        });
        Some(ProfilePaths {
            subject: subject.unwrap_or(Some(usual.subject))?,
            email: email.unwrap_or(usual.email),
            email_verified: flags.unwrap_or(Some(usual.email_verified))?,
            name: name.unwrap_or(usual.name),
        })
    }

    fn path_at(&self, key: &str, text: &str, findings: &mut Findings<'_>) -> Option<JsonPath> {
        findings.take(JsonPath::parse(text), &self.at(key), PATH)
    }

    pub(super) fn success(&self, findings: &mut Findings<'_>) -> Option<Vec<(JsonPath, String)>> {
        let marks = self.pick(|it| Some(&it.success).filter(|marks| !marks.is_empty()));
        let marks = marks.into_iter().flatten().map(|(text, value)| {
            let path = self.path_at(&format!("success{}", key_step(text)), text, findings);
            Some((path?, value.clone()))
        });
        marks.collect::<Vec<_>>().into_iter().collect()
    }

    pub(super) fn algorithms(&self, findings: &mut Findings<'_>) -> Option<Vec<Algorithm>> {
        let Some(written) = self.pick(|it| it.algorithms.as_ref()) else {
            return Some(vec![Algorithm::Rs256]);
        };
        let path = self.at("algorithms");
        if written.is_empty() {
            findings.mistake(&path, "no key could be used", "write one such as RS256");
        }
        let algorithms = written.iter().enumerate().map(|(index, written)| {
            let path = format!("{path}[{index}]");
            let algorithm = token_keys::supported(*written, &path, findings)?;
            if !algorithm.family().is_public() {
                let message = "everybody can read a published key: it is no secret";
                findings.mistake(&path, message, "write one such as RS256");
            }
            Some(algorithm)
        });
        algorithms.collect::<Vec<_>>().into_iter().collect()
    }

    pub(super) fn token_info(
        &self,
        transport: &Transport,
        findings: &mut Findings<'_>,
    ) -> Result<Option<TokenInfo>, ()> {
        let Some(written) = &self.written.token_info else {
            return Ok(None);
        };
        let known = self.known.and_then(|known| known.token_info.as_ref());
        let pick = |of: fn(&written::TokenInfo) -> Option<&str>| {
            of(written).or_else(|| known.and_then(of))
        };
        let path = self.at("token_info");
        let (url, text) = (pick(|it| it.url.as_deref()), pick(|it| it.path.as_deref()));
        let (Some(url), Some(text)) = (url, text) else {
            let message = "it is not said who is asked, and where the answer stands";
            findings.absence(&path, message, "add `url` and `path`");
            return Err(());
        };
        if written.accepted.is_empty() {
            let message = "no token would be taken";
            let fix = "add `accepted: […]`, the ids of your applications";
            findings.absence(&path, message, fix);
        }
        let fix = "write an https:// URL, or say `clear_text: acknowledged` of the provider";
        let site = findings.take(Site::parse(url, transport), &format!("{path}.url"), fix);
        let json_path = self.path_at("token_info.path", text, findings);
        Ok(Some(TokenInfo {
            site: site.ok_or(())?,
            path: json_path.ok_or(())?,
            accepted: written
                .accepted
                .iter()
                .map(|it| it.as_str().into())
                .collect(),
        }))
    }

    pub(super) fn notice_secret(&self, findings: &mut Findings<'_>) -> Option<Secret<String>> {
        let text = self.written.notice_secret.as_ref()?;
        let path = self.at("notice_secret");
        let secret = secret_text(text, &path, findings)?;
        if secret.expose().len() < 16 {
            let message = "the secret can be guessed";
            findings.mistake(
                &path,
                message,
                "write the admin key that the provider shows",
            );
        }
        Some(secret)
    }

    pub(super) fn link_by_email(&self, findings: &mut Findings<'_>) -> LinkByEmail {
        match self.written.link_by_email {
            Some(written::LinkByEmail::Off) | None => LinkByEmail::Off,
            Some(written::LinkByEmail::Verified) => {
                let flags = self.pick(|it| it.email_verified_path.as_ref());
                let never = flags.is_some_and(|flags| flags.iter().next().is_none());
                if never && self.id_token() == IdToken::Off {
                    let message =
                        "nothing says whether an address is verified: nobody would be known by it";
                    let path = self.at("link_by_email");
                    findings.mistake(&path, message, "take it out");
                }
                LinkByEmail::Verified
            }
        }
    }

    /// The URL that browsers come back to is one of ours.
    pub(super) fn callback(
        &self,
        transport: &Transport,
        findings: &mut Findings<'_>,
    ) -> Option<String> {
        let mut accounts = self.document.accounts.iter();
        let own = accounts.find(|account| {
            let is_own = account.provider.as_deref() == Some(self.name);
            is_own && account.action == Action::SocialCallback
        });
        let Some(url) = &self.written.callback else {
            if own.is_some() {
                let message = "it is not said where the provider sends browsers back to";
                findings.absence(self.path, message, "add `callback: https://…`");
            }
            return Some(String::new());
        };
        let path = self.at("callback");
        let fix = "write the https:// URL that is registered at the provider";
        findings.take(check_browser_url(url, transport), &path, fix)?;
        let Some(own) = own else {
            let message = "no route takes browsers that come back";
            let fix = format!(
                "add `{{ action: social_callback, match: …, provider: {} }}` to `accounts`",
                self.name
            );
            findings.mistake(&path, message, &fix);
            return Some(url.clone());
        };
        let method = match self.response_mode() {
            ResponseMode::Query => "GET",
            ResponseMode::FormPost => "POST",
        };
        let expected = format!("{method} {}", path_of(url));
        if own
            .matches
            .split_ascii_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            != expected
        {
            let message = "the route that takes browsers back is another one";
            let fix = format!("write `match: {expected}` at its `social_callback`");
            findings.mistake(&path, message, &fix);
        }
        Some(url.clone())
    }
}

/// The path of a URL that was checked.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..));
    let path = path.unwrap_or("/");
    path.split('?').next().unwrap_or(path)
}

//! One provider: what is known of it, and what the operator has written over that.

use std::sync::Arc;

use super::joining;
use crate::{
    config::{
        compile::Findings,
        document::{Document, social as written},
    },
    fetch::{Site, Transport},
    social::{
        Discovery, IdToken, Pkce, Places, Settings, UserInfo, Whereabouts, check_browser_url,
    },
    store,
    upstream::{Tls, TlsFiles},
};

const URL: &str = "write a URL such as https://idp.example.com/token";

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// A provider that is being read.
pub(super) struct One<'a> {
    pub(super) document: &'a Document,
    pub(super) name: &'a str,
    pub(super) written: &'a written::Provider,
    /// What ships with the binary of the same name.
    pub(super) known: Option<&'a written::Provider>,
    pub(super) path: &'a str,
    pub(super) users: Option<&'a store::Settings>,
}

impl One<'_> {
    pub(super) fn compile(&self, findings: &mut Findings<'_>) -> Option<Settings> {
        let transport = self.transport(findings)?;
        let whereabouts = self.whereabouts(&transport, findings);
        let user_info = self.user_info(&transport, findings);
        let (proof, paths) = (self.proof(findings), self.paths(findings));
        let (success, token_info) = (
            self.success(findings),
            self.token_info(&transport, findings),
        );
        let kept = joining::kept_in(self, findings);
        let id_token = self.id_token();
        if id_token == IdToken::Off && user_info == Some(UserInfo::Off) {
            let message = "nothing would say who somebody is";
            let fix = "add `user_info: …`, or take `id_token` out";
            findings.mistake(&self.at("id_token"), message, fix);
        }
        let callback = self.callback(&transport, findings);
        if self.written.client_id.as_deref().is_none_or(str::is_empty) {
            let message = "it is not said what the provider knows this client by";
            findings.absence(self.path, message, "add `client_id: …`");
        }
        let link_as = self.written.link_as.as_deref().unwrap_or(self.name);
        Some(Settings {
            name: self.name.into(),
            client_id: self.written.client_id.as_deref()?.into(),
            proof: proof?,
            callback: callback?.into(),
            whereabouts: whereabouts?,
            transport,
            scope: self.scope().into(),
            parameters: self.parameters(),
            response_mode: self.response_mode(),
            pkce: match self.pick(|it| it.pkce) {
                Some(written::Pkce::Off) => Pkce::Off,
                Some(written::Pkce::S256) | None => Pkce::S256,
            },
            id_token,
            algorithms: self.algorithms(findings)?,
            user_info: user_info?,
            paths: paths?,
            success: success?,
            audiences: self
                .written
                .audiences
                .iter()
                .map(|it| it.as_str().into())
                .collect(),
            token_info: token_info.ok()?,
            any_audience: self.written.any_audience.is_some(),
            notice_secret: self.notice_secret(findings),
            refresh_token_column: kept,
            link_as: link_as.into(),
            link_by_email: self.link_by_email(findings),
        })
    }

    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// What is written, or known.
    pub(super) fn pick<'a, T>(
        &'a self,
        of: impl Fn(&'a written::Provider) -> Option<T>,
    ) -> Option<T> {
        of(self.written).or_else(|| of(self.known?))
    }

    fn transport(&self, findings: &mut Findings<'_>) -> Option<Transport> {
        let ca = self.written.ca.as_deref();
        let files = TlsFiles {
            authorities: ca.map(|ca| findings.resolve(ca)),
            pair: None,
        };
        let fix = "name a PEM file with certificates of authorities";
        let tls = findings.take(Tls::load(files), &self.at("ca"), fix)?;
        Some(Transport {
            tls: Arc::new(tls),
            clear_text: self.written.clear_text.is_some(),
        })
    }

    fn whereabouts(
        &self,
        transport: &Transport,
        findings: &mut Findings<'_>,
    ) -> Option<Whereabouts> {
        if let Some(url) = &self.written.discovery {
            let path = self.at("discovery");
            let site = Site::parse(url, transport);
            let site = findings.take(site, &path, "write the URL of its description");
            let Some(issuer) = url.strip_suffix(WELL_KNOWN) else {
                let fix = format!("write a URL that ends in {WELL_KNOWN}");
                findings.mistake(&path, "no provider describes itself here", &fix);
                return None;
            };
            let issuers = &self.written.issuers;
            if !issuers.is_empty() {
                let message = "discovery says what the issuer is called";
                findings.mistake(&self.at("issuers"), message, "take one of them out");
            }
            let issuer = issuer.into();
            return Some(Whereabouts::Discovered(Discovery {
                site: site?,
                issuer,
            }));
        }
        let authorization = self.needed("authorization_endpoint", findings, |it| {
            it.authorization_endpoint.as_deref()
        });
        if let Some(url) = authorization {
            let checked = check_browser_url(url, transport);
            findings.take(checked, &self.at("authorization_endpoint"), URL);
        }
        let token = self.needed("token_endpoint", findings, |it| {
            it.token_endpoint.as_deref()
        });
        let token = token.and_then(|url| self.site("token_endpoint", url, transport, findings));
        let keys = self.keys(transport, findings);
        let revocation = self.revocation(transport, findings);
        let issuers = self.pick(|it| Some(&it.issuers).filter(|issuers| !issuers.is_empty()));
        let issuers = issuers.into_iter().flatten();
        Some(Whereabouts::Listed(Arc::new(Places {
            issuers: issuers.map(|issuer| issuer.as_str().into()).collect(),
            authorization: authorization?.into(),
            token: token?,
            keys: keys.ok()?,
            user_info: None,
            revocation: revocation.ok()?,
        })))
    }

    /// Where tokens are taken back, where anybody has any.
    fn revocation(
        &self,
        transport: &Transport,
        findings: &mut Findings<'_>,
    ) -> Result<Option<Site>, ()> {
        const KEY: &str = "revocation_endpoint";
        let Some(url) = self.pick(|it| it.revocation_endpoint.as_deref()) else {
            if self.written.refresh_token_column.is_some() {
                let message = "nothing is known of where its tokens are taken back";
                findings.absence(self.path, message, "add `revocation_endpoint: …`");
            }
            return Ok(None);
        };
        let site = self.site(KEY, url, transport, findings);
        site.map(Some).ok_or(())
    }

    /// Where the keys are, where ID tokens are looked at.
    fn keys(&self, transport: &Transport, findings: &mut Findings<'_>) -> Result<Option<Site>, ()> {
        if self.id_token() == IdToken::Off {
            return Ok(None);
        }
        if self.pick(|it| it.issuers.first()).is_none() {
            let message = "nothing tells whose ID tokens these are";
            findings.absence(self.path, message, "add `issuers: […]`, or `discovery`");
        }
        let url = self.needed("jwks_url", findings, |it| it.jwks_url.as_deref());
        let site = url.and_then(|url| self.site("jwks_url", url, transport, findings));
        site.map(Some).ok_or(())
    }

    fn needed<'a>(
        &'a self,
        key: &str,
        findings: &mut Findings<'_>,
        of: impl Fn(&'a written::Provider) -> Option<&'a str>,
    ) -> Option<&'a str> {
        let found = self.pick(of);
        if found.is_none() {
            let message = format!("nothing is known of its `{key}`");
            findings.absence(self.path, &message, "add it, or `discovery: …`");
        }
        found
    }

    fn site(
        &self,
        key: &str,
        url: &str,
        transport: &Transport,
        findings: &mut Findings<'_>,
    ) -> Option<Site> {
        let fix = "write an https:// URL, or say `clear_text: acknowledged` beside it";
        findings.take(Site::parse(url, transport), &self.at(key), fix)
    }

    fn user_info(&self, transport: &Transport, findings: &mut Findings<'_>) -> Option<UserInfo> {
        match self.pick(|it| it.user_info.as_deref()) {
            None => Some(UserInfo::Off),
            Some("discovered") if self.written.discovery.is_some() => Some(UserInfo::Discovered),
            Some(url) => {
                let site = self.site("user_info", url, transport, findings);
                site.map(UserInfo::At)
            }
        }
    }
}

//! The endpoints of a provider: written down, or described by itself (OpenID Connect Discovery).

use std::sync::Arc;

use serde_json::Value;

use super::error::Fault;
use crate::fetch::{Site, SiteError, Transport};

/// Where a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// As written.
    Listed(Arc<Places>),
    /// As it describes itself.
    Discovered(Discovery),
}

/// A description of a provider by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Where it is.
    pub site: Site,
    /// Of whom it has to be.
    pub issuer: Box<str>,
}

/// The endpoints of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// What its ID tokens may say it is called.
    pub issuers: Vec<Box<str>>,
    /// Where browsers are sent.
    pub authorization: Box<str>,
    /// Where codes become tokens.
    pub token: Site,
    /// Where its keys are; without any it signs nothing that is looked at.
    pub keys: Option<Site>,
    /// Where it says who somebody is.
    pub user_info: Option<Site>,
    /// Where it takes tokens back (RFC 7009).
    pub revocation: Option<Site>,
}

impl Places {
    /// What a discovery document says. The issuer has to be the one that was asked for, to the letter (section 4.3).
    pub fn read(json: &Value, issuer: &str, transport: &Transport) -> Result<Self, Fault> {
        if json.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(Fault::OtherIssuer);
        }
        let url = |name: &'static str| json.get(name).and_then(Value::as_str);
        let needed = |name: &'static str| {
            let text = url(name).ok_or(Fault::Missing(name))?;
            Site::parse(text, transport).map_err(|_| Fault::Url(name))
        };
        let authorization = url("authorization_endpoint");
        let authorization = authorization.ok_or(Fault::Missing("authorization_endpoint"))?;
        // A browser is sent there: only what could be asked itself.
        check(authorization, transport).map_err(|_| Fault::Url("authorization_endpoint"))?;
        let optional = |name| url(name).map(|_| needed(name)).transpose();
        Ok(Self {
            issuers: vec![issuer.into()],
            authorization: authorization.into(),
            token: needed("token_endpoint")?,
            keys: Some(needed("jwks_uri")?),
            user_info: optional("userinfo_endpoint")?,
            revocation: optional("revocation_endpoint")?,
        })
    }
}

/// Whether browsers may be sent to a URL.
pub fn check(url: &str, transport: &Transport) -> Result<(), SiteError> {
    if url.contains('#') || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SiteError::NoUrl);
    }
    Site::parse(url, transport).map(drop)
}

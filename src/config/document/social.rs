//! Logins at somebody else's.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Waiver,
    rules::Texts,
    sign_up::{NewId, Rejoin},
    tokens::{Algorithm, SecretText},
};
use crate::config::duration::Span;

/// The providers, and whom the people who come from there are here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Social {
    /// Seals what browsers take along on their way to a provider: 32 bytes or more, the same for all gateways that serve one host. From the
    /// environment, or `file:PATH`.
    pub secret: SecretText,
    /// The providers, by name: `google`, `kakao`, `naver` and `apple` are known, and need only what is yours.
    pub providers: IndexMap<String, Provider>,
    /// The columns of the user table in which the account at a provider stands.
    pub columns: LinkColumns,
    /// How somebody who is nobody here becomes a user; `users.write` has to list `sign_up`. Default: they are refused.
    pub new_users: Option<NewUsers>,
    /// The origins, such as `https://app.example.com`, of pages that `return_to` may name besides paths of this host. Default: none.
    #[serde(default)]
    pub return_to: Vec<String>,
    /// Where browsers go whom a login without a dialect refuses: a path or a URL, to which `error=…` is added. Default: `/`.
    #[serde(default = "root")]
    pub refused_to: String,
}

impl Social {
    /// What nothing else writes.
    pub(in crate::config) fn columns_of_its_own(&self) -> impl Iterator<Item = &str> {
        let rejoin = self.new_users.as_ref().and_then(|it| it.rejoin.as_ref());
        let providers = self.providers.values();
        let kept = providers.filter_map(|it| it.refresh_token_column.as_deref());
        [&*self.columns.provider, &*self.columns.subject]
            .into_iter()
            .chain(rejoin.map(|it| &*it.column))
            .chain(kept)
    }
}

/// Where the account at a provider stands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkColumns {
    /// Which provider: holds `link_as` of it, such as `sns_type`.
    pub provider: String,
    /// Who it is there, such as `sns_uid`. There should be an index on both.
    pub subject: String,
}

/// How somebody who is nobody here becomes a user, with the columns of `columns` filled in any case. What `sign_up` says of `unique`
/// columns and of `unverified` users holds here, too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUsers {
    /// Who makes the id of a new row. Default: as `sign_up.id` says; else `database`, unless `columns` has the id or users log in with it.
    pub id: Option<NewId>,
    /// What they log in with, in the column `users.columns.login`. `{email}` is one that the provider vouches for; who has none is
    /// refused. Default: `{email}`.
    #[serde(default = "email")]
    pub login: String,
    /// Further columns: texts may use `{email}`, `{name}`, `{provider}` and `{subject}`, where what is not known makes it NULL, or be one of
    /// `{now}`, `{today}` and `{uuid}`. Default: none.
    #[serde(default)]
    pub columns: IndexMap<String, serde_json::Value>,
    /// When somebody who has left may come back as a new user. Default: as `sign_up.rejoin` says; else never.
    pub rejoin: Option<Rejoin>,
}

/// One provider. Of a known one every key but the client's may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What the provider knows this client by. Needed.
    pub client_id: Option<String>,
    /// The client's secret: from the environment, or `file:PATH`. Default: none.
    pub client_secret: Option<SecretText>,
    /// In place of it a key that signs such secrets, as Apple has it.
    pub client_key: Option<ClientKey>,
    /// The whole URL that the provider sends browsers back to, as it is registered there; its path is that of an account
    /// route with `action: social_callback`. Needed where browsers log in.
    pub callback: Option<String>,
    /// The URL of the provider's description of itself, which ends in `/.well-known/openid-configuration`: then no endpoint has to be
    /// written.
    pub discovery: Option<String>,
    /// What `iss` of its ID tokens may say. Default: what discovery says.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// Where browsers are sent.
    pub authorization_endpoint: Option<String>,
    /// Where codes become tokens.
    pub token_endpoint: Option<String>,
    /// Where it takes tokens back (RFC 7009). Known of `apple` and `google`.
    pub revocation_endpoint: Option<String>,
    /// Where its keys are published.
    pub jwks_url: Option<String>,
    /// Where it says who somebody is: a URL, or `discovered`. Default: nowhere besides the ID token.
    pub user_info: Option<String>,
    /// What is asked for. Default: `[openid, email, profile]`.
    pub scopes: Option<Vec<String>>,
    /// What stands between scopes. Default: a space.
    pub scope_separator: Option<String>,
    /// Further parameters of the way there, such as `prompt: select_account`. Default: none.
    #[serde(default)]
    pub parameters: IndexMap<String, String>,
    /// How the client shows its secret. Default: `post`.
    pub token_auth: Option<TokenAuth>,
    /// How browsers come back. Default: `query`.
    pub response_mode: Option<ResponseMode>,
    /// Whether codes are bound to whoever asked for them (RFC 7636). Default: `s256`.
    pub pkce: Option<Pkce>,
    /// Whether the provider says who it is in an ID token. Default: `required`.
    pub id_token: Option<IdToken>,
    /// What ID tokens may be signed with. Default: `[RS256]`.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Where the user info says who it is. Default: `$.sub`.
    pub id_path: Option<String>,
    /// Where it has the e-mail address. Default: `$.email`.
    pub email_path: Option<String>,
    /// Where it says that the address is theirs: each of these has to be true; `[]` is never. Default: `$.email_verified`.
    pub email_verified_path: Option<Texts>,
    /// Where it has the name. Default: `$.name`.
    pub name_path: Option<String>,
    /// What the user info says at these paths if it is no failure. Default: nothing in particular.
    #[serde(default)]
    pub success: IndexMap<String, String>,
    /// Further clients of yours at the provider: native applications, whose ID tokens `social_token` takes. Default: none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Where an access token of a native application shows whom it was granted to.
    pub token_info: Option<TokenInfo>,
    /// Says that `social_token` takes access tokens that were granted to any application: whoever has an application at the provider can
    /// log in as any of its users.
    pub any_audience: Option<Waiver>,
    /// What the provider shows when it tells `social_notice` of a user who has left, as Kakao's admin key: from the environment, or
    /// `file:PATH`. Default: only what it has signed is believed.
    pub notice_secret: Option<SecretText>,
    /// The column of the user table in which the refresh token is kept that the provider gives with a login, such as `apple_refresh_token`: it
    /// is taken back at `revocation_endpoint` when the user leaves or unlinks. `users.write` has to list `link`. Default: it is not kept.
    pub refresh_token_column: Option<String>,
    /// What stands in the column of providers. Default: the provider's name.
    pub link_as: Option<String>,
    /// Whether somebody who is not linked is the member who logs in with the same e-mail address. Default: `off`.
    pub link_by_email: Option<LinkByEmail>,
    /// A PEM file with the authorities that may have signed the provider's certificates. Default: those of the system.
    pub ca: Option<String>,
    /// Says that http:// URLs are meant so: whoever can change what they answer can log in as anybody.
    pub clear_text: Option<Waiver>,
}

/// A key that signs client secrets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientKey {
    /// The team, which is the secret's `iss`.
    pub team: String,
    /// What the provider calls the key.
    pub id: String,
    /// The private key for ES256, in PEM: from the environment, or `file:PATH`.
    pub private_key: SecretText,
    /// How long a secret holds; another one is made before its end. At most 180d. Default: 1d.
    #[serde(default = "one_day")]
    pub lifetime: Span,
}

/// How it is known whom an access token was granted to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInfo {
    /// Who is asked, with the token as bearer. Known of `kakao`.
    pub url: Option<String>,
    /// Where the answer has the application. Known of `kakao`.
    pub path: Option<String>,
    /// The applications whose tokens are taken.
    #[serde(default)]
    pub accepted: Vec<String>,
}

/// How the client shows its secret to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenAuth {
    /// In the form.
    Post,
    /// In the header, as HTTP Basic.
    Basic,
    /// Not at all: it has none.
    None,
}

/// How browsers come back from a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// With a query.
    Query,
    /// With a form that the provider's page sends; the callback is `POST` then.
    FormPost,
}

/// Whether codes are bound to whoever asked for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// By the SHA-256 of a secret.
    S256,
    /// They are not.
    Off,
}

/// Whether a provider gives ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdToken {
    /// A login without one fails.
    Required,
    /// None is looked at: the user info alone says who it is.
    Off,
}

/// Whether members are known by their e-mail addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkByEmail {
    /// They are not.
    Off,
    /// If the provider says that the address is theirs.
    Verified,
}

fn email() -> String {
    "{email}".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn one_day() -> Span {
    Span::from_secs(86_400)
}

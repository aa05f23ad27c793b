//! Tokens and what they say.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Waiver, rules::Texts};
use crate::{
    config::{duration::Span, moment::Moment, size::Size},
    secret::Secret,
};

/// The tokens that are accepted and minted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// What guarded routes accept and a login answers: the tokens of the gateway and of the monolith.
    pub access: Token,
    /// What a refresh accepts and a login answers; needed by `accounts`.
    pub refresh: Option<Token>,
    /// Further issuers whose tokens guarded routes accept, told apart by `iss`. Default: none.
    #[serde(default)]
    pub issuers: Vec<Issuer>,
    /// Longer tokens are refused unread. Default: 8KiB.
    #[serde(default = "eight_kibibytes")]
    pub max_size: Size,
    /// The caches of verified and of forged tokens.
    #[serde(default)]
    pub cache: Cache,
    /// Says that one secret for both kinds is meant so: then nothing tells an access from a refresh token.
    pub same_secret: Option<Waiver>,
}

/// One kind of token. Its key is written here, or its `keys` are listed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The one algorithm of the key.
    pub algorithm: Option<Algorithm>,
    /// The secret of an HS algorithm: `${NAME}` takes it from the environment, `file:PATH` from a file. As long as the
    /// hash: 32 bytes for HS256, 48 for HS384, 64 for HS512.
    pub secret: Option<SecretText>,
    /// The private key of another algorithm, in PEM or DER: from the environment, or `file:PATH`.
    pub private_key: Option<SecretText>,
    /// The public key of another algorithm, in PEM, DER or as a JWK, where others sign.
    pub public_key: Option<SecretText>,
    /// What tokens call the key; minted ones say it. Default: nothing; then the key is tried whatever a token says.
    pub kid: Option<String>,
    /// Several keys, the newest first, so that one can follow another: the first that is active and can sign, signs. A
    /// token without a `kid` is tried with four of them.
    #[serde(default)]
    pub keys: Vec<TokenKey>,
    /// How long a minted token holds.
    pub lifetime: Span,
    /// How long tokens held before: of a token without `iat`, when it was issued is its `exp` less its lifetime. Default:
    /// none; `lifetime` was never another one.
    #[serde(default)]
    pub earlier_lifetimes: Vec<EarlierLifetime>,
    /// The claims of a minted token besides `exp`: texts may use `{user.id}`, `{user.id.number}`, which alone is a number
    /// where the column has numbers, `{user.COLUMN}` with a column of `users.show`, which alone keeps its type, `{token.id}`,
    /// which is another one for each token and for `jti`, `{session.id}`, with which it begins, and `{now}`, which alone is
    /// a number, for `iat`. The subject is the row's id, or `users.columns.login`.
    #[serde(default)]
    pub claims: IndexMap<String, serde_json::Value>,
    /// Says that a secret that is too short is meant so.
    pub weak_secret: Option<Waiver>,
    /// The `iss` of these tokens; those without one are accepted too. Default: any, or with further issuers what
    /// `claims` say.
    pub issuer: Option<String>,
    /// One of these has to be named by `aud`. Default: a token that names anybody is refused.
    #[serde(default)]
    pub audience: Vec<String>,
    /// Says that tokens for any audience are accepted.
    pub any_audience: Option<Waiver>,
    /// Accepted `typ`; a token without one is accepted. Default: JWT and at+jwt.
    #[serde(default = "usual_types")]
    pub types: Vec<String>,
    /// Claims that a token has to have, besides `exp` and the subject. Default: none.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// Claims that a token has to have with exactly these values, such as `type: access`. Where access and refresh tokens
    /// have the same secret, it is these that tell them apart. Default: none.
    #[serde(default)]
    pub expected_claims: IndexMap<String, serde_json::Value>,
    /// How far clocks may differ.
    #[serde(default)]
    pub leeway: Leeway,
    /// For refresh tokens only: a column of the user table that has the user's one. It never leaves the server then: a login
    /// overwrites it, a logout makes it NULL. Needs `refresh_token` in `users.write.actions`. Default: clients keep it.
    pub kept_in: Option<KeptIn>,
    /// For refresh tokens only: whether each is spent by the refresh that it is presented for. Default: `off`.
    #[serde(default)]
    pub rotation: Rotation,
    /// With rotation: how long after a token was spent it gives the same successor again, to clients that lost an answer
    /// or raced themselves; after that it ends the session. At most 5m. Default: 10s.
    pub grace: Option<Span>,
    /// With rotation: how long a session may go without a refresh. Default: the `lifetime`.
    pub idle_lifetime: Option<Span>,
    /// With rotation: how long a session lasts however much it is used. Default: 180d, or the
    /// `lifetime` where that is longer.
    pub absolute_lifetime: Option<Span>,
}

/// Where refresh tokens are kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptIn {
    /// The column, such as `refresh_token`, or `password.refresh_token` where tables are joined.
    pub column: String,
}

/// Whether a refresh token is spent by a refresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// The same refresh token comes back.
    #[default]
    Off,
    /// Each refresh spends the token and gives its successor; one that comes twice ends the session. Needs a `jti` of
    /// `{token.id}` among the claims.
    On,
}

/// A lifetime that tokens had.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierLifetime {
    /// How long such a token held.
    pub lifetime: Span,
    /// When the last one of them was issued, such as 2026-01-31T12:00:00Z.
    pub until: Moment,
}

/// One of several keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenKey {
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// The secret of an HS algorithm, as long as the hash: from the environment, or `file:PATH`.
    pub secret: Option<SecretText>,
    /// The private key of another algorithm, in PEM or DER.
    pub private_key: Option<SecretText>,
    /// The public key of another algorithm, in PEM, DER or as a JWK, where others sign.
    pub public_key: Option<SecretText>,
    /// What tokens call it. Default: nothing; then it is tried whatever a token says.
    pub kid: Option<String>,
    /// From when it signs, such as 2026-01-31T12:00:00Z; it is believed a minute earlier. Default: always.
    pub active_from: Option<Moment>,
    /// From when it neither signs nor is believed. Default: never.
    pub retires_at: Option<Moment>,
    /// Says that a secret that is too short is meant so.
    pub weak_secret: Option<Waiver>,
}

/// Somebody else whose tokens are accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// One of these has to be named by `aud`. Needed, unless `any_audience` says otherwise.
    #[serde(default)]
    pub audience: Vec<String>,
    /// Says that tokens are accepted that the issuer has made for anybody.
    pub any_audience: Option<Waiver>,
    /// Its keys, the newest first. Default: none besides those that it publishes.
    #[serde(default)]
    pub keys: Vec<TokenKey>,
    /// Where it publishes its keys. Default: nowhere.
    pub jwks: Option<Jwks>,
    /// Accepted `typ`; a token without one is accepted. Default: JWT and at+jwt.
    #[serde(default = "usual_types")]
    pub types: Vec<String>,
    /// Claims that a token has to have, besides `exp`, `iss` and the subject. Default: none.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// How far clocks may differ.
    #[serde(default)]
    pub leeway: Leeway,
    /// The claim that says who it is. Default: `identity.subject`.
    pub subject: Option<String>,
}

/// Where an issuer publishes its keys (RFC 7517): at a URL or in a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// An https:// URL. Redirects are not followed.
    pub url: Option<String>,
    /// A file, which is read again when it has changed.
    pub file: Option<String>,
    /// The algorithms that its keys may be for. A key that does not say which it is for is for the first that fits.
    pub algorithms: Vec<Algorithm>,
    /// How often a URL is asked; for an unknown `kid` it is asked at once, at most every 10s. Default: 10m.
    #[serde(default = "ten_minutes")]
    pub refresh: Span,
    /// How long the keys that were last seen are used while the URL cannot be read. After that, requests with its
    /// tokens are answered with 503. Default: 1d.
    #[serde(default = "one_day")]
    pub stale_if_error: Span,
    /// A PEM file with the authorities that may have signed the certificate of the URL. Default: those of the system.
    pub ca: Option<String>,
    /// Says that an http:// URL is meant so: whoever can change what it answers can sign tokens.
    pub clear_text: Option<Waiver>,
}

/// How far clocks may differ.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Leeway {
    /// How long after `exp` a token still holds. Default: 0s.
    pub exp: Span,
    /// How long before `nbf` it already holds. Default: 5s.
    pub nbf: Span,
    /// How far in the future `iat` may be. Default: 5s.
    pub iat: Span,
}

impl Default for Leeway {
    fn default() -> Self {
        Self {
            exp: Span::from_secs(0),
            nbf: Span::from_secs(5),
            iat: Span::from_secs(5),
        }
    }
}

/// Signature algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-384.
    #[serde(rename = "HS384")]
    Hs384,
    /// HMAC with SHA-512.
    #[serde(rename = "HS512")]
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// Refused: the library that verifies signatures does not know it.
    #[serde(rename = "ES512")]
    Es512,
    /// `EdDSA` on Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// The caches of verified and of forged tokens. Both are bounded by the memory that they take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// How many verified tokens of the usual size are kept, 1KiB of memory each; a longer one takes the place of
    /// several. Default: 100000.
    pub capacity: u32,
    /// How much memory verified tokens may take. Default: what `capacity` comes to.
    pub size: Option<Size>,
    /// How much memory tokens may take whose signature was found to be wrong, so that it is not verified again and
    /// again. Default: 4MiB.
    pub forged: Size,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            capacity: 100_000,
            size: None,
            forged: Size::from_bytes(4 * 1024 * 1024),
        }
    }
}

/// What the upstream is told about the user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// The claim that says who it is: a text or an integer. Default: `sub`.
    pub subject: String,
    /// The claims in which roles stand, each a text or a list of texts: one or more ways such as `realm_access.roles`.
    /// Default: `[roles, role]`.
    pub roles: Texts,
    /// Headers that are added to guarded requests, from `{subject}` and `{claims.NAME}`, with the forms and defaults
    /// that `headers` of a route has. Clients cannot send them. A route that sets or removes one has its own way.
    /// Default: X-User-Id with the subject.
    pub headers: IndexMap<String, String>,
    /// Headers that are added to requests of clients with a verified certificate, on every route: from `{subject}`,
    /// as RFC 4514 writes it, `{names}`, such as `DNS:a.internal, URI:spiffe://example/a`, and `{fingerprint}`, its
    /// SHA-256. One without a value is left out. Clients cannot send them. Default: none.
    pub certificate_headers: IndexMap<String, String>,
}

impl Default for Identity {
    fn default() -> Self {
        let user_id = ("X-User-Id".to_owned(), "{subject}".to_owned());
        Self {
            subject: "sub".to_owned(),
            roles: Texts::List(vec!["roles".to_owned(), "role".to_owned()]),
            headers: IndexMap::from([user_id]),
            certificate_headers: IndexMap::new(),
        }
    }
}

/// A text that is never printed.
#[derive(Debug)]
pub struct SecretText(pub Secret<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

fn usual_types() -> Vec<String> {
    vec!["JWT".to_owned(), "at+jwt".to_owned()]
}

fn ten_minutes() -> Span {
    Span::from_secs(600)
}

fn one_day() -> Span {
    Span::from_secs(86_400)
}

fn eight_kibibytes() -> Size {
    Size::from_bytes(8 * 1024)
}

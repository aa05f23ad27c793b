//! The routes that the gateway answers itself.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    cookies::{TokenName, TokenSource},
    routes::Cors,
    tokens::SecretText,
};

/// One such route.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What it does.
    pub action: Action,
    /// The method and path, such as `POST /auth/token/pair`.
    #[serde(rename = "match")]
    pub matches: String,
    /// The host it is for. Default: any.
    pub host: Option<String>,
    /// How it speaks: a built-in dialect (`sidegate dialect list`) or one of `dialects`. For `login`, `refresh`, `verify`, `sign_up`, `withdraw`,
    /// `change_password`, `profile`, `change_profile` and what is about codes; the others speak as `docs/sessions.md` says.
    pub dialect: Option<String>,
    /// For what begins with `social_`: whose users come here, of `social.providers`.
    pub provider: Option<String>,
    /// For `introspect` and `revoke`: the programs that may ask, by HTTP Basic or in the form. Default: nobody may
    /// introspect, and whoever has a token may revoke it.
    #[serde(default)]
    pub clients: Vec<Client>,
    /// The names of the limits that hold for it, of `rate_limits`; `[]` is none. Default: for a login
    /// `[login_clients, login_accounts]`, with `attempts` the first alone, which clients are told of only when they are refused; else none.
    pub rate_limit: Option<Vec<String>>,
    /// The name of the rules, of `statuses`, by which its answers are read. Default: none; they mean what they say.
    pub statuses: Option<String>,
    /// CORS headers of its answers. Default: the gateway's `cors`.
    pub cors: Option<Cors>,
    /// The cookies, of `cookies`, that it sets when it grants tokens, whatever else its dialect answers, or takes away when
    /// it is a logout. Default: none.
    #[serde(default)]
    pub cookies: Vec<TokenName>,
    /// Where a refresh has the refresh token from, and a verify, or what is about the user's sessions, the access token.
    /// Default: `request`.
    #[serde(default)]
    pub token_from: TokenSource,
}

/// What an account route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Credentials for tokens.
    Login,
    /// A refresh token for an access token.
    Refresh,
    /// Whether a token holds.
    Verify,
    /// A new user. Needs `sign_up`.
    SignUp,
    /// The user of the access token leaves, of a bearer or a cookie. Needs `withdrawal` and `state`.
    Withdraw,
    /// The user of the access token changes the password, and the other sessions end. Needs `state`, and `password` in
    /// `users.write.actions`.
    ChangePassword,
    /// What the row says of the user of the access token.
    Profile,
    /// The user of the access token changes it. Needs `profile`; where the password is changed with it, what `change_password`
    /// needs.
    ChangeProfile,
    /// Ends the session of the token that is shown. Needs `state`, and `jti: "{token.id}"` in both kinds of tokens.
    Logout,
    /// Ends the user's other sessions. Needs what `logout` needs.
    LogoutOthers,
    /// Ends all of the user's sessions, and every token that was granted before. Needs `state`.
    LogoutEverywhere,
    /// Ends the session of the user that `session` names. Needs what `logout` needs.
    EndSession,
    /// Lists the user's open sessions. Needs what `logout` needs.
    Sessions,
    /// Ends the session of a token (RFC 7009). Needs what `logout` needs.
    Revoke,
    /// Whether a token is good, and what it says (RFC 7662). Needs `clients`.
    Introspect,
    /// Sends a browser to a provider. Needs `provider`.
    SocialStart,
    /// Takes browsers that come back from a provider: answers as the `dialect` answers logins, or sets the `cookies` and sends them on.
    SocialCallback,
    /// Takes the `id_token` or the `access_token` that a native application has from a provider's kit, and answers as the `dialect`
    /// answers logins.
    SocialToken,
    /// Sends a code or link that proves an address. Needs `codes.verify`.
    SendCode,
    /// Takes it. Needs `codes.verify`, and `verify` in `users.write.actions`.
    VerifyCode,
    /// Shows a page that asks whether such a link is meant, without using it up. Needs `codes.verify`.
    ConfirmLink,
    /// Sends a code or link with which a new password is chosen. Needs `codes.reset`.
    ResetRequest,
    /// Takes it, with the password; ends all sessions. Needs `codes.reset`, and `password` in `users.write.actions`.
    ResetPassword,
    /// Answers where a signed-in user goes to link an account at a provider, who comes back by `social_callback`. `users.write` has to list
    /// `link`, as for the next two.
    SocialLink,
    /// Takes the account at a provider off the user who is signed in.
    SocialUnlink,
    /// Takes what a provider tells of its users: who has left it is unlinked, and their sessions end.
    SocialNotice,
}

/// A program that may ask about tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// What it calls itself.
    pub id: String,
    /// Its secret, of 32 bytes or more: from the environment, or `file:PATH`.
    pub secret: Option<SecretText>,
    /// In place of it: the SHA-256 of such a secret, in hexadecimal digits.
    pub secret_sha256: Option<SecretText>,
}

//! Logins at somebody else's: Google, Kakao, Naver, Apple, and any OpenID provider.
//!
//! A [`Provider`] is data, not code. It says who somebody is there, as a [`Profile`]; who that is here is the business of
//! `accounts`. It promises that a browser that comes back is the one that was sent, that an ID token is the provider's and
//! meant for us, and that a provider that is away or talks nonsense is never taken for a person who may not come in.

mod client_secret;
mod error;
mod id_token;
mod journey;
mod keys;
mod native;
mod notice;
mod path;
mod places;
mod profile;
mod provider;
mod settings;
mod tokens;

pub use client_secret::SignedSecret;
pub use error::{Fault, SocialError};
pub use id_token::{Expected, IdTokenError, Nonce};
pub use journey::{Journey, LIFETIME, Seal, Start, Used, challenge, is_state};
pub use native::Native;
pub use notice::Told;
pub use path::{JsonPath, PathError};
pub use places::{Discovery, Places, Whereabouts, check as check_browser_url};
pub use profile::{Email, Profile};
pub use provider::{Arrival, Provider, Shown};
pub use settings::{
    BUILT_IN, ClientProof, IdToken, LinkByEmail, Pkce, ProfilePaths, ResponseMode, Settings,
    TokenInfo, UserInfo,
};

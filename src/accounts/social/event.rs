//! What an audit reads of logins at providers. No line has a token, an address or an id of the provider's.

use tracing::{info, warn};

use super::verdict::Refusal;
use crate::{
    accounts::AccountRequest,
    member::{Member, MemberId},
    social::SocialError,
    store::WriteError,
    telemetry::SECURITY,
};

pub(super) fn granted(provider: &str, member: &Member, request: &AccountRequest) {
    info!(
        target: SECURITY,
        security = "social_login_granted",
        provider,
        account = %member.id,
        client = client(request),
        decision = %request.sender.decision,
        "a login at a provider was granted"
    );
}

pub(super) fn refused(
    provider: &str,
    refusal: Refusal,
    member: Option<&Member>,
    request: &AccountRequest,
) {
    warn!(
        target: SECURITY,
        security = "social_login_refused",
        provider,
        account = member.map(|member| member.id.to_string()),
        why = refusal.word(),
        client = client(request),
        decision = %request.sender.decision,
        "a login at a provider was refused"
    );
}

pub(super) fn linked(provider: &str, member: &Member, request: &AccountRequest) {
    info!(
        target: SECURITY,
        security = "social_account_linked",
        provider,
        account = %member.id,
        client = client(request),
        decision = %request.sender.decision,
        "an account at a provider was linked to a member"
    );
}

pub(super) fn unlinked(provider: &str, member: &Member, request: &AccountRequest) {
    info!(
        target: SECURITY,
        security = "social_account_unlinked",
        provider,
        account = %member.id,
        client = client(request),
        decision = %request.sender.decision,
        "an account at a provider was taken off a member"
    );
}

pub(super) fn taken_back(provider: &str, member: &MemberId) {
    info!(
        target: SECURITY,
        security = "provider_token_revoked",
        provider,
        account = %member,
        "the provider has taken its refresh token back"
    );
}

pub(super) fn not_taken_back(provider: &str, member: &MemberId, error: &SocialError) {
    warn!(
        target: SECURITY,
        security = "provider_token_left",
        provider,
        account = %member,
        error = %error,
        "the provider has not taken its refresh token back: it goes on being good there"
    );
}

pub(super) fn not_kept(
    provider: &str,
    member: &Member,
    (error, request): (&WriteError, &AccountRequest),
) {
    warn!(
        provider,
        account = %member.id,
        error = %error,
        decision = %request.sender.decision,
        "the refresh token of a provider could not be kept: it cannot be taken back later"
    );
}

pub(super) fn not_emptied(provider: &str, member: &MemberId, error: &WriteError) {
    warn!(
        provider,
        account = %member,
        error = %error,
        "a refresh token that the provider has taken back could not be removed from its column"
    );
}

fn client(request: &AccountRequest) -> &str {
    request.sender.address.to_str().unwrap_or_default()
}

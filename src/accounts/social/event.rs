//! What an audit reads of logins at providers. No line has a token, an address or an id of the provider's.

use tracing::{info, warn};

use super::verdict::Refusal;
use crate::{accounts::AccountRequest, member::Member, telemetry::SECURITY};

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

fn client(request: &AccountRequest) -> &str {
    request.sender.address.to_str().unwrap_or_default()
}

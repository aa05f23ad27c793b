//! What comes of a login at a provider, and how it is answered.

use super::{Social, event, start::redirect};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, Granted, dialect::LoginDialect},
    member::Member,
    social::Provider,
};

/// What comes of it.
pub(super) enum Verdict {
    /// This member.
    Member(Box<Member>),
    /// The member who has left for it is linked now.
    Linked,
    /// Nobody who may come in.
    Refused(Refusal),
}

/// Why nobody may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The user has said no at the provider.
    Denied,
    /// The code is no good: it has expired, or was used before.
    Code,
    /// What a native application shows is no good, or was meant for another one.
    Token,
    /// No member is linked to the account at the provider.
    Unknown,
    /// Several are.
    Ambiguous,
    /// A member in a state that may not log in.
    Blocked,
    /// A new member would need an address that the provider vouches for.
    NoEmail,
    /// Another member logs in with the address.
    Conflict,
    /// Who had the address has left too short a time ago.
    TooEarly,
    /// The account at the provider is another member's.
    LinkedElsewhere,
    /// The member has another account at a provider already.
    AlreadyLinked,
}

impl Refusal {
    /// The word of logs, and of the place where browsers go.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Code => "code_refused",
            Self::Token => "token_refused",
            Self::Unknown => "unknown_member",
            Self::Ambiguous => "ambiguous_member",
            Self::Blocked => "blocked",
            Self::NoEmail => "no_email",
            Self::Conflict => "conflict",
            Self::TooEarly => "too_early",
            Self::LinkedElsewhere => "linked_elsewhere",
            Self::AlreadyLinked => "already_linked",
        }
    }
}

impl Accounts {
    /// Answers as the dialect does, or sends a browser on.
    pub(super) async fn social_answer(
        &self,
        (social, provider): (&Social, &Provider),
        verdict: Verdict,
        (dialect, return_to): (Option<&LoginDialect>, Option<&str>),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let name = &provider.settings().name;
        let (refusal, member) = match verdict {
            Verdict::Member(member) if member.state.is_none() => {
                event::granted(name, &member, request);
                return self.grant(&member, (dialect, return_to), request).await;
            }
            Verdict::Linked => return Ok(redirect(return_to.unwrap_or("/"), "linked")),
            Verdict::Member(member) => (Refusal::Blocked, Some(member)),
            Verdict::Refused(refusal) => (refusal, None),
        };
        event::refused(name, refusal, member.as_deref(), request);
        let mut answer = match dialect {
            Some(dialect) => {
                let state = member.and_then(|member| member.state);
                let blocked = state.map(|state| dialect.blocked(&state).clone());
                blocked.unwrap_or_else(|| dialect.refused.clone())
            }
            None => redirect(&social.returns.refused(refusal.word()), refusal.word()),
        };
        answer.outcome = refusal.word();
        Ok(answer)
    }

    async fn grant(
        &self,
        member: &Member,
        (dialect, return_to): (Option<&LoginDialect>, Option<&str>),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let session = self.open_session(member, request).await?;
        if let Some(dialect) = dialect {
            return dialect.granted.fill("granted", &|name| session.value(name));
        }
        let token = |name| match session.value(name) {
            Some(serde_json::Value::String(token)) => token,
            Some(_) | None => String::new(),
        };
        let mut answer = redirect(return_to.unwrap_or("/"), "granted");
        answer.granted = Some(Box::new(Granted {
            access_token: token("access_token"),
            refresh_token: token("refresh_token"),
        }));
        Ok(answer)
    }
}

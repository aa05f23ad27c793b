//! What comes of a login at a provider, and how it is answered.

use super::{Social, SocialDialect, event, start::redirect};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, Granted, joining::audit},
    member::{Member, StateName},
    social::Provider,
};

/// What comes of it.
pub(super) enum Verdict {
    /// This member.
    Member(Box<Member>),
    /// This one, who has not been one before.
    Joined(Box<Member>),
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
    /// A column does not take what the provider says.
    Invalid,
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
            Self::Invalid => "invalid",
            Self::LinkedElsewhere => "linked_elsewhere",
            Self::AlreadyLinked => "already_linked",
        }
    }

    /// Whether somebody wanted to join, and may not.
    fn is_of_joining(self) -> bool {
        match self {
            Self::NoEmail | Self::Conflict | Self::TooEarly | Self::Invalid => true,
            Self::Denied
            | Self::Code
            | Self::Token
            | Self::Unknown
            | Self::Ambiguous
            | Self::Blocked
            | Self::LinkedElsewhere
            | Self::AlreadyLinked => false,
        }
    }
}

impl SocialDialect {
    fn refusal(&self, refusal: Refusal, state: Option<&StateName>) -> &Answer {
        if refusal == Refusal::TooEarly {
            return &self.too_early;
        }
        state.map_or(&self.login.refused, |state| self.login.blocked(state))
    }
}

impl Accounts {
    /// Answers as the dialect does, or sends a browser on.
    pub(super) async fn social_answer(
        &self,
        (social, provider): (&Social, &Provider),
        verdict: Verdict,
        (dialect, return_to): (Option<&SocialDialect>, Option<&str>),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let name = &provider.settings().name;
        let (refusal, member) = match verdict {
            Verdict::Linked => return Ok(redirect(return_to.unwrap_or("/"), "linked")),
            Verdict::Refused(refusal) => (refusal, None),
            Verdict::Member(member) => (Refusal::Blocked, Some(member)),
            Verdict::Joined(member) => {
                audit::joined(&member.id, member.state.is_some(), &request.sender);
                (Refusal::Blocked, Some(member))
            }
        };
        if let Some(member) = member.as_ref().filter(|member| member.state.is_none()) {
            event::granted(name, member, request);
            return self.grant(member, (dialect, return_to), request).await;
        }
        event::refused(name, refusal, member.as_deref(), request);
        if refusal.is_of_joining() {
            audit::refused(refusal.word(), &request.sender);
        }
        let state = member.and_then(|member| member.state);
        let mut answer = match dialect {
            Some(dialect) => dialect.refusal(refusal, state.as_ref()).clone(),
            None => redirect(&social.returns.refused(refusal.word()), refusal.word()),
        };
        answer.outcome = refusal.word();
        Ok(answer)
    }

    async fn grant(
        &self,
        member: &Member,
        (dialect, return_to): (Option<&SocialDialect>, Option<&str>),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let session = self.open_session(member, request).await?;
        if let Some(dialect) = dialect {
            let granted = &dialect.login.granted;
            return granted.fill("granted", &|name| session.value(name));
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

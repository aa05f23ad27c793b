//! What is known of each action of an account route: one line for each, so that whoever compiles a part of it asks for
//! that part and names no other action.

use super::rate_limits::On;
use crate::{
    accounts::{Own, TokenName, social::SocialAction},
    config::document::accounts::Action,
    member::code::Purpose,
};

/// An action.
pub(super) struct Traits {
    pub(super) kind: Kind,
    pub(super) needs: Needs,
    /// The token that it can have from a cookie.
    pub(super) reads: Option<TokenName>,
    pub(super) cookies: Cookies,
}

/// What it does, by whose part of the program does it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Login,
    Refresh,
    Verify,
    SignUp,
    Withdraw,
    ChangePassword,
    Profile,
    ChangeProfile,
    Code(CodeAction),
    Own(Own),
    Revoke,
    Introspect,
    Social(SocialAction),
}

/// What is done with a code or a link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeAction {
    Send(Purpose),
    Verify,
    Confirm,
    Reset,
}

/// What it needs of the tokens and of the gateway's own tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// What was sent is kept there.
    Codes,
    /// That everything has ended is; sessions are, where tokens say of which one they are.
    Ended,
    /// Sessions that ended are.
    Sessions,
    /// And one session can be told from another.
    NamedTokens,
}

/// What it does to the cookies of tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookies {
    Left,
    /// They are set, or taken away.
    Changed,
}

impl CodeAction {
    /// Which codes it is about.
    pub(super) fn purpose(self) -> Purpose {
        match self {
            Self::Send(purpose) => purpose,
            Self::Verify | Self::Confirm => Purpose::Verify,
            Self::Reset => Purpose::Reset,
        }
    }
}

impl Kind {
    /// What of it is limited by default.
    pub(super) fn limited_on(self) -> On {
        match self {
            Self::Login | Self::ChangePassword | Self::ChangeProfile => On::Login,
            Self::Code(_) => On::Codes,
            Self::Refresh
            | Self::Verify
            | Self::SignUp
            | Self::Withdraw
            | Self::Profile
            | Self::Own(_)
            | Self::Revoke
            | Self::Introspect
            | Self::Social(_) => On::Account,
        }
    }

    /// Whether it is about a provider.
    pub(super) fn is_social(self) -> bool {
        matches!(self, Self::Social(_))
    }
}

/// The traits of an action.
pub(super) fn of(action: Action) -> Traits {
    use Cookies::{Changed, Left};
    use Needs::{Codes, Ended, NamedTokens, Nothing, Sessions};
    let (access, refresh) = (Some(TokenName::Access), Some(TokenName::Refresh));
    let (kind, needs, reads, cookies) = match action {
        Action::Login => (Kind::Login, Nothing, None, Changed),
        Action::Refresh => (Kind::Refresh, Nothing, refresh, Changed),
        Action::Verify => (Kind::Verify, Nothing, access, Left),
        Action::SignUp => (Kind::SignUp, Nothing, None, Left),
        Action::Withdraw => (Kind::Withdraw, Nothing, access, Changed),
        Action::ChangePassword => (Kind::ChangePassword, Ended, access, Changed),
        Action::Profile => (Kind::Profile, Nothing, access, Left),
        Action::ChangeProfile => (Kind::ChangeProfile, Nothing, access, Changed),
        Action::Logout => (Kind::Own(Own::Logout), NamedTokens, access, Changed),
        Action::LogoutOthers => (Kind::Own(Own::LogoutOthers), NamedTokens, access, Left),
        Action::LogoutEverywhere => (Kind::Own(Own::LogoutEverywhere), Sessions, access, Changed),
        Action::EndSession => (Kind::Own(Own::EndSession), NamedTokens, access, Left),
        Action::Sessions => (Kind::Own(Own::List), NamedTokens, access, Left),
        Action::Revoke => (Kind::Revoke, NamedTokens, None, Left),
        Action::Introspect => (Kind::Introspect, Nothing, None, Left),
        Action::SocialStart => (Kind::Social(SocialAction::Start), Nothing, None, Left),
        Action::SocialCallback => (Kind::Social(SocialAction::Callback), Nothing, None, Changed),
        Action::SocialToken => (Kind::Social(SocialAction::Token), Nothing, None, Changed),
        Action::SocialLink => (Kind::Social(SocialAction::Link), Nothing, access, Left),
        Action::SocialUnlink => (Kind::Social(SocialAction::Unlink), Nothing, access, Left),
        Action::SocialNotice => (Kind::Social(SocialAction::Notice), Nothing, None, Left),
        Action::SendCode => (
            Kind::Code(CodeAction::Send(Purpose::Verify)),
            Codes,
            None,
            Left,
        ),
        Action::VerifyCode => (Kind::Code(CodeAction::Verify), Codes, None, Left),
        Action::ConfirmLink => (Kind::Code(CodeAction::Confirm), Nothing, None, Left),
        Action::ResetRequest => (
            Kind::Code(CodeAction::Send(Purpose::Reset)),
            Codes,
            None,
            Left,
        ),
        Action::ResetPassword => (Kind::Code(CodeAction::Reset), Codes, None, Left),
    };
    Traits {
        kind,
        needs,
        reads,
        cookies,
    }
}

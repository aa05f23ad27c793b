//! The login and the logout.

use ::http::{StatusCode, header};

use super::Visit;
use crate::{
    accounts::{
        AccountError, Answer, Own, TokenName,
        dialect::StateCheck,
        login::{LoggedIn, Tried},
    },
    pages::{Asks, Login, Message, Page, Refused},
    secret::Secret,
};

/// What helps whoever cannot log in.
const HELP: [Asks; 2] = [Asks::ForReset, Asks::ForProof];

/// The cookies that a login sets, as far as there are any.
pub(super) const OWN_COOKIES: [TokenName; 2] = [TokenName::Access, TokenName::Refresh];

/// The longest path that a login goes on to.
const LONGEST_NEXT: usize = 2048;

/// The form; whoever is logged in need not fill it in.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let next = visit.parameter("next");
    let next = next.as_deref().filter(|next| is_of_this_origin(next));
    if let Some(asker) = visit.asker().await? {
        let answer = next.map_or_else(|| visit.go("/profile"), |next| visit.go_to(next));
        return Ok(asker.kept_in(answer));
    }
    let links = visit.links(&HELP);
    let page = Page::Login(Login {
        next,
        links: &links,
        joins: visit.pages.sign_up.is_some(),
        joined: visit.parameter("done").as_deref() == Some("signed-up"),
        ..Login::default()
    });
    Ok(visit.page(StatusCode::OK, &page, "page"))
}

/// The form was sent.
pub(super) async fn sent(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    if visit.page.sent.is_err() {
        return Ok(visit.message(Message::Expired));
    }
    let next = visit.field("next").filter(|next| is_of_this_origin(next));
    let typed = visit.field("login").unwrap_or_default();
    let links = visit.links(&HELP);
    let form = |refused| {
        Page::Login(Login {
            typed,
            next,
            refused: Some(refused),
            links: &links,
            joins: visit.pages.sign_up.is_some(),
            joined: false,
        })
    };
    let again = |refused, status, outcome| visit.page(status, &form(refused), outcome);
    let unread = StatusCode::UNPROCESSABLE_ENTITY;
    if typed.is_empty() {
        return Ok(again(Refused::LoginMissing, unread, "invalid"));
    }
    let Some(password) = visit.field("password") else {
        return Ok(again(Refused::PasswordMissing, unread, "invalid"));
    };
    let credentials = (typed, Secret::new(password.to_owned()));
    let tried = visit
        .accounts
        .log_in(credentials, StateCheck::AfterPassword, &visit.request);
    let LoggedIn { tried, device } = match tried.await {
        Ok(logged_in) => logged_in,
        Err(error) => {
            let page = form(why(&error));
            return Err(visit.failed_with(error, &page));
        }
    };
    let session = match tried {
        Tried::Granted(session) => session,
        Tried::Wrong => return Ok(again(Refused::Wrong, StatusCode::UNAUTHORIZED, "refused")),
        Tried::Blocked(_) => {
            return Ok(again(
                Refused::NotAdmitted,
                StatusCode::FORBIDDEN,
                "blocked",
            ));
        }
    };
    let mut answer = next.map_or_else(|| visit.go("/profile"), |next| visit.go_to(next));
    answer.outcome = "granted";
    let cookies = &visit.accounts.cookies;
    let fields = cookies.set(&OWN_COOKIES, &session.granted(), visit.accounts.now())?;
    let fields = fields.into_iter().map(|field| (header::SET_COOKIE, field));
    answer.headers.extend(fields.chain(device));
    Ok(answer)
}

/// Ends the session, or forgets it where none is kept.
pub(super) async fn logout(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    if !visit.is_our_form() {
        return Ok(visit.message(Message::Expired));
    }
    if let Some(asker) = visit.asker().await? {
        visit.end(&asker, Own::Logout).await?;
    }
    let answer = visit.go("/logged-out");
    Ok(visit.accounts.taking_cookies(visit.endpoint, answer))
}

/// What the form says of a failure that is not of the password.
fn why(error: &AccountError) -> Refused {
    if error.outcome().status == StatusCode::TOO_MANY_REQUESTS {
        Refused::Later
    } else {
        Refused::Unavailable
    }
}

/// A path, and nothing that a browser would take for another origin: it reads `\` as `/`, and leaves out tabs and line ends
/// (URL standard, section 4.4).
pub(super) fn is_of_this_origin(next: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    next.len() <= LONGEST_NEXT
        && next.bytes().all(plain)
        && next.starts_with('/')
        && !next.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_goes_on_to_paths_of_its_own_origin_alone() {
        for path in ["/", "/orders", "/a//b?c=//d", "/%ED%95%9C?next=/x#y"] {
            assert!(is_of_this_origin(path), "{path}");
        }
        for other in [
            "",
            "orders",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https://evil.test",
            "javascript:alert(1)",
            " /a",
            "/\t/evil.test",
            "/\n/evil.test",
            "/a b",
            "/한",
            "/\u{0}",
        ] {
            assert!(!is_of_this_origin(other), "{other:?}");
        }
        assert!(!is_of_this_origin(&format!(
            "/{}",
            "a".repeat(LONGEST_NEXT)
        )));
    }
}

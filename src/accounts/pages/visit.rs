//! One request to a page: what it says, and how it is answered.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::{Does, PageRequest, Pages};
use crate::{
    accounts::{AccountRequest, Accounts, sessions::presented::Fields},
    http::query,
    pages::{Frame, Language},
};

/// One request to a page.
pub(super) struct Visit<'a> {
    pub(super) accounts: &'a Arc<Accounts>,
    pub(super) endpoint: usize,
    pub(super) pages: &'a Pages,
    pub(super) request: AccountRequest,
    pub(super) page: PageRequest,
    pub(super) form: Fields,
    pub(super) language: Language,
    /// This page's path and query, up to where a language would be said.
    here: String,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        (accounts, endpoint): (&'a Arc<Accounts>, usize),
        pages: &'a Pages,
        page: PageRequest,
        request: AccountRequest,
    ) -> Self {
        let form = Fields::of_form(&request);
        let asked = asked(&request);
        let chosen = field(&form, "language").or(asked.as_deref());
        let chosen = chosen.or(page.language.as_deref());
        let language = pages.speaks(chosen, request.languages.as_deref());
        let here = match query::without(&request.query, "language").filter(|it| !it.is_empty()) {
            Some(rest) => format!("{}?{rest}&", pages.below_root(&page.path)),
            None => format!("{}?", pages.below_root(&page.path)),
        };
        Self {
            accounts,
            endpoint,
            pages,
            request,
            page,
            form,
            language,
            here,
        }
    }

    /// Which page it is, below the root; empty for the root itself.
    pub(super) fn path(&self) -> &str {
        self.pages.below_root(&self.page.path)
    }

    pub(super) fn does(&self) -> Does {
        Does::of(&self.page.method)
    }

    /// A field of the form; one that is empty, or there twice, is as good as absent.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        field(&self.form, name)
    }

    /// A parameter of the query that is there once.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.request.query, name)
    }

    /// The language that the query chooses, if it is one of ours.
    pub(super) fn chosen_language(&self) -> Option<Language> {
        let asked = asked(&self.request)?.parse().ok()?;
        self.pages.languages.contains(&asked).then_some(asked)
    }

    /// Whether one of our pages has sent the form, to the session that the browser is in. Nothing is done before it is asked.
    pub(super) fn is_our_form(&self) -> bool {
        let Some(expected) = self.form_token() else {
            return self.page.sent.is_ok();
        };
        let brought = self.field("csrf_token").unwrap_or_default();
        let same: bool = brought.as_bytes().ct_eq(expected.as_bytes()).into();
        self.page.sent.is_ok() && same
    }

    /// What our forms bring, where tokens for forms are given and the browser has a session to which they belong.
    pub(super) fn form_token(&self) -> Option<String> {
        let tokens = self.accounts.cookies.form_tokens.as_ref()?;
        let refresh = || {
            let refresh = self.page.refresh.as_ref()?;
            Some(refresh.expose().as_str())
        };
        let token = self.request.cookie_token.as_deref().or_else(refresh)?;
        tokens.of(token.as_bytes())
    }

    /// What stands around a page. `here` is its path, where it can be looked at in another language.
    pub(super) fn frame<'f>(&'f self, form_token: Option<&'f str>) -> Frame<'f> {
        Frame {
            here: (self.does() == Does::Looks).then_some(&*self.here),
            form_token,
            ..self.pages.frame(self.language)
        }
    }
}

impl Pages {
    /// What stands around every page.
    pub(super) fn frame(&self, language: Language) -> Frame<'_> {
        Frame {
            brand: &self.brand,
            root: &self.root,
            language,
            offered: &self.languages,
            here: None,
            theme: self.theme.is_some(),
            form_token: None,
        }
    }
}

/// The language that the query asks for.
fn asked(request: &AccountRequest) -> Option<String> {
    parameter(&request.query, "language")
}

fn field<'f>(form: &'f Fields, name: &str) -> Option<&'f str> {
    form.one(name).ok().flatten()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut values = query::values(query, name);
    let first = values.next()?;
    let text = String::from_utf8(first).ok()?;
    (values.next().is_none() && !text.is_empty()).then_some(text)
}

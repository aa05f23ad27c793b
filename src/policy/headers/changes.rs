//! What a route does to the headers of its messages.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::template::HeaderTemplate;
use crate::http::stripped::Stripped;

/// What a route does to the headers of its requests, before they go to the upstream, and of their answers.
#[derive(Debug)]
pub struct RouteHeaders {
    /// Requests.
    pub request: Changes,
    /// What the upstream answers; never what the gateway says itself.
    pub response: Changes,
    /// What clients may not say on this route, in all spellings.
    stripped: Stripped,
}

/// What happens to the headers of one message.
#[derive(Debug, Default)]
pub struct Changes {
    /// Those that are written, in this order.
    pub fields: Box<[Field]>,
    /// Those that are removed.
    pub remove: Box<[HeaderName]>,
}

/// A header that is written.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: FieldValue,
    /// Where it is written.
    pub placement: Placement,
}

/// What is written.
#[derive(Debug)]
pub enum FieldValue {
    /// Always the same.
    Fixed(HeaderValue),
    /// Made for each request.
    Made(HeaderTemplate),
}

/// What becomes of the headers of the same name that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// They are removed, even where there is no value to put in their place.
    Instead,
    /// They stay.
    Beside,
}

impl Changes {
    /// Names that do not stay as they were.
    fn replaced(&self) -> impl Iterator<Item = &HeaderName> {
        let instead = self.fields.iter();
        let instead = instead.filter(|field| field.placement == Placement::Instead);
        instead.map(|field| &field.name).chain(&self.remove)
    }
}

impl RouteHeaders {
    /// Compiles them.
    pub fn new(request: Changes, response: Changes) -> Self {
        let stripped = Stripped::only(request.replaced().map(HeaderName::as_str));
        Self {
            request,
            response,
            stripped,
        }
    }

    /// Headers of requests by which the gateway says who the caller is: no client may send them, on any route.
    pub fn about_caller(&self) -> impl Iterator<Item = &HeaderName> {
        let fields = self.request.fields.iter();
        let about = fields.filter(|field| match &field.value {
            FieldValue::Made(template) => template.is_about_caller(),
            FieldValue::Fixed(_) => false,
        });
        about.map(|field| &field.name)
    }

    /// Whether a header that is sent on every route is not sent on this one, or with another value.
    pub fn replaces(&self, name: &HeaderName) -> bool {
        self.request.replaced().any(|replaced| replaced == name)
    }

    /// Removes from a request what the route replaces, in all spellings.
    pub fn clean_request(&self, headers: &mut HeaderMap) {
        let is_doomed = |name: &&HeaderName| self.stripped.covers(name.as_str());
        let doomed: SmallVec<[HeaderName; 4]> = headers.keys().filter(is_doomed).cloned().collect();
        for name in doomed {
            headers.remove(name);
        }
    }

    /// Removes from an answer what the route replaces.
    pub(super) fn clean_response(&self, headers: &mut HeaderMap) {
        for name in self.response.replaced() {
            headers.remove(name);
        }
    }
}

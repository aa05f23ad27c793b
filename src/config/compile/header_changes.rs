//! What routes do to headers.

use ::http::HeaderName;
use indexmap::IndexMap;

use super::{Findings, client_certificates, header_templates, headers::OURS};
use crate::{
    config::{
        document::{
            Document,
            headers::{self as written, HeaderChanges},
        },
        reading::places::key_step,
        size::Size,
    },
    http::stripped::Stripped,
    policy::{
        headers::{
            Changes, Field, FieldValue, HeaderLimits, HeaderTemplate, NAMES, Placement,
            RouteHeaders,
        },
        pattern::Pattern,
        route::Access,
    },
};

/// Headers that frame a message, belong to one hop or switch protocols, as names fold them.
const FRAMING: [&str; 15] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "http2-settings",
    "expect",
    "content-encoding",
    "sec-websocket-key",
    "sec-websocket-accept",
];

/// Whose headers are written, and where that stands.
pub(super) struct Place<'a> {
    pub(super) document: &'a Document,
    /// Of the key `headers`.
    pub(super) path: &'a str,
    /// The route, as it is written.
    pub(super) route: &'a str,
    pub(super) pattern: &'a Pattern,
    pub(super) access: Access,
}

/// Which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Request,
    Response,
}

/// What a route does; `None` where something of it is a mistake.
pub(super) fn compile(
    written: &written::RouteHeaders,
    place: &Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<RouteHeaders> {
    let request = place.changes(&written.request, Message::Request, findings);
    let response = place.changes(&written.response, Message::Response, findings);
    let (request, response) = (request?, response?);
    let nothing = |changes: &Changes| changes.fields.is_empty() && changes.remove.is_empty();
    if nothing(&request) && nothing(&response) {
        let fix = "write `set`, `add` or `remove` below `request` or `response`, or take it out";
        findings.absence(place.path, "nothing is changed", fix);
    }
    Some(RouteHeaders::new(request, response))
}

/// How large the gateway's own headers may be.
pub(super) fn limits(document: &Document, findings: &mut Findings<'_>) -> HeaderLimits {
    let limits = &document.limits;
    let bytes = |size: Size| usize::try_from(u64::from(size)).unwrap_or(usize::MAX);
    let compiled = HeaderLimits {
        one: bytes(limits.added_header),
        all: bytes(limits.added_headers),
    };
    if compiled.one > compiled.all {
        let message = "one header cannot be larger than all of them";
        let fix = "write at most `limits.added_headers`, which is 16KiB by default";
        findings.mistake("limits.added_header", message, fix);
    }
    compiled
}

impl Place<'_> {
    fn changes(
        &self,
        written: &HeaderChanges,
        message: Message,
        findings: &mut Findings<'_>,
    ) -> Option<Changes> {
        let path = match message {
            Message::Request => format!("{}.request", self.path),
            Message::Response => format!("{}.response", self.path),
        };
        let set = self.fields(&written.set, (message, Placement::Instead), &path, findings);
        let add = self.fields(&written.add, (message, Placement::Beside), &path, findings);
        let mut remove = Vec::new();
        for (index, name) in written.remove.iter().enumerate() {
            let path = format!("{path}.remove[{index}]");
            remove.push(self.name(name, message, &path, findings));
        }
        let changes = Changes {
            fields: [set?, add?].into_iter().flatten().collect(),
            remove: remove.into_iter().collect::<Option<_>>()?,
        };
        once(&changes, &path, findings);
        Some(changes)
    }

    fn fields(
        &self,
        fields: &IndexMap<String, String>,
        (message, placement): (Message, Placement),
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Vec<Field>> {
        let key = match placement {
            Placement::Instead => "set",
            Placement::Beside => "add",
        };
        let fields = fields.iter().map(|(name, text)| {
            let path = format!("{path}.{key}{}", key_step(name));
            let name = self.name(name, message, &path, findings);
            let template = header_templates::compile(text, &path, &NAMES, findings);
            let template = template.filter(|template| self.fills(template, &path, findings));
            Some(Field {
                name: name?,
                value: template.map(value)?,
                placement,
            })
        });
        // Every header is looked at before the first bad one counts.
        fields.collect::<Vec<_>>().into_iter().collect()
    }

    fn name(
        &self,
        text: &str,
        message: Message,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<HeaderName> {
        let fix = "use letters, digits and -, such as X-Tenant";
        let name = findings.take(HeaderName::from_bytes(text.as_bytes()), path, fix)?;
        let wrong = taken(&name, message).or_else(|| match message {
            Message::Request => self.asserts(&name).or_else(|| self.misspelled(&name)),
            Message::Response => None,
        });
        if let Some((message, fix)) = wrong {
            findings.mistake(path, message, &fix);
            return None;
        }
        Some(name)
    }

    /// What is signed is the same on every route.
    fn asserts(&self, name: &HeaderName) -> Option<(&'static str, String)> {
        let assertion = self.document.assertion.as_ref()?;
        let is_it = Stripped::only([assertion.header.as_str()]).covers(name.as_str());
        let fix = "leave it out".to_owned();
        is_it.then_some(("this header carries the assertion", fix))
    }

    /// An identity header in another spelling would be a second one to many upstreams.
    fn misspelled(&self, name: &HeaderName) -> Option<(&'static str, String)> {
        let identity = &self.document.identity;
        let mut names = identity
            .headers
            .keys()
            .chain(identity.certificate_headers.keys());
        let other = names.find(|other| {
            let same = other.eq_ignore_ascii_case(name.as_str());
            !same && Stripped::only([other.as_str()]).covers(name.as_str())
        })?;
        let message = "upstreams that fold names would read it as a header of `identity`";
        Some((message, format!("write {other}")))
    }

    /// Whether its values can be there.
    fn fills(&self, template: &HeaderTemplate, path: &str, findings: &mut Findings<'_>) -> bool {
        let unknown = template
            .parameters()
            .find(|parameter| !self.pattern.has_parameter(parameter));
        if let Some(parameter) = unknown {
            let message = format!(
                "the path of `{}` has no parameter {{{parameter}}}",
                self.route
            );
            let fix = format!("name a parameter of the path, or write {{{parameter}}} into it");
            findings.mistake(path, &message, &fix);
            return false;
        }
        let unread = self.access == Access::Public && template.reads_token();
        if unread && !template.is_never_absent() {
            let message = "a public route does not read the token, which this header is made of";
            let fix = "write `access: optional`, or take it out";
            findings.warning(path, message, fix);
        }
        let asked = client_certificates::are_asked_for(self.document);
        if template.reads_certificate() && !asked {
            let message =
                "no listener asks clients for the certificate that this header is made of";
            let fix = "add `client_ca:` to the `tls:` of a listener";
            findings.warning(path, message, fix);
        }
        true
    }
}

fn value(template: HeaderTemplate) -> FieldValue {
    match template.fixed() {
        Some(value) => FieldValue::Fixed(value),
        None => FieldValue::Made(template),
    }
}

/// Why a header is not a route's to change, and what to do instead.
fn taken(name: &HeaderName, message: Message) -> Option<(&'static str, String)> {
    let is = |names: &[&str]| Stripped::only(names.iter().copied()).covers(name.as_str());
    if is(&FRAMING) {
        let message = "this header says how the message is sent, which is the gateway's business";
        return Some((message, "leave it out".to_owned()));
    }
    if message == Message::Response {
        return None;
    }
    if is(&["host"]) {
        let fix = "use `host` of the upstream";
        return Some(("the Host is what routes were found by", fix.to_owned()));
    }
    if is(&["authorization"]) {
        let fix = "use `authorization: remove`";
        return Some(("there is a key for this header", fix.to_owned()));
    }
    let is_ours = is(&OURS) || is(&["max-forwards"]);
    is_ours.then(|| {
        let fix = "use a name of its own, such as X-Tenant";
        ("the gateway says this itself", fix.to_owned())
    })
}

/// One header cannot be changed in two ways.
fn once(changes: &Changes, path: &str, findings: &mut Findings<'_>) {
    let names = changes.fields.iter().map(|field| &field.name);
    let names: Vec<&HeaderName> = names.chain(&changes.remove).collect();
    for (index, name) in names.iter().enumerate() {
        let mut earlier = names.iter().take(index);
        if earlier.any(|earlier| Stripped::only([earlier.as_str()]).covers(name.as_str())) {
            let message = format!("{name} is named twice, in this spelling or another");
            findings.mistake(path, &message, "name it once");
        }
    }
}

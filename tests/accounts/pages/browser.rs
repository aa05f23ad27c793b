//! A browser as far as pages need one: it keeps cookies, fills in forms and says where they are from.

use std::collections::BTreeMap;

use crate::harness::{Gateway, Request, Response, users::PASSWORD, wait_until};

/// One browser.
pub(crate) struct Browser<'a> {
    gateway: &'a Gateway,
    pub(crate) cookies: BTreeMap<String, String>,
    language: String,
}

/// A form, with what is hidden in it.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    /// One that likes English best.
    pub(crate) fn new(gateway: &'a Gateway) -> Self {
        Self {
            gateway,
            cookies: BTreeMap::new(),
            language: "en".to_owned(),
        }
    }

    pub(crate) fn accepting(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// Looks at a page.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send(Request::get(path))
    }

    /// Sends a form as a page of the origin does.
    #[track_caller]
    pub(crate) fn submit(&mut self, form: &Form) -> Response {
        self.send(form.request().header("Sec-Fetch-Site", "same-origin"))
    }

    /// With what the browser sends by itself, whosever the page is.
    #[track_caller]
    pub(crate) fn send(&mut self, request: Request) -> Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let mut request = request.header("Accept-Language", &self.language).header(
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        );
        if !cookies.is_empty() {
            request = request.header("Cookie", &cookies.join("; "));
        }
        let answer = self.gateway.send(&request);
        for field in answer.values("set-cookie") {
            let (name, rest) = field.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            if field.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The form of a page that is sent to this path.
    #[track_caller]
    pub(crate) fn form(&mut self, page: &str, action: &str) -> Form {
        let answer = self.get(page);
        Form::of(&answer.text(), action).unwrap_or_else(|| panic!("{}", answer.text()))
    }

    /// Logs in as soon as the gateway's own tables are there.
    #[track_caller]
    pub(crate) fn log_in(&mut self, name: &str) {
        let form = self.form("/account/login", "/account/login");
        let form = form.with("login", &format!("{name}@example.com"));
        let form = form.with("password", PASSWORD);
        wait_until("a login", || {
            let answer = self.submit(&form);
            assert!([303, 503].contains(&answer.status), "{answer:?}");
            answer.status == 303
        });
    }
}

impl Form {
    /// The first form of a page that is sent to this path.
    pub(crate) fn of(html: &str, action: &str) -> Option<Self> {
        let begin = html.find(&format!("action=\"{action}\""))?;
        let rest = &html[begin..];
        let inside = rest.split("</form>").next().unwrap_or_default();
        let inputs = inside.split("<input ").skip(1);
        let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
        let fields = hidden.map(|input| {
            let value = |name: &str| {
                let begin = input
                    .split(&format!("{name}=\""))
                    .nth(1)
                    .unwrap_or_default();
                begin
                    .split('"')
                    .next()
                    .unwrap_or_default()
                    .replace("&#38;", "&")
            };
            (value("name"), value("value"))
        });
        Some(Self {
            action: action.to_owned(),
            fields: fields.collect(),
        })
    }

    /// One that no page has shown.
    pub(crate) fn to(action: &str) -> Self {
        Self {
            action: action.to_owned(),
            fields: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.and(name, value)
    }

    /// Another value of a field that may be there.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// The value of what is hidden in it.
    pub(crate) fn value(&self, name: &str) -> &str {
        let mut fields = self.fields.iter();
        let field = fields.find(|(known, _)| known == name);
        field.map_or("", |(_, value)| value)
    }

    pub(crate) fn request(&self) -> Request {
        Request::post(&self.action)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(urlencoded(&self.fields))
    }
}

fn urlencoded(fields: &[(String, String)]) -> String {
    let escaped = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

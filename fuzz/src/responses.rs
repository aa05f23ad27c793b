//! A response, read naively by the letter of RFC 9112.

use crate::messages::chunked;

/// A response that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// With their names in lower case.
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// How many bytes it took.
    pub length: usize,
    /// Whether it is the last of its connection.
    pub closes: bool,
}

/// How far the bytes lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    Whole(Response),
    Unfinished,
    /// Framed in two ways, or in none.
    Malformed(&'static str),
}

/// What `ended` says is that nothing follows these bytes.
pub fn response(bytes: &[u8], method: &str, ended: bool) -> Read {
    let mut begin = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 200];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(&bytes[begin..]) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Read::Unfinished,
            Err(_) => return Read::Malformed("no head"),
        };
        begin += length;
        match head.code {
            Some(100) | Some(102..=199) => {}
            _ => return with_body(&head, begin, bytes, method, ended),
        }
    }
}

fn with_body(
    head: &httparse::Response<'_, '_>,
    begin: usize,
    bytes: &[u8],
    method: &str,
    ended: bool,
) -> Read {
    let status = head.code.unwrap_or_default();
    let fields = head.headers.iter();
    let fields = fields.map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()));
    let fields: Vec<(String, Vec<u8>)> = fields.collect();
    let values = |name: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|(field, _)| field == name);
        named.map(|(_, value)| &value[..]).collect()
    };
    let after = &bytes[begin..];
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    let mut until_close = false;
    let bodiless = method == "HEAD" || matches!(status, 101 | 204 | 304);
    let body = match (&lengths[..], &codings[..]) {
        _ if bodiless => Some((Vec::new(), 0)),
        ([], []) => {
            until_close = true;
            ended.then(|| (after.to_vec(), after.len()))
        }
        ([length], []) => {
            let digits = std::str::from_utf8(length).ok();
            let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            let Some(length) = digits.and_then(|digits| digits.parse::<usize>().ok()) else {
                return Read::Malformed("no length");
            };
            after.get(..length).map(|body| (body.to_vec(), length))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => match chunked(after) {
            Ok(read) => read.map(|(body, rest)| (body, after.len() - rest.len())),
            Err(what) => return Read::Malformed(what),
        },
        _ => return Read::Malformed("framed in two ways"),
    };
    let said = values("connection");
    let mut options = said
        .iter()
        .flat_map(|value| value.split(|&byte| byte == b','));
    let closes =
        until_close || options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
    match body {
        None => Read::Unfinished,
        Some((body, used)) => Read::Whole(Response {
            status,
            body,
            length: begin + used,
            closes,
            fields: fields.clone(),
        }),
    }
}

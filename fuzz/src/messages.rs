//! The requests on a connection, read naively: whole, one after the other, by the letter of RFC 9112.

/// A request that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub method: String,
    pub target: String,
    /// Sorted, with their names in lower case.
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// Whether its client wants no further answer.
    pub closes: bool,
}

impl Message {
    /// Every value of a field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.fields.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| &value[..])
    }
}

/// What stands on a connection.
#[derive(Debug, Default)]
pub struct Messages<'a> {
    pub complete: Vec<Message>,
    /// How many heads have ended, whether or not their bodies have.
    pub heads: u64,
    /// What comes behind the last message that is complete.
    pub rest: &'a [u8],
}

/// Takes the requests off bytes that are known to be good. Whatever is not is a panic: nobody should have passed it on.
pub fn messages(bytes: &[u8]) -> Messages<'_> {
    let mut found = Messages {
        rest: bytes,
        ..Messages::default()
    };
    loop {
        while let Some(rest) = found.rest.strip_prefix(b"\r\n") {
            found.rest = rest;
        }
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Request::new(&mut fields);
        let lines = whole_lines(found.rest);
        let length = match head.parse(lines).expect("a head that the parser takes") {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return found,
        };
        found.heads += 1;
        assert!(has_strict_lines(&lines[..length]), "a line without CR LF");
        let (body, rest) = match body(&head, &found.rest[length..]) {
            Some(ended) => ended,
            None => return found,
        };
        let fields = head.headers.iter();
        let fields = fields.map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()));
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        found.complete.push(Message {
            method: head.method.expect("a method").to_owned(),
            target: head.path.expect("a target").to_owned(),
            fields,
            body,
            closes: closes(&head),
        });
        found.rest = rest;
    }
}

/// Without a line that has only begun, which may hold anything as long as nobody has looked at it.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.map(|at| at + 4);
    let end = end.or_else(|| {
        bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map(|at| at + 1)
    });
    &bytes[..end.unwrap_or(0)]
}

/// The body and what follows, if it has ended.
fn body<'a>(head: &httparse::Request<'_, '_>, after: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
    let lengths = values(head, "content-length");
    let codings = values(head, "transfer-encoding");
    match (&lengths[..], &codings[..]) {
        ([], []) => Some((Vec::new(), after)),
        ([length], []) => {
            assert!(length.iter().all(u8::is_ascii_digit), "a length");
            let length = std::str::from_utf8(length).expect("digits");
            let length: u64 = length.parse().expect("a length");
            let length = usize::try_from(length).ok()?;
            let (body, rest) = after.split_at_checked(length)?;
            Some((body.to_vec(), rest))
        }
        ([], [coding]) => {
            assert!(coding.eq_ignore_ascii_case(b"chunked") && head.version == Some(1));
            chunked(after).expect("chunks")
        }
        _ => panic!("more than one way to frame a message"),
    }
}

/// The data of a chunked body and what follows it, if it has ended.
pub(crate) fn chunked(mut after: &[u8]) -> Result<Option<(Vec<u8>, &[u8])>, &'static str> {
    let mut body = Vec::new();
    loop {
        let Some(size_line) = line(&mut after)? else {
            return Ok(None);
        };
        let digits = size_line
            .split(|&byte| byte == b';')
            .next()
            .unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|_| "a size")?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a size");
        }
        let size = u64::from_str_radix(digits, 16).map_err(|_| "a size")?;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).map_err(|_| "a size")?;
        let Some((data, rest)) = after.split_at_checked(size) else {
            return Ok(None);
        };
        body.extend_from_slice(data);
        after = rest;
        match line(&mut after)? {
            Some([]) => {}
            Some(_) => return Err("data behind a chunk"),
            None => return Ok(None),
        }
    }
    loop {
        match line(&mut after)? {
            Some([]) => return Ok(Some((body, after))),
            Some(_) => {}
            None => return Ok(None),
        }
    }
}

/// Takes a line that ends with CR LF.
fn line<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, &'static str> {
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return Ok(None);
    };
    let line = bytes[..end].strip_suffix(b"\r").ok_or("a bare LF")?;
    if line.contains(&b'\r') {
        return Err("a bare CR");
    }
    *bytes = &bytes[end + 1..];
    Ok(Some(line))
}

fn has_strict_lines(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n');
    lines.all(|line| line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\r'))
}

fn values<'b>(head: &httparse::Request<'_, 'b>, name: &str) -> Vec<&'b [u8]> {
    let fields = head
        .headers
        .iter()
        .filter(|field| field.name.eq_ignore_ascii_case(name));
    fields.map(|field| field.value).collect()
}

fn closes(head: &httparse::Request<'_, '_>) -> bool {
    let said = values(head, "connection");
    let mut options = said
        .iter()
        .flat_map(|value| value.split(|&byte| byte == b','));
    head.version == Some(0)
        || options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

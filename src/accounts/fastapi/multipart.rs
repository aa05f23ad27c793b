//! The fields of a form in parts (RFC 7578), out of a body that is there whole.
//!
//! Promises that what it reads is what `python-multipart` and the browsers mean: the name of a part, its text in UTF-8. Files have no place
//! in a form of ours: a part with a file name is no field. What is malformed is refused.

use memchr::memmem;

use super::errors::Invalid;

/// Past which Starlette refuses.
const MAX_FIELDS: usize = 1000;

/// The most bytes of the headers of a part.
const MAX_HEAD: usize = 8 * 1024;

/// A boundary has at most 70 characters (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Whether this content type is a form in parts.
pub(super) fn is_multipart(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim_matches([' ', '\t']);
    essence.eq_ignore_ascii_case("multipart/form-data")
}

/// Names and values, in their order.
pub(super) fn pairs(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, Invalid> {
    let boundary = parameter(content_type, "boundary");
    let boundary = boundary.filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len()));
    let boundary =
        boundary.ok_or_else(|| Invalid::detail(400, "Missing boundary in multipart."))?;
    let mut pairs = Vec::new();
    for part in parts(&boundary, body).ok_or_else(Invalid::unreadable)? {
        if let Some(pair) = field(part).ok_or_else(Invalid::unreadable)? {
            pairs.push(pair);
        }
        if pairs.len() > MAX_FIELDS {
            let said = "Too many fields. Maximum number of fields is 1000.";
            return Err(Invalid::detail(400, said));
        }
    }
    Ok(pairs)
}

/// What stands between the delimiters.
fn parts<'a>(boundary: &str, body: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n{first}");
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut parts = Vec::new();
    let finder = memmem::Finder::new(&delimiter);
    while !rest.starts_with(b"--") {
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        rest = rest.get(blanks.count()..)?.strip_prefix(b"\r\n")?;
        let end = finder.find(rest)?;
        parts.push(rest.get(..end)?);
        rest = rest.get(end + delimiter.len()..)?;
    }
    Some(parts)
}

/// The name and the text of a part; nothing of a file.
#[expect(
    clippy::option_option,
    reason = "malformed is not the same as uninteresting"
)]
fn field(part: &[u8]) -> Option<Option<(String, String)>> {
    let end = memmem::find(part, b"\r\n\r\n").filter(|end| *end <= MAX_HEAD)?;
    let head = String::from_utf8_lossy(part.get(..end)?).into_owned();
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let meant = name.eq_ignore_ascii_case("content-disposition");
        meant.then_some(value)
    })?;
    let kind = disposition.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("form-data") {
        return None;
    }
    let name = parameter(disposition, "name")?;
    if parameter(disposition, "filename").is_some() || parameter(disposition, "filename*").is_some()
    {
        return Some(None);
    }
    let bytes = part.get(end + 4..)?;
    // As Starlette does it.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    Some(Some((name, text)))
}

/// A parameter behind the first `;`, with or without quotation marks.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (text, after) = if let Some(quoted) = behind.trim_start().strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (text, after) = behind.split_once(';').unwrap_or((behind, ""));
            (text.trim().to_owned(), after)
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = after.trim_start().trim_start_matches(';');
    }
}

/// A quoted text up to its end, and what comes behind.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(characters.next()?.1),
            _ => text.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b 1\"";

    fn read(body: &str) -> Result<Vec<(String, String)>, u16> {
        pairs(TYPE, body.as_bytes()).map_err(|invalid| invalid.status)
    }

    #[test]
    fn fields_are_read_and_files_are_not() {
        let body = "--b 1\r\nContent-Disposition: form-data; name=\"a;=\\\"b\"\r\n\r\none\r\n--b 1  \r\n\
                    content-disposition: form-data; name=f; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\n\
                    --b 1\r\nContent-Disposition: form-data; name=e\r\n\r\n\r\n--b 1--\r\n";
        let expected = [("a;=\"b", "one"), ("e", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(read(body), Ok(expected.to_vec()));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for body in [
            "",
            "--b 1",
            "--b 2--",
            "--b 1\r\n",
            "--b 1\r\n\r\none\r\n--b 1--",
            "--b 1\r\nContent-Disposition: form-data\r\n\r\none\r\n--b 1--",
            "--b 1\r\nContent-Disposition: attachment; name=a\r\n\r\none\r\n--b 1--",
            "--b 1\r\nContent-Disposition: form-data; name=\"a\r\n\r\none\r\n--b 1--",
            "--b 1\r\nContent-Disposition: form-data; name=a\r\n\r\none",
        ] {
            assert_eq!(read(body), Err(400), "{body:?}");
        }
        let unnamed = pairs("multipart/form-data", b"--b--").expect_err("no boundary");
        assert_eq!(unnamed.status, 400);
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_end(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = pairs(TYPE, &body);
            let _ = pairs("multipart/form-data; boundary=-", &body);
        }

        #[test]
        fn what_is_written_is_read(name in "[a-z\u{ac00}]{1,9}", text in "[^\r]{0,40}") {
            let body = format!("--b 1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n--b 1--");
            prop_assert_eq!(read(&body), Ok(vec![(name, text)]));
        }
    }
}

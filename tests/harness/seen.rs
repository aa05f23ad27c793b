//! A request as the origin saw it.

/// One request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The raw head with its empty line.
    pub(crate) head: String,
    /// The body without its framing, as far as it has come; its first megabyte only.
    pub(crate) body: Vec<u8>,
    /// How long the body was.
    pub(crate) length: u64,
    /// Whether all of it came.
    pub(crate) whole: bool,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The target, as the request line has it.
    pub(crate) fn target(&self) -> &str {
        self.request_line().split(' ').nth(1).unwrap_or_default()
    }

    /// The values of a header, by its name in any case but one spelling.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        let lines = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value).collect()
    }

    /// The names of all headers in lower case.
    pub(crate) fn names(&self) -> Vec<String> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        lines.map(|(name, _)| name.to_ascii_lowercase()).collect()
    }
}

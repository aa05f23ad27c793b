//! Path patterns: `/users/{user_id}/**`.
//!
//! A pattern is literals, `{param}` segments (exactly one non-empty segment each) and at most one `/**` at its end
//! (zero or more segments). There are no regular expressions: what a pattern matches can be read off it.

use std::fmt;

use crate::http::target::{
    Difference, Oddity, Reading, TargetError, canonical_path_for, fold_case,
};

/// A compiled path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    ends: End,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text, in canonical form.
    Literal(String),
    /// Any one non-empty segment, under a name.
    Parameter(String),
}

/// How a pattern ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With its last segment.
    Exact,
    /// With `/**`: zero or more further segments.
    Anything,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with `/`.
    #[error("a path pattern begins with /")]
    NoSlash,
    /// `*` or `**` anywhere but as the last segment.
    #[error("a wildcard is only possible as /** at the end; use {{name}} for one segment")]
    Wildcard,
    /// A brace inside a segment, or a name of other characters than letters, digits and `_`.
    #[error("a parameter is a whole segment such as {{user_id}}, named by letters, digits and _")]
    Parameter,
    /// The same parameter name twice.
    #[error("the parameter {{{0}}} stands twice")]
    RepeatedParameter(String),
    /// A query, which patterns do not see.
    #[error("a path pattern has no query")]
    Query,
    /// A literal that no request could have, because the gateway refuses such targets.
    #[error("no request can match this: {0}")]
    Target(#[from] TargetError),
}

impl Pattern {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::parse_for(text, Reading::default())
    }

    /// Parses a pattern for upstreams that read paths in this way: what they fold is folded in it too.
    pub fn parse_for(text: &str, reading: Reading) -> Result<Self, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        if rest.contains('?') {
            return Err(PatternError::Query);
        }
        let mut texts: Vec<&str> = rest.split('/').collect();
        let mut ends = End::Exact;
        if texts.last() == Some(&"**") {
            texts.pop();
            ends = End::Anything;
        }
        let ends_with_slash = texts.len() > 1 && texts.last() == Some(&"");
        if ends_with_slash && reading.trailing_slash == Difference::Ignored {
            texts.pop();
        }
        let last = texts.len().saturating_sub(1);
        let mut segments: Vec<Segment> = Vec::with_capacity(texts.len());
        for (index, text) in texts.into_iter().enumerate() {
            let may_be_empty = index == last && ends == End::Exact;
            let segment = segment(text, may_be_empty, reading)?;
            if let Segment::Parameter(name) = &segment
                && segments.contains(&segment)
            {
                return Err(PatternError::RepeatedParameter(name.clone()));
            }
            segments.push(segment);
        }
        Ok(Self { segments, ends })
    }

    /// The segments before a possible `/**`.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How it ends.
    pub fn ends(&self) -> End {
        self.ends
    }

    /// Whether it has this parameter.
    pub fn has_parameter(&self, name: &str) -> bool {
        let named = |segment: &Segment| matches!(segment, Segment::Parameter(n) if n == name);
        self.segments.iter().any(named)
    }

    /// The segment of a matching path that stands for a parameter, still percent-encoded.
    pub fn parameter<'a>(&self, path: &'a str, name: &str) -> Option<&'a str> {
        let named = |segment: &Segment| matches!(segment, Segment::Parameter(n) if n == name);
        let position = self.segments.iter().position(named)?;
        path.split('/').nth(position + 1)
    }

    /// Whether both match the same paths: parameter names do not count.
    pub fn same_shape(&self, other: &Self) -> bool {
        self.ends == other.ends
            && self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|(one, two)| match (one, two) {
                    (Segment::Literal(one), Segment::Literal(two)) => one == two,
                    (Segment::Parameter(_), Segment::Parameter(_)) => true,
                    (Segment::Literal(_), Segment::Parameter(_))
                    | (Segment::Parameter(_), Segment::Literal(_)) => false,
                })
    }

    /// Whether every path that `other` matches is matched by this pattern too.
    pub fn covers(&self, other: &Self) -> bool {
        let fits = |(mine, theirs): (&Segment, &Segment)| match (mine, theirs) {
            (Segment::Literal(mine), Segment::Literal(theirs)) => mine == theirs,
            (Segment::Literal(_), Segment::Parameter(_)) => false,
            (Segment::Parameter(_), Segment::Literal(theirs)) => !theirs.is_empty(),
            (Segment::Parameter(_), Segment::Parameter(_)) => true,
        };
        let long_enough = other.segments.len() >= self.segments.len();
        let ends = match self.ends {
            End::Anything => true,
            End::Exact => other.ends == End::Exact && other.segments.len() == self.segments.len(),
        };
        long_enough && ends && self.segments.iter().zip(&other.segments).all(fits)
    }
}

fn segment(text: &str, may_be_empty: bool, reading: Reading) -> Result<Segment, PatternError> {
    if let Some(name) = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(known) {
            return Err(PatternError::Parameter);
        }
        return Ok(Segment::Parameter(name.to_owned()));
    }
    if text.contains(['{', '}']) {
        return Err(PatternError::Parameter);
    }
    if text.contains('*') {
        return Err(PatternError::Wildcard);
    }
    if text.is_empty() && !may_be_empty {
        return Err(PatternError::Target(TargetError::EmptySegment));
    }
    let path = format!("/{text}");
    let canonical = canonical_path_for(&path, reading)?;
    if canonical.contains(';') && reading.segment_parameters == Oddity::Ignored {
        return Err(PatternError::Target(TargetError::SegmentParameter));
    }
    let plain = plain_form(canonical.trim_start_matches('/'));
    Ok(Segment::Literal(match reading.case {
        Difference::Exact => plain,
        Difference::Ignored => fold_case(&plain),
    }))
}

/// A canonical segment with the characters as themselves that RFC 3986 allows in a segment both raw and encoded: two
/// spellings that most upstreams read as one, so a literal has to match both.
pub fn plain_form(segment: &str) -> String {
    let mut plain = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let (escape, after) = escape.split_at_checked(3).unwrap_or((escape, ""));
        match percent_encoding::percent_decode_str(escape).next() {
            Some(byte) if b":@!$&'()*+,=".contains(&byte) => plain.push(char::from(byte)),
            _ => plain.push_str(escape),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(formatter, "/{text}")?,
                Segment::Parameter(name) => write!(formatter, "/{{{name}}}")?,
            }
        }
        match self.ends {
            End::Anything => formatter.write_str("/**"),
            End::Exact => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect(text)
    }

    #[test]
    fn patterns_print_as_they_were_written() {
        for text in [
            "/",
            "/**",
            "/items",
            "/items/",
            "/users/{user_id}/**",
            "/a/{b}/c",
        ] {
            assert_eq!(pattern(text).to_string(), text);
        }
        assert_eq!(pattern("/%7euser").to_string(), "/~user");
    }

    #[test]
    fn a_literal_has_one_plain_form() {
        assert_eq!(pattern("/v1%3Aprivate"), pattern("/v1:private"));
        assert_eq!(plain_form("a%20b%3Ac%25%40"), "a%20b:c%25@");
        assert_eq!(plain_form("%ED%95%9C"), "%ED%95%9C");
    }

    #[test]
    fn broken_patterns_say_what_is_wrong() {
        for (text, error) in [
            ("items", PatternError::NoSlash),
            ("/a/*", PatternError::Wildcard),
            ("/**/a", PatternError::Wildcard),
            ("/a*", PatternError::Wildcard),
            ("/a?b=c", PatternError::Query),
            ("/{}", PatternError::Parameter),
            ("/{a b}", PatternError::Parameter),
            ("/x{a}", PatternError::Parameter),
            ("/{a}/{a}", PatternError::RepeatedParameter("a".to_owned())),
            ("/a//b", PatternError::Target(TargetError::EmptySegment)),
            ("/a/../b", PatternError::Target(TargetError::DotSegment)),
            ("/a%2Fb", PatternError::Target(TargetError::EncodedSlash)),
            ("/a;b", PatternError::Target(TargetError::SegmentParameter)),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn one_pattern_covers_another_when_it_matches_all_its_paths() {
        for (wide, narrow, covers) in [
            ("/**", "/users/{id}", true),
            ("/users/**", "/users", true),
            ("/users/{id}", "/users/me", true),
            ("/users/me", "/users/{id}", false),
            ("/users/{id}", "/users/", false),
            ("/users/{id}", "/users/{id}/**", false),
            ("/users/{id}/**", "/users/**", false),
            ("/a/**", "/b", false),
        ] {
            assert_eq!(
                pattern(wide).covers(&pattern(narrow)),
                covers,
                "{wide} {narrow}"
            );
        }
        assert!(pattern("/u/{a}").same_shape(&pattern("/u/{b}")));
        let users = pattern("/users/{id}/**");
        assert_eq!(users.parameter("/users/5/x", "id"), Some("5"));
        assert_eq!(users.parameter("/users/5/x", "other"), None);
    }
}

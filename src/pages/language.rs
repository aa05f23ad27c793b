//! Which language a page is in: the one that was chosen, or else the one that the browser likes best.

use std::{fmt, str::FromStr};

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 한국어.
    Korean,
    /// English.
    English,
}

/// No language of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pages are written in ko and en")]
pub struct UnknownLanguage;

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Korean, Self::English];

    /// As BCP 47 has it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }

    /// What its speakers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Korean => "한국어",
            Self::English => "English",
        }
    }

    /// The one that was chosen, if it is offered; or else the one that `Accept-Language` likes best (RFC 9110 section
    /// 12.5.4, by the first subtag); or else the first.
    pub fn choose(chosen: Option<&str>, accepted: Option<&str>, offered: &[Self]) -> Self {
        let first = offered.first().copied().unwrap_or(Self::English);
        let is_offered = |language: &Self| offered.contains(language);
        let chosen = chosen.and_then(|tag| tag.parse().ok());
        if let Some(chosen) = chosen.filter(is_offered) {
            return chosen;
        }
        let ranges = accepted.unwrap_or_default().split(',');
        let liked = ranges.filter_map(|range| weighed(range, first));
        let liked = liked.filter(|(language, weight)| *weight > 0 && is_offered(language));
        // The first of those that are liked alike.
        let best = liked.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(first, |(language, _)| language)
    }
}

/// A range, and its weight in thousandths.
fn weighed(range: &str, any: Language) -> Option<(Language, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    let weight = weight.map_or(Some(1_000), thousandths)?;
    if tag == "*" {
        return Some((any, weight));
    }
    let primary = tag.split('-').next()?;
    Some((primary.parse().ok()?, weight))
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = fraction.len() <= 3 && digits(fraction) && matches!(whole, "0" | "1");
    let number: u32 = format!("{fraction:0<3}").parse().ok()?;
    let weight = if whole == "1" { 1_000 } else { number };
    fits.then_some(weight)
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        let mut all = Self::ALL.into_iter();
        let known = all.find(|language| tag.eq_ignore_ascii_case(language.tag()));
        known.ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Korean};

    fn accepted(header: &str) -> Language {
        Language::choose(None, Some(header), &[English, Korean])
    }

    #[test]
    fn the_browser_says_which_language_it_likes_best() {
        assert_eq!(accepted("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), Korean);
        assert_eq!(accepted("en-GB, ko;q=0.9"), English);
        assert_eq!(
            accepted("fr-CH, fr;q=0.9, ko;q=0.3, en;q=0.2, *;q=0.1"),
            Korean
        );
        assert_eq!(accepted("ko;q=0.5, en;q=0.5"), Korean);
        assert_eq!(accepted("KO"), Korean);
        assert_eq!(accepted("ko;q=0, *;q=0.5"), English);
        for nothing in ["", "de", "ko;q=2", "ko;q=0.0001", "ko;q=x", ";;,,", "kok"] {
            assert_eq!(accepted(nothing), English, "{nothing}");
        }
    }

    #[test]
    fn what_was_chosen_counts_more_if_it_is_offered() {
        let choose =
            |chosen, offered: &[Language]| Language::choose(Some(chosen), Some("en"), offered);
        assert_eq!(choose("ko", &[English, Korean]), Korean);
        assert_eq!(choose("ko", &[English]), English);
        assert_eq!(choose("tlh", &[Korean, English]), English);
        assert_eq!(Language::choose(None, None, &[Korean, English]), Korean);
    }
}

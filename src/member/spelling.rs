//! A login name as a database may compare it.
//!
//! Collations fold case, accents, widths and trailing spaces, each in its own way. [`fold`] folds at least as much as the
//! usual ones do: where attempts are counted or somebody is blocked, taking two names for one costs less than taking one name
//! for two. A column that tells such names apart wants [`Spelling::Exact`].

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup},
};

use crate::entropy::hex_pair;

/// Longer names are in no column.
const LONGEST: usize = 512;

/// Characters that no collation gives a weight of its own: marks, and what cannot be seen.
const WEIGHTLESS: GeneralCategoryGroup = GeneralCategoryGroup::Mark
    .union(GeneralCategoryGroup::Control)
    .union(GeneralCategoryGroup::Format);

/// Which spellings are one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Those that [`fold`] makes one.
    Folded,
    /// None but with spaces behind, which no form keeps.
    Exact,
}

/// What a name is known by where it is kept besides its row: a hash, since a name may be an e-mail. Who can guess names can find
/// out whether one of them is meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameKey(pub [u8; 32]);

/// No id of a row begins with it, as far as chance goes: a hash follows.
const PREFIX: &str = "name:";

impl Spelling {
    /// What this name is known by.
    pub fn key(self, login: &str) -> NameKey {
        let name = match self {
            Self::Folded => fold(login),
            Self::Exact => login.trim_end_matches(' ').to_owned(),
        };
        let hash = digest(&SHA256, format!("login name\0{name}").as_bytes());
        NameKey(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl NameKey {
    /// In place of the id of a row, where something is told of a name.
    pub fn as_member(&self) -> String {
        let half = self.0.iter().take(16);
        let hex = half.flat_map(|byte| hex_pair(*byte)).map(char::from);
        PREFIX.chars().chain(hex).collect()
    }
}

/// Whether this is told of a name and not of a row.
pub fn is_name(member: &str) -> bool {
    let hex = member.strip_prefix(PREFIX);
    hex.is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|it| it.is_ascii_hexdigit()))
}

impl fmt::Debug for NameKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NameKey(..)")
    }
}

/// The folded name.
pub fn fold(login: &str) -> String {
    let short: String = login.chars().take(LONGEST).collect();
    // Capitals first: they take apart what has no small letter of its own, such as the German double s.
    let folded = bare(&bare(&short).to_uppercase().to_lowercase());
    folded.trim_end().to_owned()
}

/// Taken apart, without marks.
fn bare(text: &str) -> String {
    let category = CodePointMapData::<GeneralCategory>::new();
    let parts = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let weighs = |character: &char| !WEIGHTLESS.contains(category.get(*character));
    parts.chars().filter(weighs).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_that_a_database_may_take_for_one_are_one() {
        for (one, other) in [
            ("user@x.test", "User@X.TEST"),
            ("user@x.test", "user@x.test  "),
            ("user@x.test", "\u{fa}ser@x.test"),
            ("user@x.test", "u\u{301}ser@x.test"),
            ("user@x.test", "\u{ff55}ser@x.test"),
            ("user@x.test", "us\u{200b}er@x.test"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{fb01}n", "FIN"),
            ("\u{212a}elvin", "kelvin"),
            (
                "\u{d55c}\u{ae00}",
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
            ),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn other_names_stay_apart() {
        for (one, other) in [
            ("user@x.test", "user1@x.test"),
            ("a b", "ab"),
            ("user", " user"),
            ("\u{d55c}", "\u{ae00}"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_key_is_that_of_every_spelling_of_the_name_and_shows_none() {
        let of = |spelling: Spelling, name: &str| spelling.key(name).as_member();
        let folded = of(Spelling::Folded, "user@x.test");
        assert_eq!(folded, of(Spelling::Folded, "User@X.TEST "));
        assert_ne!(folded, of(Spelling::Folded, "user1@x.test"));
        let exact = of(Spelling::Exact, "user@x.test");
        assert_eq!(exact, folded, "what is folded already");
        assert_eq!(exact, of(Spelling::Exact, "user@x.test "));
        assert_ne!(exact, of(Spelling::Exact, "User@x.test"));
        assert!(is_name(&folded) && folded.len() == 37);
        for id in ["", "7", "name:7", "user@x.test"] {
            assert!(!is_name(id), "{id}");
        }
        assert!(
            !format!("{:?}", Spelling::Exact.key("a")).contains(|it: char| it.is_ascii_digit())
        );
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}

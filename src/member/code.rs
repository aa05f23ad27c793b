//! Codes that prove that somebody reads a mailbox or a phone: what they look like, how long they count, how often one may be
//! tried, and how soon and how often another is sent.
//!
//! Everything is decided from values: the clock and the random bytes come in. A code is made of characters that are equally
//! likely, or is 128 random bits in a link.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{clock::UnixSeconds, entropy::Entropy, secret::Secret};

/// What a code is for. One for something else is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// It proves an address.
    Verify,
    /// It lets its reader choose a new password.
    Reset,
}

impl Purpose {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }
}

/// The characters of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// `A` to `Z` and `0` to `9`; small letters are taken for large ones.
    LettersAndDigits,
}

impl Alphabet {
    /// How many characters there are.
    pub fn size(self) -> u8 {
        match self {
            Self::Digits => 10,
            Self::LettersAndDigits => 36,
        }
    }

    fn character(self, number: u8) -> char {
        let number = number % self.size();
        let byte = if number < 10 {
            b'0' + number
        } else {
            b'A' + (number - 10)
        };
        char::from(byte)
    }

    fn has(self, character: char) -> bool {
        match self {
            Self::Digits => character.is_ascii_digit(),
            Self::LettersAndDigits => character.is_ascii_digit() || character.is_ascii_uppercase(),
        }
    }
}

/// What a code looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Something that is typed.
    Typed {
        /// Its characters.
        alphabet: Alphabet,
        /// How many.
        length: u8,
    },
    /// Something that stands in a link.
    Link,
}

/// How many random bytes stand in a link.
const LINK_BYTES: usize = 16;

impl Form {
    /// A new code.
    pub fn make(self, entropy: &mut Entropy) -> Secret<String> {
        let text = match self {
            Self::Typed { alphabet, length } => typed(alphabet, length, entropy),
            Self::Link => URL_SAFE_NO_PAD.encode(entropy.bytes::<LINK_BYTES>()),
        };
        Secret::new(text)
    }

    /// A code as it was made, out of what somebody has typed; `None` for what was never made so. Spaces and dashes that
    /// people put between characters do not count.
    pub fn read(self, typed: &str) -> Option<Secret<String>> {
        match self {
            Self::Typed { alphabet, length } => {
                let most = usize::from(length) * 4;
                if typed.len() > most {
                    return None;
                }
                let characters = typed.chars().filter(|it| !matches!(it, ' ' | '-'));
                let text: String = characters.map(|it| it.to_ascii_uppercase()).collect();
                let fits =
                    text.len() == usize::from(length) && text.chars().all(|it| alphabet.has(it));
                fits.then(|| Secret::new(text))
            }
            Self::Link => {
                let bytes = URL_SAFE_NO_PAD.decode(typed).ok()?;
                (bytes.len() == LINK_BYTES).then(|| Secret::new(typed.to_owned()))
            }
        }
    }

    /// How many codes there are, as far as a number can say.
    pub fn count(self) -> u128 {
        match self {
            Self::Typed { alphabet, length } => {
                u128::from(alphabet.size()).saturating_pow(u32::from(length))
            }
            Self::Link => u128::MAX,
        }
    }
}

/// Bytes that would make some characters likelier than others are left out.
fn typed(alphabet: Alphabet, length: u8, entropy: &mut Entropy) -> String {
    let size = alphabet.size();
    let fair = u8::MAX - u8::MAX % size;
    let mut text = String::with_capacity(length.into());
    while text.len() < usize::from(length) {
        let bytes = entropy.bytes::<32>().into_iter();
        let left = usize::from(length) - text.len();
        let characters = bytes.filter(|byte| *byte < fair).take(left);
        text.extend(characters.map(|byte| alphabet.character(byte)));
    }
    text
}

/// How codes for one purpose are made and used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What they look like.
    pub form: Form,
    /// How long one counts.
    pub lifetime: Duration,
    /// How often one may be tried.
    pub attempts: u32,
    /// How soon and how often another is sent.
    pub sending: SendingRules,
}

/// How soon and how often a code is sent to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingRules {
    /// At least this long after the one before.
    pub after: Duration,
    /// At most so many in a day.
    pub per_day: u32,
}

/// For how long what was sent is counted.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was sent to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When the last one was.
    pub last: UnixSeconds,
    /// Since when they are counted.
    pub counted_from: UnixSeconds,
    /// How many.
    pub count: u32,
}

impl Sent {
    /// Nothing.
    pub const NOTHING: Self = Self {
        last: UnixSeconds(0),
        counted_from: UnixSeconds(0),
        count: 0,
    };
}

impl SendingRules {
    /// With one more that is sent now; `Err` is the moment before which nothing is.
    pub fn next(self, sent: Sent, now: UnixSeconds) -> Result<Sent, UnixSeconds> {
        // A clock that was set back makes nobody wait for longer than it would take from now.
        let last = sent.last.min(now);
        let again = last.plus(self.after);
        if sent.count > 0 && now < again {
            return Err(again);
        }
        let counted_from = sent.counted_from.min(now);
        let over = counted_from.plus(DAY);
        if sent.count == 0 || now >= over {
            return Ok(Sent {
                last: now,
                counted_from: now,
                count: 1,
            });
        }
        if sent.count >= self.per_day {
            return Err(over);
        }
        Ok(Sent {
            last: now,
            counted_from,
            count: sent.count.saturating_add(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const SIX: Form = Form::Typed {
        alphabet: Alphabet::LettersAndDigits,
        length: 6,
    };
    const DIGITS: Form = Form::Typed {
        alphabet: Alphabet::Digits,
        length: 8,
    };
    const RULES: SendingRules = SendingRules {
        after: Duration::from_secs(60),
        per_day: 3,
    };

    fn read(form: Form, typed: &str) -> Option<String> {
        form.read(typed).map(|code| code.expose().clone())
    }

    #[test]
    fn what_is_made_is_read_again() {
        let mut entropy = Entropy::seeded(1);
        for form in [SIX, DIGITS, Form::Link] {
            for _ in 0..200 {
                let code = form.make(&mut entropy);
                assert_eq!(read(form, code.expose()).as_ref(), Some(code.expose()));
            }
        }
    }

    #[test]
    fn people_type_small_letters_and_spaces() {
        assert_eq!(read(SIX, " ab1-2cd ").as_deref(), Some("AB12CD"));
        for wrong in [
            "",
            "AB12C",
            "AB12CDE",
            "AB12C!",
            "AB12C\0",
            "AB12C\u{ff21}",
            "\u{0661}23456",
            "' OR 1=1",
        ] {
            assert_eq!(read(SIX, wrong), None, "{wrong:?}");
        }
        assert_eq!(read(SIX, &" ".repeat(1 << 20)), None);
        assert_eq!(read(DIGITS, "1234567A"), None);
        assert_eq!(read(Form::Link, "AAAAAAAAAAAAAAAAAAAAA="), None);
        assert_eq!(
            read(Form::Link, "AAAAAAAAAAAAAAAAAAAAAB"),
            None,
            "two spellings of one"
        );
    }

    #[test]
    fn every_character_is_as_likely_as_the_others() {
        let mut entropy = Entropy::seeded(2);
        let mut counts: HashMap<char, u32> = HashMap::new();
        for _ in 0..6_000 {
            for character in SIX.make(&mut entropy).expose().chars() {
                *counts.entry(character).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), 36);
        // 36 000 characters: 1 000 of each, with a deviation of about 31.
        assert!(
            counts.values().all(|count| (840..1160).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_next_one_waits_and_a_day_has_only_so_many() {
        let at = |seconds: u64| UnixSeconds(1_700_000_000 + seconds);
        let first = RULES.next(Sent::NOTHING, at(0)).expect("the first");
        assert_eq!(RULES.next(first, at(59)), Err(at(60)));
        let second = RULES.next(first, at(60)).expect("the second");
        let third = RULES.next(second, at(500)).expect("the third");
        assert_eq!(RULES.next(third, at(600)), Err(at(86_400)));
        let another = RULES.next(third, at(86_400)).expect("another day");
        assert_eq!((another.count, another.counted_from), (1, at(86_400)));
    }

    proptest! {
        #[test]
        fn no_day_has_more_than_it_may(waits in prop::collection::vec(0u64..20_000, 0..200)) {
            let mut now = UnixSeconds(1_700_000_000);
            let mut sent = Sent::NOTHING;
            let mut all: Vec<u64> = Vec::new();
            for wait in waits {
                now = now.plus(Duration::from_secs(wait));
                if let Ok(next) = RULES.next(sent, now) {
                    prop_assert!(all.last().is_none_or(|last| now.0 - last >= 60));
                    all.push(now.0);
                    sent = next;
                }
            }
            // Counted from the first of a day, so that two days that touch have twice as many at most.
            for (index, first) in all.iter().enumerate() {
                let within = all.iter().skip(index).filter(|at| **at - first < 86_400).count();
                prop_assert!(within <= 6);
            }
        }

        #[test]
        fn a_clock_that_was_set_back_keeps_nobody_waiting(back in 0u64..1_000_000) {
            let sent = RULES.next(Sent::NOTHING, UnixSeconds(1_700_000_000)).expect("the first");
            let now = UnixSeconds(1_700_000_000 - back);
            let later = RULES.next(sent, now).expect_err("too soon");
            prop_assert!(later <= now.plus(Duration::from_secs(60)));
        }
    }
}

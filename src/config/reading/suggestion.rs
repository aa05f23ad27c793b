//! The word that was probably meant.
//!
//! Pure distance between short words; it knows nothing about keys or secrets.

/// The candidate nearest to `word`, if one is near enough to have been meant.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let tolerated = match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let folded = fold(word);
    candidates
        .iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the kind of separator are the commonest differences, and cost nothing.
fn fold(word: &str) -> Vec<char> {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .take(64)
        .collect()
}

/// Edits between two words, where swapping two neighbours is one edit.
pub(crate) fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut a_previous = None;
    for (row, &x) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut left = row + 1;
        let mut b_previous = None;
        for (column, &y) in b.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (left + 1)
                .min(at(&above, column + 1) + 1)
                .min(at(&above, column) + usize::from(x != y));
            if column > 0 && a_previous == Some(y) && b_previous == Some(x) {
                cost = cost.min(at(&before, column - 1).saturating_add(1));
            }
            current.push(cost);
            left = cost;
            b_previous = Some(y);
        }
        before = std::mem::replace(&mut above, current);
        a_previous = Some(x);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["match", "access", "require", "on_stale", "id"];
        assert_eq!(nearest("mathc", &keys), Some("match"));
        assert_eq!(nearest("Access", &keys), Some("access"));
        assert_eq!(nearest("onStale", &keys), Some("on_stale"));
        assert_eq!(nearest("requires", &keys), Some("require"));
        assert_eq!(nearest("policy", &keys), None);
        assert_eq!(nearest("ip", &keys), None);
        assert_eq!(nearest("", &keys), None);
    }

    #[test]
    fn a_swap_is_one_edit() {
        let chars = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("mathc"), &chars("match")), 1);
        assert_eq!(distance(&chars(""), &chars("abc")), 3);
        assert_eq!(distance(&chars("abc"), &chars("abc")), 0);
        assert_eq!(distance(&chars("kitten"), &chars("sitting")), 3);
    }
}

//! Routes that almost match a path: for explanations.

use super::RouteTable;
use crate::policy::{
    pattern::{End, Segment, plain_form},
    route::Route,
};

/// More would hide the one that was meant.
const MOST: usize = 5;

impl RouteTable {
    /// Routes whose pattern would match but for one segment, with what is different, in the order of the file.
    pub fn near_misses(&self, path: &str) -> Vec<(&Route, String)> {
        let rest = path.strip_prefix('/').unwrap_or(path);
        let path: Vec<String> = rest.split('/').map(plain_form).map(Into::into).collect();
        let routes = self.routes().iter();
        let near = routes.filter_map(|route| Some((route, difference(route, &path)?)));
        near.take(MOST).collect()
    }
}

fn difference(route: &Route, path: &[String]) -> Option<String> {
    let segments = route.pattern.segments();
    let mut wrong = segments
        .iter()
        .zip(path)
        .filter_map(|(segment, found)| match segment {
            Segment::Literal(expected) if expected != found => Some((expected, found)),
            Segment::Literal(_) | Segment::Parameter(_) => None,
        });
    let (first, second) = (wrong.next(), wrong.next());
    let length = path.len().cmp(&segments.len());
    let fits_length = length.is_eq() || (length.is_gt() && route.pattern.ends() == End::Anything);
    // A literal that is the same somewhere makes it likely that this route was meant.
    let has_common = segments
        .iter()
        .zip(path)
        .any(|(segment, found)| match segment {
            Segment::Literal(expected) => expected == found && !found.is_empty(),
            Segment::Parameter(_) => false,
        });
    match (first, second) {
        (Some((expected, found)), None)
            if fits_length && (has_common || alike(expected, found)) =>
        {
            let found = found.escape_debug();
            Some(format!("has `{expected}` where the path has `{found}`"))
        }
        (None, None) if has_common && path.len() == segments.len() + 1 && !fits_length => {
            Some("ends one segment before the path".to_owned())
        }
        (None, None) if has_common && path.len() + 1 == segments.len() => {
            Some("ends one segment behind the path".to_owned())
        }
        (Some(_) | None, _) => None,
    }
}

/// Whether one could be the other, misspelt: they begin alike for at least half of their length.
fn alike(one: &str, other: &str) -> bool {
    let common = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b));
    let longer = one.len().max(other.len());
    longer > 0 && common.count() * 2 >= longer
}

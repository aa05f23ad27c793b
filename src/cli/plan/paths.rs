//! Paths that stand for all others: one for each way in which the patterns of two tables can match.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{
    pattern::{End, Pattern, Segment},
    table::RouteTable,
};

/// How many ways in which patterns overlap are followed. Every pattern has a path of its own besides.
const MOST_STEPS: usize = 200_000;

/// Deeper patterns are nobody's.
const DEEPEST: usize = 128;

/// The paths, in their order.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) found: BTreeSet<String>,
    /// Whether there are more overlaps than were followed.
    pub(super) complete: bool,
}

/// All patterns as a tree of their segments.
#[derive(Debug, Default)]
struct Node<'a> {
    literals: BTreeMap<&'a str, usize>,
    parameter: Option<usize>,
    exact: bool,
    anything: bool,
}

struct Walk<'a> {
    nodes: Vec<Node<'a>>,
    fresh: Vec<String>,
    steps: usize,
    paths: Paths,
}

pub(super) fn witnesses(tables: [&RouteTable; 2]) -> Paths {
    let routes = tables.into_iter().flat_map(RouteTable::routes);
    let patterns: Vec<&Pattern> = routes.map(|route| &route.pattern).collect();
    let mut walk = Walk {
        nodes: vec![Node::default()],
        fresh: fresh(&patterns),
        steps: 0,
        paths: Paths {
            complete: true,
            ..Paths::default()
        },
    };
    for pattern in patterns {
        walk.insert(pattern);
        walk.own(pattern);
    }
    walk.visit(&[0], &mut String::new(), (0, 0));
    walk.paths
}

/// Segments that no pattern names: what stands in a path for a parameter.
fn fresh(patterns: &[&Pattern]) -> Vec<String> {
    let segments = patterns.iter().flat_map(|pattern| pattern.segments());
    let named: BTreeSet<&str> = segments
        .filter_map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter(_) => None,
        })
        .collect();
    let numbers = (1_u32..).map(|number| number.to_string());
    let unnamed = numbers.filter(|number| !named.contains(number.as_str()));
    unnamed.take(DEEPEST + 1).collect()
}

impl<'a> Walk<'a> {
    fn insert(&mut self, pattern: &'a Pattern) {
        let mut at = 0;
        for segment in pattern.segments() {
            let new = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return;
            };
            at = match segment {
                Segment::Literal(text) => *node.literals.entry(text).or_insert(new),
                Segment::Parameter(_) => *node.parameter.get_or_insert(new),
            };
            if at == new {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            match pattern.ends() {
                End::Exact => node.exact = true,
                End::Anything => node.anything = true,
            }
        }
    }

    /// The path of one pattern alone.
    fn own(&mut self, pattern: &Pattern) {
        let mut path = String::new();
        let mut used = 0;
        for segment in pattern.segments() {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Parameter(_) => {
                    path.push_str(self.fresh(used));
                    used += 1;
                }
            }
        }
        self.found(&path, (pattern.ends() == End::Anything).then_some(used));
    }

    fn fresh(&self, used: usize) -> &str {
        let fresh = self.fresh.get(used).or(self.fresh.last());
        fresh.map_or("x", String::as_str)
    }

    /// A path, and for `/**` one with a further segment.
    fn found(&mut self, path: &str, further: Option<usize>) {
        let whole = if path.is_empty() { "/" } else { path };
        self.paths.found.insert(whole.to_owned());
        if let Some(used) = further {
            let further = format!("{path}/{}", self.fresh(used));
            self.paths.found.insert(further);
        }
    }

    /// Follows every way to go on from all nodes that the same path leads to.
    fn visit(&mut self, at: &[usize], path: &mut String, (depth, used): (usize, usize)) {
        self.steps += 1;
        if self.steps > MOST_STEPS || depth > DEEPEST {
            self.paths.complete = false;
            return;
        }
        let nodes: Vec<&Node<'a>> = at.iter().filter_map(|&node| self.nodes.get(node)).collect();
        let anything = nodes.iter().any(|node| node.anything);
        let ends = anything || nodes.iter().any(|node| node.exact);
        let parameters: Vec<usize> = nodes.iter().filter_map(|node| node.parameter).collect();
        let mut literals: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for node in &nodes {
            for (text, next) in &node.literals {
                literals.entry(text).or_default().push(*next);
            }
        }
        if ends {
            self.found(path, anything.then_some(used));
        }
        let length = path.len();
        for (text, mut next) in literals {
            // An empty segment is no parameter's value.
            if !text.is_empty() {
                next.extend(&parameters);
            }
            path.push('/');
            path.push_str(text);
            self.visit(&next, path, (depth + 1, used));
            path.truncate(length);
        }
        if !parameters.is_empty() {
            path.push('/');
            path.push_str(self.fresh(used));
            self.visit(&parameters, path, (depth + 1, used + 1));
            path.truncate(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::pattern::Pattern;

    fn paths(patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<Pattern> = patterns
            .iter()
            .map(|text| Pattern::parse(text).expect(text))
            .collect();
        let patterns: Vec<&Pattern> = patterns.iter().collect();
        let mut walk = Walk {
            nodes: vec![Node::default()],
            fresh: fresh(&patterns),
            steps: 0,
            paths: Paths::default(),
        };
        for pattern in patterns {
            walk.insert(pattern);
            walk.own(pattern);
        }
        walk.visit(&[0], &mut String::new(), (0, 0));
        walk.paths.found.into_iter().collect()
    }

    #[test]
    fn every_pattern_has_its_path() {
        assert_eq!(
            paths(&["/", "/a", "/u/{id}/p/{p}", "/d/**"]),
            ["/", "/a", "/d", "/d/1", "/u/1/p/2"]
        );
        assert_eq!(paths(&["/**"]), ["/", "/1"]);
        assert_eq!(paths(&["/a/"]), ["/a/"]);
    }

    #[test]
    fn patterns_that_overlap_have_a_path_in_common() {
        assert_eq!(
            paths(&["/{x}/posts", "/me/{y}"]),
            ["/1/posts", "/me/1", "/me/posts"]
        );
        assert_eq!(paths(&["/a/**", "/{x}/b"]), ["/1/b", "/a", "/a/1", "/a/b"]);
    }

    #[test]
    fn a_parameter_never_stands_for_what_a_pattern_names() {
        assert_eq!(paths(&["/{x}", "/1"]), ["/1", "/2"]);
    }
}

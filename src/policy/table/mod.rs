//! All routes, ready to be asked: the most specific one wins, whatever the order in the file.
//!
//! Specificity goes segment by segment from the left, a literal before a `{param}` before `/**`; then by host, then
//! by method. A path that matches with the wrong host or method falls through to the next less specific route.

mod near;

use ::http::Method;

use super::{
    pattern::{End, Segment, plain_form},
    route::Route,
};
use crate::http::target::{Difference, fold_case};

/// The compiled routes.
#[derive(Debug)]
pub struct RouteTable {
    routes: Vec<Route>,
    /// Node 0 is the root.
    nodes: Vec<Node>,
    /// Whether literals match in one case alone.
    case: Difference,
}

/// One segment position that some pattern reaches.
#[derive(Debug, Default)]
struct Node {
    /// Sorted by text.
    literals: Vec<(Box<str>, usize)>,
    parameter: Option<usize>,
    /// Routes that end here, most specific host and method first.
    exact: Vec<usize>,
    /// Routes that end here with `/**`, most specific host and method first.
    anything: Vec<usize>,
}

/// What the table says of a request.
#[derive(Debug)]
pub enum Found<'a> {
    /// Its route.
    Route(&'a Route),
    /// Routes for the path and host, but not for the method: the ones that would take others.
    MethodNotAllowed(Vec<&'a Route>),
    /// No route.
    NotFound,
}

/// How one candidate met a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Path, host and method.
    Whole,
    /// Not this host.
    OtherHost,
    /// Not this method.
    OtherMethod,
}

/// Two routes that nothing tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguity {
    /// Index of the earlier route.
    pub first: usize,
    /// Index of the later one.
    pub second: usize,
}

impl RouteTable {
    /// Compiles the routes; every ambiguous pair is reported.
    pub fn new(mut routes: Vec<Route>) -> Result<Self, Vec<Ambiguity>> {
        let ambiguities = ambiguities(&routes);
        if !ambiguities.is_empty() {
            return Err(ambiguities);
        }
        for (number, route) in routes.iter_mut().enumerate() {
            route.number = number;
        }
        let mut table = Self {
            routes,
            nodes: vec![Node::default()],
            case: Difference::Exact,
        };
        for index in 0..table.routes.len() {
            table.insert(index);
        }
        table.sort();
        Ok(table)
    }

    /// The same for upstreams that see this of case. The patterns have been parsed for them already.
    #[must_use]
    pub fn comparing(mut self, case: Difference) -> Self {
        self.case = case;
        self
    }

    /// All routes, in the order of the file.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route of a request. `host` is in lower case, `path` is canonical.
    pub fn find(&self, host: &str, method: &Method, path: &str) -> Found<'_> {
        let mut found = None;
        let mut other_methods = Vec::new();
        self.visit(path, &mut |route| match fit(route, host, method) {
            Fit::Whole => {
                found = Some(route);
                Visit::Stop
            }
            Fit::OtherHost => Visit::Continue,
            Fit::OtherMethod => {
                other_methods.push(route);
                Visit::Continue
            }
        });
        match found {
            Some(route) => Found::Route(route),
            None if other_methods.is_empty() => Found::NotFound,
            None => Found::MethodNotAllowed(other_methods),
        }
    }

    /// Every route whose pattern matches the path, most specific first, with how it fits: for explanations.
    pub fn candidates(&self, host: &str, method: &Method, path: &str) -> Vec<(&Route, Fit)> {
        let mut candidates = Vec::new();
        self.visit(path, &mut |route| {
            candidates.push((route, fit(route, host, method)));
            Visit::Continue
        });
        candidates
    }

    fn visit<'a>(&'a self, path: &str, visitor: &mut impl FnMut(&'a Route) -> Visit) {
        let rest = path.strip_prefix('/').unwrap_or(path);
        self.visit_node(0, Some(rest), visitor);
    }

    /// `rest` is what follows the slash after this node; `None` when the path ended here.
    ///
    /// Each node stands for one way to read the path, so the walk visits every node at most once.
    fn visit_node<'a>(
        &'a self,
        node: usize,
        rest: Option<&str>,
        visitor: &mut impl FnMut(&'a Route) -> Visit,
    ) -> Visit {
        let Some(node) = self.nodes.get(node) else {
            return Visit::Continue;
        };
        if let Some(rest) = rest {
            let (segment, after) = first_segment(rest);
            if let Some(child) = node.literal(segment, self.case)
                && self.visit_node(child, after, visitor) == Visit::Stop
            {
                return Visit::Stop;
            }
            if let Some(child) = node.parameter
                && !segment.is_empty()
                && self.visit_node(child, after, visitor) == Visit::Stop
            {
                return Visit::Stop;
            }
        } else if self.visit_routes(&node.exact, visitor) == Visit::Stop {
            return Visit::Stop;
        }
        self.visit_routes(&node.anything, visitor)
    }

    fn visit_routes<'a>(
        &'a self,
        indices: &[usize],
        visitor: &mut impl FnMut(&'a Route) -> Visit,
    ) -> Visit {
        for route in indices.iter().filter_map(|&index| self.routes.get(index)) {
            if visitor(route) == Visit::Stop {
                return Visit::Stop;
            }
        }
        Visit::Continue
    }

    fn insert(&mut self, index: usize) {
        let Some(route) = self.routes.get(index) else {
            return;
        };
        let mut at = 0;
        for segment in route.pattern.segments() {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return;
            };
            at = node.child(segment, next);
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        let ends = route.pattern.ends();
        if let Some(node) = self.nodes.get_mut(at) {
            match ends {
                End::Exact => node.exact.push(index),
                End::Anything => node.anything.push(index),
            }
        }
    }

    fn sort(&mut self) {
        let specificity = |&index: &usize| {
            let route = self.routes.get(index);
            route.map(|route| (route.host.specificity(), route.methods.specificity()))
        };
        for node in &mut self.nodes {
            node.literals.sort();
            node.exact.sort_by_key(specificity);
            node.anything.sort_by_key(specificity);
        }
    }
}

/// Whether a walk goes on.
#[derive(PartialEq, Eq)]
enum Visit {
    Continue,
    Stop,
}

impl Node {
    fn literal(&self, segment: &str, case: Difference) -> Option<usize> {
        if case == Difference::Ignored {
            return self.plain_literal(&fold_case(&plain_form(segment)));
        }
        if segment.contains('%') {
            return self.plain_literal(&plain_form(segment));
        }
        self.plain_literal(segment)
    }

    fn plain_literal(&self, segment: &str) -> Option<usize> {
        let position = self
            .literals
            .binary_search_by(|(text, _)| (**text).cmp(segment));
        let (_, child) = self.literals.get(position.ok()?)?;
        Some(*child)
    }

    /// The child for a segment, `new` if there was none.
    fn child(&mut self, segment: &Segment, new: usize) -> usize {
        match segment {
            Segment::Parameter(_) => *self.parameter.get_or_insert(new),
            Segment::Literal(text) => {
                // While the tree is built the literals are not sorted yet.
                let known = self.literals.iter().find(|(known, _)| **known == **text);
                if let Some((_, child)) = known {
                    return *child;
                }
                self.literals.push((text.as_str().into(), new));
                new
            }
        }
    }
}

/// The text before the next slash, and what follows it. Segments are short: a plain loop beats a searcher.
fn first_segment(rest: &str) -> (&str, Option<&str>) {
    let slash = rest.bytes().position(|byte| byte == b'/');
    let Some((segment, after)) = slash.and_then(|slash| rest.split_at_checked(slash)) else {
        return (rest, None);
    };
    (segment, after.get(1..))
}

fn fit(route: &Route, host: &str, method: &Method) -> Fit {
    if !route.host.matches(host) {
        Fit::OtherHost
    } else if route.methods.contains(method) {
        Fit::Whole
    } else {
        Fit::OtherMethod
    }
}

fn ambiguities(routes: &[Route]) -> Vec<Ambiguity> {
    let mut found = Vec::new();
    for (second, route) in routes.iter().enumerate() {
        let twin = routes.iter().take(second).position(|earlier| {
            earlier.host == route.host
                && earlier.pattern.same_shape(&route.pattern)
                && earlier.methods.overlaps(&route.methods)
        });
        found.extend(twin.map(|first| Ambiguity { first, second }));
    }
    found
}

#[cfg(test)]
mod tests;

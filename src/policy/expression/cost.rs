//! How much an expression may cost: a bound that is known before it is evaluated, in the size of what it is given.
//!
//! A step is one node evaluated, or one value (64 bytes of a text) gone through. A loop costs its body as often as its
//! list may have elements; what of the body depends on the size of an element costs no more than going through the list,
//! since the elements together are as large as that. What a loop makes is counted as large as it can become.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators},
};

/// Powers of the size that are told apart; what is beyond counts as without end.
const POWERS: usize = 5;
/// As many bytes of a text are gone through in a step.
const BYTES: usize = 64;

/// A number of steps, or a size, by powers of the size of what is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound([u64; POWERS]);

/// The same inside loops: besides a bound, so much for each part of the element of each loop, the outermost first.
#[derive(Debug, Clone)]
struct Sum {
    fixed: Bound,
    of_elements: Vec<Bound>,
}

/// What a node costs, how large its value becomes, and how many elements that may have.
struct Cost {
    steps: Sum,
    size: Sum,
    count: Sum,
}

/// How large a text is.
pub(super) fn size_of_text(text: &str) -> u64 {
    1 + (text.len() / BYTES) as u64
}

/// What evaluating costs at most.
pub(super) fn bound(root: &IdedExpr) -> Bound {
    Coster { loops: Vec::new() }.of(root).steps.fixed
}

impl Bound {
    const NOTHING: Self = Self::number(0);
    const ONE: Self = Self::number(1);
    /// As much as there is.
    const GIVEN: Self = Self([0, 1, 0, 0, 0]);

    const fn number(count: u64) -> Self {
        Self([count, 0, 0, 0, 0])
    }

    /// With so much given.
    pub(super) fn at(self, size: u64) -> u64 {
        let powers = self.0.iter().rev();
        powers.fold(0, |sum: u64, power| {
            sum.saturating_mul(size).saturating_add(*power)
        })
    }

    fn plus(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
        self
    }

    fn times(self, other: Self) -> Self {
        let mut product = [0_u64; POWERS];
        for (one, mine) in self.0.into_iter().enumerate() {
            for (another, theirs) in other.0.into_iter().enumerate() {
                let part = mine.saturating_mul(theirs);
                match product.get_mut(one + another) {
                    Some(power) => *power = power.saturating_add(part),
                    None if part == 0 => {}
                    None => return Self([u64::MAX; POWERS]),
                }
            }
        }
        Self(product)
    }
}

impl Sum {
    fn number(count: u64) -> Self {
        Bound::number(count).into()
    }

    fn of_element(&self, number: usize) -> Bound {
        let part = self.of_elements.get(number);
        part.copied().unwrap_or(Bound::NOTHING)
    }

    fn plus(mut self, other: &Self) -> Self {
        self.fixed = self.fixed.plus(other.fixed);
        let most = self.of_elements.len().max(other.of_elements.len());
        self.of_elements.resize(most, Bound::NOTHING);
        for (mine, theirs) in self.of_elements.iter_mut().zip(&other.of_elements) {
            *mine = mine.plus(*theirs);
        }
        self
    }

    /// A product. Where an element is multiplied by an element, one of them counts as large as it can be.
    fn times(&self, other: &Self, loops: &[Loop<'_>]) -> Self {
        let largest = other.largest(loops);
        let mine = self.of_elements.iter().map(|part| part.times(largest));
        let theirs = other.of_elements.iter();
        let theirs = theirs.map(|part| part.times(self.fixed));
        let product = Self {
            fixed: self.fixed.times(other.fixed),
            of_elements: mine.collect(),
        };
        product.plus(&Self {
            fixed: Bound::NOTHING,
            of_elements: theirs.collect(),
        })
    }

    /// With each element as large as it can be.
    fn largest(&self, loops: &[Loop<'_>]) -> Bound {
        let elements = self.of_elements.iter().zip(loops);
        elements.fold(self.fixed, |sum, (part, each)| {
            sum.plus(part.times(each.largest))
        })
    }

    fn is_number(&self) -> bool {
        let bounds = std::iter::once(&self.fixed).chain(&self.of_elements);
        bounds.enumerate().all(|(index, bound)| {
            let powers = bound.0.iter().skip(usize::from(index == 0));
            powers.into_iter().all(|power| *power == 0)
        })
    }
}

impl From<Bound> for Sum {
    fn from(fixed: Bound) -> Self {
        Self {
            fixed,
            of_elements: Vec::new(),
        }
    }
}

/// A loop that is being gone through.
struct Loop<'a> {
    variable: &'a str,
    gathered: &'a str,
    /// How large an element can be.
    largest: Bound,
}

struct Coster<'a> {
    /// The outermost first.
    loops: Vec<Loop<'a>>,
}

impl<'a> Coster<'a> {
    fn of(&mut self, node: &'a IdedExpr) -> Cost {
        match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => Cost {
                size: Sum::number(size_of_text(text.inner())),
                ..Cost::small(Sum::number(0))
            },
            Expr::Literal(_) | Expr::Unspecified | Expr::Map(_) | Expr::Struct(_) => {
                Cost::small(Sum::number(0))
            }
            Expr::Ident(name) => Cost::value(Sum::number(1), self.variable(name)),
            Expr::Select(select) => {
                let operand = self.of(&select.operand);
                Cost::value(operand.steps.plus(&Sum::number(1)), operand.size)
            }
            Expr::List(list) => {
                let elements: Vec<Cost> = list.elements.iter().map(|one| self.of(one)).collect();
                Cost {
                    count: Sum::number(elements.len() as u64),
                    ..Cost::making(Cost::sum(&elements))
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(each) => self.each(each),
        }
    }

    fn variable(&self, name: &str) -> Sum {
        for (number, each) in self.loops.iter().enumerate().rev() {
            if each.variable == name {
                let mut of_elements = vec![Bound::NOTHING; number];
                of_elements.push(Bound::ONE);
                return Sum {
                    fixed: Bound::NOTHING,
                    of_elements,
                };
            }
            if each.gathered == name {
                // What has been gathered is only added to: it is counted when it is complete.
                return Sum::number(1);
            }
        }
        Bound::GIVEN.into()
    }

    fn call(&mut self, call: &'a CallExpr) -> Cost {
        let given = call.target.as_deref().into_iter().chain(&call.args);
        let given: Vec<Cost> = given.map(|given| self.of(given)).collect();
        let all = Cost::sum(&given);
        match (call.func_name.as_str(), given.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
                Cost::small(all.steps)
            }
            (operators::CONDITIONAL, _) => all,
            (operators::INDEX, [of, _]) => Cost::value(all.steps, of.size.clone()),
            (
                operators::EQUALS
                | operators::NOT_EQUALS
                | operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [one, other],
            ) => {
                // Comparing ends where the shorter one does.
                let compared = match (one.size.is_number(), other.size.is_number()) {
                    (true, _) => &one.size,
                    (false, true) => &other.size,
                    (false, false) => &all.size,
                };
                Cost::small(all.steps.plus(compared))
            }
            (operators::ADD | "string", _) => Cost::making(all),
            _ => Cost::small(all.steps.plus(&all.size)),
        }
    }

    fn each(&mut self, each: &'a ComprehensionExpr) -> Cost {
        let range = self.of(&each.iter_range);
        let start = self.of(&each.accu_init);
        let largest = range.size.largest(&self.loops);
        self.loops.push(Loop {
            variable: &each.iter_var,
            gathered: &each.accu_var,
            largest,
        });
        let body = self.of(&each.loop_step);
        let condition = self.of(&each.loop_cond);
        let result = self.of(&each.result);
        self.loops.pop();
        let once = body.steps.plus(&condition.steps).plus(&Sum::number(1));
        let repeated = self.repeated(once, &range);
        let made = self.repeated(body.size, &range);
        let steps = range.steps.plus(&start.steps).plus(&result.steps);
        Cost {
            // Elements are copied into the variable, which goes through the list once more.
            steps: steps.plus(&range.size).plus(&repeated),
            size: start.size.plus(&made),
            // A list has an element for each at most, and anything else is gone through by nobody.
            count: range.count,
        }
    }

    /// What happens for every element of a list. The loop is the one inside of those that are being gone through.
    fn repeated(&self, mut once: Sum, list: &Cost) -> Sum {
        let of_element = once.of_element(self.loops.len());
        once.of_elements.truncate(self.loops.len());
        let elements = Sum::from(of_element).times(&list.size, &self.loops);
        list.count.times(&once, &self.loops).plus(&elements)
    }
}

impl Cost {
    /// Of a value that is no text, list or object.
    fn small(steps: Sum) -> Self {
        Self {
            steps: steps.plus(&Sum::number(1)),
            size: Sum::number(1),
            count: Sum::number(1),
        }
    }

    /// Of a value of which no more than its size is known.
    fn value(steps: Sum, size: Sum) -> Self {
        let count = size.clone();
        Self { steps, size, count }
    }

    /// Of a value that is put together of all that is given.
    fn making(given: Self) -> Self {
        Self {
            steps: given.steps.plus(&given.size),
            size: given.size.plus(&Sum::number(1)),
            count: given.count,
        }
    }

    fn sum(costs: &[Self]) -> Self {
        let start = Self {
            steps: Sum::number(1),
            size: Sum::number(0),
            count: Sum::number(0),
        };
        costs.iter().fold(start, |sum, cost| Self {
            steps: sum.steps.plus(&cost.steps),
            size: sum.size.plus(&cost.size),
            count: sum.count.plus(&cost.count),
        })
    }
}

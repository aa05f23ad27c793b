//! The types of an expression, before there is a request: what can be told to be wrong is a mistake.

use std::ops::Range;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, operators},
};

use super::{
    Mistake, Unknown, functions,
    functions::Form,
    operators::{binary, is_operator},
    parse::Parsed,
    types::Type,
    vocabulary::{Mentions, Object, VARIABLES, object_called},
};

/// How a variable that consists of others is used.
const PARTS: &str = "name what of it is meant, such as `claims.role`";

/// What an expression speaks of, if it is good and has an answer.
pub(super) fn check(parsed: &Parsed) -> Result<Mentions, Mistake> {
    let mut checker = Checker {
        parsed,
        loops: Vec::new(),
        mentions: Mentions::default(),
    };
    let root = parsed.root();
    let result = checker.of(root)?;
    if !result.may_be(&Type::Boolean) {
        let whole = 0..parsed.text().len();
        let message = format!("this is neither true nor false: it is {result}");
        return Err(Mistake::new(whole, message, "compare it with something"));
    }
    Ok(checker.mentions)
}

struct Checker<'a> {
    parsed: &'a Parsed,
    /// The variables of the loops around, the innermost last.
    loops: Vec<(&'a str, Type)>,
    mentions: Mentions,
}

impl<'a> Checker<'a> {
    fn of(&mut self, node: &'a IdedExpr) -> Result<Type, Mistake> {
        match &node.expr {
            Expr::Literal(literal) => self.literal(literal, node),
            Expr::Ident(name) => self.variable(name, node),
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call, node),
            Expr::List(list) => {
                let mut element = Type::Nothing;
                for one in &list.elements {
                    element = element.or(self.of(one)?);
                }
                Ok(Type::list_of(element))
            }
            Expr::Comprehension(each) => self.each(each, node),
            Expr::Map(_) | Expr::Struct(_) => {
                let message = "objects cannot be written in an expression";
                let fix = "compare with a list, or with one member after the other";
                Err(Mistake::new(self.parsed.mark(node), message, fix))
            }
            Expr::Unspecified => {
                let fix = "write it in another way";
                Err(Mistake::new(
                    self.parsed.mark(node),
                    "this cannot be read",
                    fix,
                ))
            }
        }
    }

    fn literal(&self, literal: &LiteralValue, node: &IdedExpr) -> Result<Type, Mistake> {
        Ok(match literal {
            LiteralValue::Boolean(_) => Type::Boolean,
            LiteralValue::Double(_) => Type::Float,
            LiteralValue::Int(_) => Type::Integer,
            LiteralValue::UInt(_) => Type::Unsigned,
            LiteralValue::Null => Type::Null,
            LiteralValue::String(_) => Type::Text,
            LiteralValue::Bytes(_) => {
                let message = "nothing in a request is bytes";
                let fix = "write a text, without the `b`";
                return Err(Mistake::new(self.parsed.mark(node), message, fix));
            }
        })
    }

    fn variable(&mut self, name: &str, node: &IdedExpr) -> Result<Type, Mistake> {
        if let Some((_, of_loop)) = self.loops.iter().rev().find(|(known, _)| *known == name) {
            return Ok(of_loop.clone());
        }
        let at = self.parsed.mark(node);
        match name {
            "subject" => {
                self.mentions.subject = true;
                Ok(Type::Text)
            }
            "now" => {
                self.mentions.now = true;
                Ok(Type::Moment)
            }
            _ if object_called(name).is_some() => {
                let message = format!("`{name}` is no value by itself");
                Err(Mistake::new(at, message, PARTS))
            }
            _ => Err(Mistake::unknown(at, "variable", name, &VARIABLES)),
        }
    }

    /// The variable that a node is, if it is one that consists of others.
    fn object(&self, node: &IdedExpr) -> Option<Object> {
        let Expr::Ident(name) = &node.expr else {
            return None;
        };
        let hidden = self.loops.iter().any(|(known, _)| *known == name.as_str());
        object_called(name).filter(|_| !hidden)
    }

    fn select(&mut self, select: &'a SelectExpr, node: &IdedExpr) -> Result<Type, Mistake> {
        let SelectExpr {
            operand,
            field,
            test,
        } = select;
        let at = self.parsed.field_after(node, field);
        let selected = if let Some(object) = self.object(operand) {
            self.member(object, field, at)?
        } else {
            let operand = self.of(operand)?;
            if !operand.is_open() {
                let message = format!("{operand} has nothing called `{field}`");
                return Err(Mistake::new(at, message, "take it out"));
            }
            Type::Any
        };
        Ok(if *test { Type::Boolean } else { selected })
    }

    /// What stands under a name in a variable.
    fn member(&mut self, object: Object, name: &str, at: Range<usize>) -> Result<Type, Mistake> {
        let fields = match object {
            Object::Claims => {
                self.mentions.claims.insert(name.to_owned());
                return Ok(Type::Any);
            }
            Object::Path => {
                self.mentions.parameters.insert(name.to_owned());
                return Ok(Type::Text);
            }
            Object::Request | Object::Client | Object::Certificate => object.fields(),
        };
        let Some(field) = fields.iter().find(|field| **field == name) else {
            return Err(Mistake::unknown(at, "value", name, fields));
        };
        self.mentions.fields.insert((object.name(), field));
        Ok(match *field {
            "names" => Type::list_of(Type::Text),
            _ => Type::Text,
        })
    }

    fn call(&mut self, call: &'a CallExpr, node: &'a IdedExpr) -> Result<Type, Mistake> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [of, index]) => self.index(of, index, node),
            (operators::IN, [element, list]) => self.among(element, list, node),
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                self.boolean(condition, node)?;
                let then = self.of(then)?;
                Ok(then.or(self.of(otherwise)?))
            }
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                self.boolean(left, node)?;
                self.boolean(right, node)?;
                Ok(Type::Boolean)
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [one]) => {
                self.boolean(one, node)?;
                Ok(Type::Boolean)
            }
            (operators::NEGATE, [one]) => {
                let one = self.of(one)?;
                if one.is_open() || matches!(one, Type::Integer | Type::Float) {
                    Ok(one)
                } else {
                    Err(self.unfit(node, &one.to_string()))
                }
            }
            (_, [left, right]) if call.target.is_none() && is_operator(&call.func_name) => {
                let types = (self.of(left)?, self.of(right)?);
                let result = binary(&call.func_name, &types.0, &types.1);
                result.ok_or_else(|| self.unfit(node, &format!("{} and {}", types.0, types.1)))
            }
            _ => self.function(call, node),
        }
    }

    fn boolean(&mut self, node: &'a IdedExpr, above: &IdedExpr) -> Result<(), Mistake> {
        let found = self.of(node)?;
        if found.may_be(&Type::Boolean) {
            return Ok(());
        }
        Err(self.unfit(above, &found.to_string()))
    }

    fn unfit(&self, node: &IdedExpr, types: &str) -> Mistake {
        let at = self.parsed.mark(node);
        let operator = self.parsed.text().get(at.clone()).unwrap_or_default();
        let message = format!("`{operator}` cannot be applied to {types}");
        Mistake::new(
            at,
            message,
            "compare values of one type, such as int(claims.level) >= 3",
        )
    }

    fn index(
        &mut self,
        of: &'a IdedExpr,
        index: &'a IdedExpr,
        node: &IdedExpr,
    ) -> Result<Type, Mistake> {
        if let Some(object) = self.object(of) {
            let name = self.name_in_quotes(index, node)?;
            return self.member(object, name, self.parsed.mark(index));
        }
        let (list, index) = (self.of(of)?, self.of(index)?);
        let fits = list.is_open() || index.may_be(&Type::Integer);
        let element = list.element().filter(|_| fits);
        element.ok_or_else(|| self.unfit(node, &format!("{list} and {index}")))
    }

    fn among(
        &mut self,
        element: &'a IdedExpr,
        list: &'a IdedExpr,
        node: &IdedExpr,
    ) -> Result<Type, Mistake> {
        if let Some(object) = self.object(list) {
            let name = self.name_in_quotes(element, node)?;
            self.member(object, name, self.parsed.mark(element))?;
            return Ok(Type::Boolean);
        }
        let (element, list) = (self.of(element)?, self.of(list)?);
        let of = list.element();
        if of.is_some_and(|of| element.compares_with(&of)) {
            return Ok(Type::Boolean);
        }
        Err(self.unfit(node, &format!("{element} and {list}")))
    }

    fn name_in_quotes<'n>(&self, node: &'n IdedExpr, above: &IdedExpr) -> Result<&'n str, Mistake> {
        if let Expr::Literal(LiteralValue::String(name)) = &node.expr {
            return Ok(name.inner());
        }
        let message = "only a name in quotes can stand here";
        Err(Mistake::new(self.parsed.mark(above), message, PARTS))
    }

    fn function(&mut self, call: &'a CallExpr, node: &'a IdedExpr) -> Result<Type, Mistake> {
        let name = &call.func_name;
        let at = self.parsed.name_before(node, name);
        let Some(function) = functions::named(name) else {
            return Err(no_function(name, at));
        };
        let form = if call.target.is_some() {
            Form::Member
        } else {
            Form::Global
        };
        if function.form != form && function.form != Form::Both {
            let fix = format!("write `{}`", function.usage());
            return Err(Mistake::new(
                at,
                format!("`{name}` is written in another way"),
                &fix,
            ));
        }
        let given: Result<Vec<Type>, Mistake> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .map(|given| self.of(given))
            .collect();
        match function.complaint(&given?) {
            Some(message) => Err(Mistake::new(
                at,
                message,
                "see the functions in docs/policy.md",
            )),
            None => Ok(function.gives.clone()),
        }
    }

    fn each(&mut self, each: &'a ComprehensionExpr, node: &IdedExpr) -> Result<Type, Mistake> {
        let range = self.of(&each.iter_range)?;
        let Some(element) = range.element() else {
            let message = format!("there is nothing to go through in {range}");
            let fix = "begin with a list, such as `claims.groups`";
            return Err(Mistake::new(self.parsed.mark(node), message, fix));
        };
        let variable = each.iter_var.as_str();
        let known = self.loops.iter().any(|(known, _)| *known == variable);
        if known || VARIABLES.contains(&variable) || each.iter_var2.is_some() {
            let message = format!("`{variable}` is the name of something else");
            return Err(Mistake::new(
                self.parsed.mark(node),
                message,
                "take another name",
            ));
        }
        let start = self.of(&each.accu_init)?;
        let depth = self.loops.len();
        self.loops.push((variable, element));
        self.loops.push((&each.accu_var, start));
        self.of(&each.loop_cond)?;
        let after = self.of(&each.loop_step)?;
        self.loops.truncate(depth);
        self.loops.push((&each.accu_var, after));
        let result = self.of(&each.result);
        self.loops.truncate(depth);
        result
    }
}

fn no_function(name: &str, at: Range<usize>) -> Mistake {
    if functions::is_macro(name) {
        let message = format!("`{name}` is not written like this");
        return Mistake::new(at, message, "see the functions in docs/policy.md");
    }
    if name == "matches" {
        let message = "there are no regular expressions";
        let fix = "use `startsWith`, `endsWith` or `contains`";
        return Mistake::new(at, message, fix);
    }
    Mistake {
        unknown: Some(Unknown {
            name: name.to_owned(),
            known: functions::names(),
        }),
        ..Mistake::new(
            at,
            format!("there is no function `{name}`"),
            "see the functions in docs/policy.md",
        )
    }
}

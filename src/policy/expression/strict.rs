//! What expressions are evaluated in: the library's functions, with comparisons that are as strict as those of the other
//! terms.
//!
//! In CEL, values of different types are just not equal, so that `claims.role != 'banned'` would hold for a role that has
//! become a list. Here that has no answer, which refuses. Comparisons are given names of their own when an expression is
//! compiled; the library finds them among its functions.

use std::sync::{Arc, LazyLock};

use cel::{
    Env, ExecutionError, IdedExpr,
    common::{
        ast::{CallExpr, Expr, operators},
        types::{CelBool, CelList, DYN_TYPE, Kind},
        value::{CowVal, Val},
    },
};

use super::tree;

const SAME: &str = "@same";
const DIFFERENT: &str = "@different";
const AMONG: &str = "@among";

/// The functions that expressions are evaluated with.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(false);
    for (name, function) in [
        (SAME, same as cel::common::functions::Function),
        (DIFFERENT, different),
        (AMONG, among),
    ] {
        let added = environment.add_overload(name, name, vec![DYN_TYPE, DYN_TYPE], function);
        debug_assert!(added.is_ok(), "{name}");
    }
    Arc::new(environment)
});

/// Has comparisons be strict, and makes a moment of `now`, which is given in seconds.
pub(super) fn rewrite(root: &mut IdedExpr) {
    tree::change(root, &|node| match &mut node.expr {
        Expr::Call(call) => {
            let name = match call.func_name.as_str() {
                operators::EQUALS => SAME,
                operators::NOT_EQUALS => DIFFERENT,
                operators::IN => AMONG,
                _ => return,
            };
            name.clone_into(&mut call.func_name);
        }
        Expr::Ident(name) if name == "now" => {
            let seconds = IdedExpr {
                id: node.id,
                expr: Expr::Ident(std::mem::take(name)),
            };
            node.expr = Expr::Call(CallExpr {
                func_name: "timestamp".to_owned(),
                target: None,
                args: vec![seconds],
            });
        }
        Expr::Ident(_)
        | Expr::Unspecified
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Select(_)
        | Expr::Struct(_) => {}
    });
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is how the library calls it"
)]
fn same<'b, 'v>(given: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compared(&given, operators::EQUALS).map(|same| CowVal::owned(CelBool::from(same)))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is how the library calls it"
)]
fn different<'b, 'v>(given: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    compared(&given, operators::NOT_EQUALS).map(|same| CowVal::owned(CelBool::from(!same)))
}

fn compared(given: &[CowVal<'_, '_>], operator: &str) -> Result<bool, ExecutionError> {
    match given {
        [one, other] if comparable(&**one, &**other) => Ok(one.equals(&**other)),
        _ => Err(unfit(operator, given)),
    }
}

/// Whether a list has an element. Where none is the same and one is of another type, that cannot be told.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is how the library calls it"
)]
fn among<'b, 'v>(given: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [element, container] = given.as_slice() else {
        return Err(unfit(operators::IN, &given));
    };
    let has = match container.downcast_ref::<CelList<'_>>() {
        Some(list) => {
            let has = list.inner().iter().any(|one| one.equals(&**element));
            let mut kinds = list.inner().iter();
            if !has && !kinds.all(|one| comparable(&**one, &**element)) {
                return Err(unfit(operators::IN, &given));
            }
            has
        }
        None => match (element.get_type().kind(), container.as_container()) {
            (Kind::String, Some(object)) => object.contains(&**element)?,
            (_, Some(_) | None) => return Err(unfit(operators::IN, &given)),
        },
    };
    Ok(CowVal::owned(CelBool::from(has)))
}

fn unfit(operator: &str, given: &[CowVal<'_, '_>]) -> ExecutionError {
    let types = given.iter().map(|value| value.get_type().name().to_owned());
    ExecutionError::no_such_overload(operator, types.collect())
}

fn comparable(one: &dyn Val, other: &dyn Val) -> bool {
    let (one, other) = (one.get_type().kind(), other.get_type().kind());
    let is_number = |kind: Kind| matches!(kind, Kind::Int | Kind::UInt | Kind::Double);
    let is_null = |kind: Kind| matches!(kind, Kind::NullType);
    one == other || (is_number(one) && is_number(other)) || is_null(one) || is_null(other)
}

//! Going through the library's tree.

use cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr},
};

/// Whether a tree has no more than so many levels. It goes no deeper itself.
pub(super) fn is_at_most(node: &IdedExpr, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return false;
    };
    children(node)
        .into_iter()
        .all(|child| is_at_most(child, below))
}

/// What stands below a node.
pub(super) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| of_entry(&entry.expr))
            .collect(),
        Expr::Struct(fields) => {
            let entries = fields.entries.iter();
            entries.flat_map(|entry| of_entry(&entry.expr)).collect()
        }
        Expr::Comprehension(each) => vec![
            &each.iter_range,
            &each.accu_init,
            &each.loop_cond,
            &each.loop_step,
            &each.result,
        ],
    }
}

fn of_entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// Calls `change` for every node that an expression which was checked can have, the innermost first.
pub(super) fn change(node: &mut IdedExpr, with: &impl Fn(&mut IdedExpr)) {
    match &mut node.expr {
        Expr::Call(call) => {
            let target = call.target.as_deref_mut().into_iter();
            target
                .chain(&mut call.args)
                .for_each(|child| change(child, with));
        }
        Expr::Select(select) => change(&mut select.operand, with),
        Expr::List(list) => list
            .elements
            .iter_mut()
            .for_each(|child| change(child, with)),
        Expr::Comprehension(each) => {
            change(&mut each.iter_range, with);
            change(&mut each.accu_init, with);
            change(&mut each.loop_cond, with);
            change(&mut each.loop_step, with);
            change(&mut each.result, with);
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) => {}
    }
    with(node);
}

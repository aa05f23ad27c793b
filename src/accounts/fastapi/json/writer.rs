//! Writes what Starlette's `JSONResponse` writes: compact, unescaped beyond ASCII, Python's number spelling.
//!
//! Members whose name starts with `_sa` are left out, as FastAPI's encoder does for the sake of `SQLAlchemy`.
//! The recursion is as deep as the scanner let the document be.

use std::fmt::Write as _;

use super::value::{Text, Value};

/// The value holds what JSON or UTF-8 cannot express.
pub(in super::super) struct Unwritable;

pub(in super::super) fn write_value(value: &Value, out: &mut String) -> Result<(), Unwritable> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Integer(digits) => out.push_str(digits),
        Value::Float(number) => return write_float(*number, out),
        Value::Text(text) => return write_string(text, out),
        Value::Array(items) => return write_array(items, out),
        Value::Object(members) => return write_object(members.iter(), out),
    }
    Ok(())
}

fn write_array(items: &[Value], out: &mut String) -> Result<(), Unwritable> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_object<'a>(
    members: impl Iterator<Item = (&'a Text, &'a Value)>,
    out: &mut String,
) -> Result<(), Unwritable> {
    out.push('{');
    for (index, (name, value)) in members
        .filter(|(name, _)| !name.starts_with("_sa"))
        .enumerate()
    {
        if index > 0 {
            out.push(',');
        }
        write_string(name, out)?;
        out.push(':');
        write_value(value, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_string(text: &Text, out: &mut String) -> Result<(), Unwritable> {
    write_text(text.as_unicode().ok_or(Unwritable)?, out);
    Ok(())
}

pub(in super::super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => {
                // Writing into a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// `float.__repr__`: the shortest digits, an exponent from 1e16 and below 1e-4.
fn write_float(number: f64, out: &mut String) -> Result<(), Unwritable> {
    if !number.is_finite() {
        return Err(Unwritable);
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').ok_or(Unwritable)?;
    let exponent: i32 = exponent.parse().map_err(|_| Unwritable)?;
    if (-4..16).contains(&exponent) {
        let fixed = number.to_string();
        out.push_str(&fixed);
        if !fixed.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    Ok(())
}

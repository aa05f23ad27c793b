//! Text with `{placeholders}`, parsed once at load.
//!
//! Claims, identity headers and dialect answers share this one syntax: `{name}` or `{name.part}`, `{{` and `}}` for
//! the braces themselves. Which names exist is the user's business: it resolves them when it compiles.

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Literal(String),
    /// The name between braces.
    Placeholder(String),
}

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{` without `}`.
    #[error("a placeholder is not closed")]
    Unclosed,
    /// `}` without `{`.
    #[error("a closing brace stands alone; write }}}} for the character itself")]
    Unopened,
    /// A name that is empty or has other characters than letters, digits, `_`, `-` and `.`.
    #[error("{{{0}}} is not a placeholder name")]
    Name(String),
}

impl Template {
    /// Parses the text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse_expressions(text)?;
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let unknown = template
            .placeholders()
            .find(|name| !name.chars().all(known));
        match unknown {
            Some(name) => Err(TemplateError::Name(name.to_owned())),
            None => Ok(template),
        }
    }

    /// Parses a text whose placeholders hold more than names: anything but braces.
    pub fn parse_expressions(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '{' | '}' if rest.peek() == Some(&character) => {
                    rest.next();
                    literal.push(character);
                }
                '}' => return Err(TemplateError::Unopened),
                '{' => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Placeholder(placeholder(&mut rest)?));
                }
                _ => literal.push(character),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The placeholder's name when the template is nothing else: such a template keeps the type of its value.
    pub fn sole_placeholder(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Placeholder(name)] => Some(name),
            _ => None,
        }
    }

    /// The names it uses.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text with every placeholder replaced by what `resolve` appends for it; `None` as soon as one has no value.
    pub fn render(
        &self,
        mut resolve: impl FnMut(&str, &mut String) -> Option<()>,
    ) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder(name) => resolve(name, &mut text)?,
            }
        }
        Some(text)
    }
}

fn placeholder(rest: &mut impl Iterator<Item = char>) -> Result<String, TemplateError> {
    let mut name = String::new();
    for character in rest {
        if character == '}' {
            if name.is_empty() {
                return Err(TemplateError::Name(name));
            }
            return Ok(name);
        }
        name.push(character);
    }
    Err(TemplateError::Unclosed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_braces_are_told_apart() {
        let template = Template::parse("a{{b}}{user.id}-{x}").expect("a template");
        let rendered = template.render(|name, text| {
            text.push_str(&name.to_uppercase());
            Some(())
        });
        assert_eq!(rendered.as_deref(), Some("a{b}USER.ID-X"));
        assert_eq!(template.sole_placeholder(), None);
        let sole = Template::parse("{user.id}").expect("a template");
        assert_eq!(sole.sole_placeholder(), Some("user.id"));
    }

    #[test]
    fn broken_templates_are_refused() {
        for (text, error) in [
            ("{a", TemplateError::Unclosed),
            ("a}", TemplateError::Unopened),
            ("{}", TemplateError::Name(String::new())),
            ("{a b}", TemplateError::Name("a b".to_owned())),
        ] {
            assert_eq!(Template::parse(text), Err(error), "{text}");
        }
    }
}

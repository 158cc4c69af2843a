//! Rewrites the named parameters of a configured query to positional ones.
//!
//! Pure. A tokenizer that knows strings, quoted identifiers, comments and `::` casts, so that a colon inside them is
//! left alone. It also refuses what could not work later: unknown parameters, placeholders without a name, a second
//! statement.

use std::fmt;

/// A value a query may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Param {
    /// `:e164`: the caller's number as `+` and digits; NULL if there is none.
    E164,
    /// `:national`: the national significant number, or the digits of an internal one; NULL if there is none.
    National,
    /// `:customer`: the id that the source's own `find` returned.
    Customer,
    /// `:called`: the number that was dialled.
    Called,
}

impl Param {
    /// All of them, as they are named in error messages.
    pub const ALL: [Self; 4] = [Self::E164, Self::National, Self::Customer, Self::Called];

    const fn name(self) -> &'static str {
        match self {
            Self::E164 => "e164",
            Self::National => "national",
            Self::Customer => "customer",
            Self::Called => "called",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|param| param.name() == name)
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}", self.name())
    }
}

/// A query with `?1`, `?2`, … and what to bind to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The query as the database gets it.
    pub sql: String,
    /// `params[0]` is bound to `?1`, and so on; none occurs twice.
    pub params: Vec<Param>,
}

/// Why a query cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A name that is none of ours.
    #[error("unknown parameter :{0}; known are :e164, :national, :customer and :called")]
    Unknown(String),
    /// `?`, `@name`, `$name`: nothing would ever be bound to it.
    #[error("placeholder {0} has no meaning here; write :e164, :national, :customer or :called")]
    Placeholder(String),
    /// A string, quoted name or comment runs to the end of the text.
    #[error("{0} is opened and never closed")]
    Unclosed(&'static str),
    /// Something follows the semicolon.
    #[error("more than one statement; a query is exactly one SELECT")]
    SecondStatement,
    /// No statement at all.
    #[error("the query is empty")]
    Empty,
}

/// Rewrites `:name` parameters to `?1`, `?2`, …
///
/// # Errors
///
/// [`ParamError`] names the first thing that cannot work.
pub fn rewrite(query: &str) -> Result<Rewritten, ParamError> {
    let mut out = Rewritten { sql: String::with_capacity(query.len()), params: Vec::new() };
    let (mut rest, mut ended, mut empty) = (query, false, true);
    while !rest.is_empty() {
        let (token, length) = next(rest)?;
        let text = &rest[..length];
        rest = &rest[length..];
        if matches!(token, Token::Blank) {
            out.sql.push_str(text);
            continue;
        }
        if ended {
            return Err(ParamError::SecondStatement);
        }
        match token {
            Token::Param => {
                out.push(Param::named(&text[1..]).ok_or_else(|| ParamError::Unknown(text[1..].into()))?)
            }
            Token::Placeholder => return Err(ParamError::Placeholder(text.to_owned())),
            Token::End => ended = true,
            Token::Blank | Token::Other => out.sql.push_str(text),
        }
        empty &= ended;
    }
    if empty { Err(ParamError::Empty) } else { Ok(out) }
}

impl Rewritten {
    fn push(&mut self, param: Param) {
        let place = self.params.iter().position(|known| *known == param).unwrap_or_else(|| {
            self.params.push(param);
            self.params.len() - 1
        });
        self.sql.push_str(&format!("?{}", place + 1));
    }
}

enum Token {
    /// White space or a comment.
    Blank,
    /// `:name`.
    Param,
    /// `?`, `?1`, `@name`, `$name`.
    Placeholder,
    /// `;`
    End,
    /// Anything else: passed on as it is.
    Other,
}

/// The next token of a text that is not empty, and its length in bytes.
fn next(text: &str) -> Result<(Token, usize), ParamError> {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let second = chars.next();
    Ok(match (first, second) {
        ('\'', _) => (Token::Other, quoted(text, '\'', "a string ('…')")?),
        ('"', _) => (Token::Other, quoted(text, '"', "a quoted name (\"…\")")?),
        ('`', _) => (Token::Other, quoted(text, '`', "a quoted name (`…`)")?),
        ('[', _) => (Token::Other, until(text, 1, "]").ok_or(ParamError::Unclosed("a quoted name ([…])"))?),
        ('-', Some('-')) => (Token::Blank, until(text, 2, "\n").unwrap_or(text.len())),
        ('/', Some('*')) => {
            (Token::Blank, until(text, 2, "*/").ok_or(ParamError::Unclosed("a comment (/* … */)"))?)
        }
        (':', Some(':')) => (Token::Other, 2),
        (':', Some(c)) if is_word(c) => (Token::Param, 1 + word(&text[1..])),
        ('?', _) => (Token::Placeholder, 1 + word(&text[1..])),
        ('@' | '$', Some(c)) if is_word(c) => (Token::Placeholder, 1 + word(&text[1..])),
        (';', _) => (Token::End, 1),
        (c, _) if c.is_whitespace() => (Token::Blank, c.len_utf8()),
        (c, _) if is_word(c) => (Token::Other, word(text)),
        (c, _) => (Token::Other, c.len_utf8()),
    })
}

/// Length of a quoted text, whose quote is doubled when it occurs inside.
fn quoted(text: &str, quote: char, what: &'static str) -> Result<usize, ParamError> {
    let mut from = 1;
    while let Some(at) = text[from..].find(quote) {
        from += at + 1;
        if !text[from..].starts_with(quote) {
            return Ok(from);
        }
        from += 1;
    }
    Err(ParamError::Unclosed(what))
}

fn until(text: &str, skip: usize, end: &str) -> Option<usize> {
    text[skip..].find(end).map(|at| skip + at + end.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the word at the start; a `$` inside an identifier belongs to it.
fn word(text: &str) -> usize {
    text.find(|c| !is_word(c) && c != '$').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(query: &str) -> String {
        rewrite(query).unwrap().sql
    }

    #[test]
    fn parameters_become_positional_and_are_bound_once_each() {
        let rewritten = rewrite("SELECT * FROM c WHERE p = :e164 OR n = :national OR q=:e164").unwrap();
        assert_eq!(rewritten.sql, "SELECT * FROM c WHERE p = ?1 OR n = ?2 OR q=?1");
        assert_eq!(rewritten.params, [Param::E164, Param::National]);
    }

    #[test]
    fn colons_inside_strings_names_and_comments_are_left_alone() {
        for same in [
            "SELECT ':e164', 'it''s :nothing' FROM t",
            "SELECT \":a\", \"x\"\":b\", `:c`, [:d] FROM t",
            "SELECT 1 -- :what\n FROM t",
            "SELECT 1 -- :what",
            "SELECT /* :what ; ' */ 1",
            "SELECT a::text, time '12:30' FROM t",
            "SELECT a$b, 1 : 2",
            "SELECT 'é:x' AS \"ü:y\"",
        ] {
            assert_eq!(sql(same), same);
        }
    }

    #[test]
    fn a_parameter_beside_a_cast_is_still_found() {
        assert_eq!(sql("SELECT :e164::text, a:::called"), "SELECT ?1::text, a::?2");
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        assert_eq!(rewrite("SELECT :phone"), Err(ParamError::Unknown("phone".into())));
        assert_eq!(rewrite("SELECT :1"), Err(ParamError::Unknown("1".into())));
        assert_eq!(rewrite("SELECT :E164"), Err(ParamError::Unknown("E164".into())));
        assert!(ParamError::Unknown("phone".into()).to_string().contains(":phone"));
    }

    #[test]
    fn placeholders_without_a_name_are_refused() {
        for (query, placeholder) in
            [("SELECT ?", "?"), ("SELECT ?7", "?7"), ("SELECT @x", "@x"), ("SELECT $x", "$x")]
        {
            assert_eq!(rewrite(query), Err(ParamError::Placeholder(placeholder.into())));
        }
    }

    #[test]
    fn one_statement_only_and_a_last_semicolon_is_forgiven() {
        assert_eq!(sql("SELECT 1 ; -- done\n"), "SELECT 1  -- done\n");
        assert_eq!(rewrite("SELECT 1; DROP TABLE t"), Err(ParamError::SecondStatement));
        for empty in ["", "  ", "-- nothing", ";", "; ;"] {
            assert!(
                matches!(rewrite(empty), Err(ParamError::Empty | ParamError::SecondStatement)),
                "{empty:?}"
            );
        }
    }

    #[test]
    fn what_is_opened_and_never_closed_is_named() {
        for open in ["SELECT 'a", "SELECT \"a", "SELECT `a", "SELECT [a", "SELECT /* a", "SELECT 'a''"] {
            assert!(matches!(rewrite(open), Err(ParamError::Unclosed(_))), "{open}");
        }
    }
}

//! One line of an ignore file.

use regex::Regex;

/// One pattern, cleaned and compiled.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    exception: bool,
    /// The leading components without special characters.
    literal: Vec<String>,
    form: Form,
}

/// The shape of a pattern. The shapes without a regular expression are Docker's own shortcuts, kept because one of
/// them means something else than its expression would: `**suffix` also matches `a-suffix`.
#[derive(Clone, Debug)]
enum Form {
    Exact(String),
    /// `prefix**`.
    Prefix(String),
    /// `**suffix`.
    Suffix(String),
    Expression(Regex),
}

impl Pattern {
    /// Reads a line; `None` when it is blank.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, &'static str> {
        let line = line.trim();
        let (exception, text) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if line.is_empty() {
            return Ok(None);
        }
        if text.is_empty() {
            return Err("an exception needs a pattern after the \"!\"");
        }
        let text = clean(text);
        let form = compile(&text)?;
        let literal = text
            .split('/')
            .take_while(|component| !component.contains(['*', '?', '[', '\\']))
            .map(str::to_owned)
            .collect();
        Ok(Some(Self {
            exception,
            literal,
            form,
        }))
    }

    pub(super) fn is_exception(&self) -> bool {
        self.exception
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Exact(text) => path == text,
            Form::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Form::Suffix(suffix) => {
                path.ends_with(suffix.as_str())
                    || suffix.strip_prefix('/').is_some_and(|rest| path == rest)
            }
            Form::Expression(expression) => expression.is_match(path),
        }
    }

    /// Whether something below the directory could match; `true` when in doubt.
    pub(super) fn may_match_below(&self, directory: &str) -> bool {
        self.literal
            .iter()
            .zip(directory.split('/'))
            .all(|(literal, component)| literal == component)
    }
}

/// Removes empty and `.` components, resolves `..`, and drops the leading slash: every pattern begins at the root of
/// the context.
fn clean(text: &str) -> String {
    let mut components = Vec::new();
    for component in text.split('/') {
        match component {
            "" | "." => {}
            ".." if !text.starts_with('/')
                && components.last().is_none_or(|last| *last == "..") =>
            {
                components.push("..");
            }
            ".." => {
                components.pop();
            }
            other => components.push(other),
        }
    }
    if components.is_empty() {
        return if text.starts_with('/') { "/" } else { "." }.to_owned();
    }
    components.join("/")
}

fn compile(text: &str) -> Result<Form, &'static str> {
    let expression = translate(text)?;
    let special = |text: &str| text.contains(['*', '?', '[', ']', '\\']);
    if !special(text) {
        return Ok(Form::Exact(text.to_owned()));
    }
    if let Some(prefix) = text
        .strip_suffix("**")
        .filter(|prefix| !prefix.is_empty() && !special(prefix))
    {
        return Ok(Form::Prefix(prefix.to_owned()));
    }
    if let Some(suffix) = text.strip_prefix("**").filter(|suffix| !special(suffix)) {
        return Ok(Form::Suffix(suffix.to_owned()));
    }
    regex::RegexBuilder::new(&expression)
        .dot_matches_new_line(true)
        .build()
        .map(Form::Expression)
        .map_err(|_| "it is too complex")
}

/// Turns a pattern into a regular expression.
fn translate(text: &str) -> Result<String, &'static str> {
    let mut expression = String::from("^");
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                // `**/` matches any number of directories, none included.
                rest.next_if_eq(&'/');
                expression.push_str(if rest.peek().is_none() {
                    ".*"
                } else {
                    "(.*/)?"
                });
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => translate_class(&mut rest, &mut expression)?,
            '\\' => {
                let escaped = rest.next().ok_or("it ends with a backslash")?;
                push_literal(&mut expression, escaped);
            }
            other => push_literal(&mut expression, other),
        }
    }
    expression.push('$');
    Ok(expression)
}

/// Turns `[a-z]` or `[^a-z]` into a class of the regular expression, with Go's rules for what a class is.
fn translate_class(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    expression: &mut String,
) -> Result<(), &'static str> {
    const UNCLOSED: &str = "a \"[\" is not closed";
    let member = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| match rest.next() {
        None => Err(UNCLOSED),
        Some('-' | ']') => Err("a class in brackets is malformed"),
        Some('\\') => rest.next().ok_or(UNCLOSED),
        Some(other) => Ok(other),
    };
    expression.push('[');
    if rest.next_if_eq(&'^').is_some() {
        expression.push('^');
    }
    let mut empty = true;
    while empty || rest.next_if_eq(&']').is_none() {
        let low = member(rest)?;
        push_literal(expression, low);
        if rest.next_if_eq(&'-').is_some() {
            let high = member(rest)?;
            if high < low {
                return Err("a range in brackets runs backwards");
            }
            expression.push('-');
            push_literal(expression, high);
        }
        empty = false;
    }
    expression.push(']');
    Ok(())
}

fn push_literal(expression: &mut String, character: char) {
    let mut buffer = [0; 4];
    expression.push_str(&regex::escape(character.encode_utf8(&mut buffer)));
}

//! Lines with tones, cut to the width of a terminal, and cleaned of what could steer it.

use crossterm::style::Stylize as _;
use unicode_width::UnicodeWidthChar as _;

/// How a piece of text is meant. Colours follow from it, where there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Less important.
    Dim,
    /// The thing itself.
    Strong,
    /// Good news.
    Good,
    /// Something to know.
    Warn,
    /// Bad news.
    Bad,
}

/// One line, in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<(Tone, String)>);

impl Line {
    /// A line of one piece.
    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self(vec![(tone, text.into())])
    }

    /// Adds a piece.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// The text alone.
    pub fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// For an output, at most `width` columns wide.
    pub fn render(&self, colour: bool, width: Option<usize>) -> String {
        let mut room = width.unwrap_or(usize::MAX);
        let mut rendered = String::new();
        for (tone, text) in &self.0 {
            let (text, used) = cut(text, room);
            room -= used;
            rendered += &if colour { paint(*tone, &text) } else { text };
        }
        rendered
    }
}

/// As much of a text as has room, and how much room it takes. An ellipsis stands for what has none.
fn cut(text: &str, room: usize) -> (String, usize) {
    let width: usize = text.chars().map(columns).sum();
    if width <= room {
        return (text.to_owned(), width);
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        if used + columns(c) + 1 > room {
            break;
        }
        kept.push(c);
        used += columns(c);
    }
    if used < room {
        kept.push('…');
        used += 1;
    }
    (kept, used)
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn paint(tone: Tone, text: &str) -> String {
    match tone {
        Tone::Plain => text.to_owned(),
        Tone::Dim => text.dim().to_string(),
        Tone::Strong => text.bold().to_string(),
        Tone::Good => text.green().to_string(),
        Tone::Warn => text.yellow().to_string(),
        Tone::Bad => text.red().to_string(),
    }
}

/// A text from elsewhere on one line and without anything that a terminal would obey.
pub fn clean(text: &str) -> String {
    let stripped = anstream::adapter::strip_str(text).to_string();
    // Progress bars of builds write one state over the other: what would stay is after the last return.
    let last = stripped
        .trim_end_matches(['\r', '\n'])
        .rsplit('\r')
        .next()
        .unwrap_or_default();
    let chars = last
        .chars()
        .map(|c| if c == '\t' || c == '\n' { ' ' } else { c });
    chars.filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_to_the_width_of_the_terminal_in_columns() {
        let line = Line::of(Tone::Strong, "build").with(Tone::Plain, " 画像画像");
        assert_eq!(line.render(false, None), "build 画像画像");
        assert_eq!(line.render(false, Some(14)), "build 画像画像");
        assert_eq!(line.render(false, Some(10)), "build 画…");
        assert_eq!(line.render(false, Some(3)), "bu…");
        assert_eq!(line.render(false, Some(0)), "");
    }

    #[test]
    fn only_a_coloured_line_has_escape_sequences() {
        let line = Line::of(Tone::Bad, "failed");
        assert!(!line.render(false, None).contains('\u{1b}'));
        assert_eq!(line.text(), "failed");
    }

    #[test]
    fn a_text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(
            clean("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x"),
            "red x"
        );
        assert_eq!(clean("10%\r50%\r100%\n"), "100%");
        assert_eq!(clean("a\tb\u{8}\u{9b}2Jc"), "a b2Jc");
    }
}

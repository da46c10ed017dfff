//! A live view on a terminal: the same few lines, drawn again as things change.

use std::io::Write;

use crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use dokploy_core::clock::{Clock, SystemClock, Timestamp};
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::Event;
use dokploy_core::model::Deployment;

use super::View;
use super::board::{Board, step_name};
use super::outcome::outcome;
use super::text::{Line, Tone, clean};
use crate::cli::exit::Exit;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// Of a terminal that does not tell its size.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Draws on a terminal.
#[derive(Debug)]
pub struct LiveView<W: Write> {
    output: W,
    colour: bool,
    board: Board,
    /// Lines that the last drawing left above the cursor.
    drawn: u16,
    turn: usize,
}

impl<W: Write + Send> LiveView<W> {
    /// Draws on `output`, which is a terminal.
    pub fn new(output: W, colour: bool) -> Self {
        Self {
            output,
            colour,
            board: Board::default(),
            drawn: 0,
            turn: 0,
        }
    }

    fn draw(&mut self, now: Timestamp) {
        let (width, height) = crossterm::terminal::size().unwrap_or(USUAL_SIZE);
        let spinner = SPINNER[self.turn % SPINNER.len()];
        let mut frame = self.board.frame(now, spinner, height.into());
        // A frame that is higher than the terminal could not be overwritten.
        let surplus = frame
            .len()
            .saturating_sub(usize::from(height).saturating_sub(1));
        frame.drain(..surplus);
        // Lost output is nothing to end a deployment for; see the trait.
        let _gone = self.replace(&frame, Some(width.into()));
        self.drawn = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    }

    /// Overwrites the last drawing.
    fn replace(&mut self, lines: &[Line], width: Option<usize>) -> std::io::Result<()> {
        queue!(self.output, BeginSynchronizedUpdate, Hide)?;
        if self.drawn > 0 {
            queue!(self.output, MoveUp(self.drawn))?;
        }
        queue!(
            self.output,
            MoveToColumn(0),
            Clear(ClearType::FromCursorDown)
        )?;
        for line in lines {
            writeln!(self.output, "{}", line.render(self.colour, width))?;
        }
        queue!(self.output, Show, EndSynchronizedUpdate)?;
        self.output.flush()
    }

    /// Writes lines that stay, above whatever is drawn next.
    fn leave(&mut self, lines: &[Line]) {
        let _gone = self.replace(lines, None);
        self.drawn = 0;
    }
}

impl<W: Write + Send> View for LiveView<W> {
    fn event(&mut self, event: &Event) {
        self.board.event(event);
        self.draw(SystemClock.now());
    }

    fn line(&mut self, line: &LogLine) {
        // Drawn with the next tick: a build writes thousands of lines a second.
        self.board.line(line);
    }

    fn note(&mut self, text: &str) {
        self.board.note(Tone::Warn, text);
        self.draw(SystemClock.now());
    }

    fn tick(&mut self, now: Timestamp) {
        self.turn += 1;
        self.draw(now);
    }

    fn end(&mut self, deployment: &Deployment, exit: Exit, log: &[LogLine]) {
        let mut lines = self.board.frame(SystemClock.now(), '…', usize::MAX);
        if let Some(first) = log.first() {
            lines.push(Line::default());
            lines.push(Line::of(
                Tone::Strong,
                format!("Output of {}:", step_name(first.step)),
            ));
            let output = log
                .iter()
                .map(|line| Line::of(Tone::Plain, format!("  | {}", clean(&line.text))));
            lines.extend(output);
        }
        lines.push(Line::default());
        let shown = log.first().map(|line| line.step);
        lines.extend(outcome(deployment, exit, |step| shown == Some(step)));
        self.leave(&lines);
    }

    fn folds(&self) -> bool {
        true
    }
}

impl<W: Write> Drop for LiveView<W> {
    fn drop(&mut self) {
        // An early end, by an error or a panic, must not leave a terminal without a cursor.
        let _gone = queue!(self.output, Show).and_then(|()| self.output.flush());
    }
}

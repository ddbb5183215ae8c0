//! The live block of a terminal: a line a thing, drawn again in its place as things go on.
//!
//! It never takes more rows than the terminal has. What goes on stays in sight; what is done makes room.

use std::collections::HashMap;
use std::time::Duration;

use console::{Style, measure_text_width, truncate_str};

use crate::event::{Event, RunOutcome, Stage, Status, StatusEvent, Subject};
use crate::ui::bytes;

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// One cell of a download's bar: from nothing to all.
const CELLS: [char; 9] = ['⠀', '⡀', '⣀', '⣄', '⣤', '⣦', '⣶', '⣷', '⣿'];
/// Layers shown in a bar; the others are counted into its numbers only.
const MOST_CELLS: usize = 20;
const FRAME_MILLIS: u128 = 100;

/// Something whose story is told in one line.
#[derive(Debug)]
struct Task {
    subject: Subject,
    status: Status,
    details: String,
    /// When its present work began.
    begun: Duration,
    /// How long the work took, once it is over.
    took: Option<Duration>,
    layers: Vec<Layer>,
    /// What it waits for, and since when.
    waits: Option<(String, Duration)>,
    /// It is as the plan wants it.
    reached: bool,
}

#[derive(Debug)]
struct Layer {
    name: String,
    done: bool,
    progress: Option<(u64, u64)>,
}

/// The block.
#[derive(Debug, Default)]
pub(super) struct Live {
    colours: bool,
    operation: &'static str,
    tasks: Vec<Task>,
    index: HashMap<Subject, usize>,
    /// Rows on the screen now.
    drawn: usize,
    dirty: bool,
    /// How many things the plan is about, once it is known.
    things: Option<usize>,
    /// How many of them are as the plan wants them.
    reached: usize,
    outcome: Option<RunOutcome>,
    /// Nothing more will come: what still goes on was broken off.
    over: bool,
}

impl Live {
    pub fn new(colours: bool) -> Live {
        Live { colours, ..Live::default() }
    }

    /// Takes an event.
    pub fn handle(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Began { operation } => self.operation = operation,
            Event::Planned { things } => (self.things, self.reached) = (Some(*things), 0),
            Event::Reached { subject } => {
                self.reached += 1;
                if let Some(at) = self.index.get(subject) {
                    self.tasks[*at].reached = true;
                }
            }
            Event::Finished { outcome } => self.outcome = Some(*outcome),
            Event::Status(event) => self.status(event, now),
            Event::Waiting { who, on } if on.is_empty() => self.task(who, now).waits = None,
            Event::Waiting { who, on } => {
                let words = on.join(", ");
                let task = self.task(who, now);
                // The time counts from the beginning of the wait, though the list grows shorter.
                let since = task.waits.as_ref().map_or(now, |(_, since)| *since);
                task.waits = Some((words, since));
            }
            Event::Ended { .. } | Event::Message { .. } => {}
        }
        self.dirty = true;
    }

    fn task(&mut self, subject: &Subject, now: Duration) -> &mut Task {
        let at = *self.index.entry(subject.clone()).or_insert_with(|| {
            self.tasks.push(Task {
                subject: subject.clone(),
                status: Status::Waiting,
                details: String::new(),
                begun: now,
                took: None,
                layers: Vec::new(),
                waits: None,
                reached: false,
            });
            self.tasks.len() - 1
        });
        &mut self.tasks[at]
    }

    fn status(&mut self, event: &StatusEvent, now: Duration) {
        let task = self.task(&event.subject, now);
        if let Some(part) = &event.part {
            let done = event.status.stage() == Stage::Done;
            match task.layers.iter_mut().find(|layer| layer.name == *part) {
                Some(layer) => {
                    layer.done |= done;
                    layer.progress = event.progress.or(layer.progress);
                }
                None => task.layers.push(Layer { name: part.clone(), done, progress: event.progress }),
            }
            return;
        }
        if task.status.stage() == Stage::Error && event.status.stage() != Stage::Error {
            // What is done about a failure is not the end of it: the row keeps the cause.
            return;
        }
        let working = event.status.stage() == Stage::Working;
        if working && task.took.take().is_some() {
            task.begun = now;
        }
        if !working {
            task.took = Some(now.saturating_sub(task.begun));
        }
        task.status = event.status;
        task.details.clone_from(&event.details);
    }

    /// The bytes that bring the screen up to date; empty when nothing moved.
    pub fn frame(&mut self, now: Duration, (rows, columns): (u16, u16)) -> String {
        if !(self.dirty || self.tasks.iter().any(Task::goes_on)) {
            return String::new();
        }
        let room = usize::from(rows).saturating_sub(2).max(1);
        self.draw(now, room, usize::from(columns))
    }

    /// The bytes of the last picture, with every line; what follows is written below it.
    pub fn last(&mut self, now: Duration, columns: u16) -> String {
        self.over = true;
        let out = self.draw(now, usize::MAX, usize::from(columns));
        *self = Live::new(self.colours);
        out
    }

    /// The bytes that take the block off the screen.
    pub fn clear(&mut self) -> String {
        self.dirty = true;
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            rows => format!("\u{1b}[{rows}A\r\u{1b}[J"),
        }
    }

    fn draw(&mut self, now: Duration, room: usize, columns: usize) -> String {
        self.dirty = false;
        if self.tasks.is_empty() {
            return String::new();
        }
        let lines = self.lines(now, room, columns);
        // Each line is written over the old one, so that nothing flickers.
        let mut out = String::from("\u{1b}[?25l");
        if self.drawn > 0 {
            out += &format!("\u{1b}[{}A", self.drawn);
        }
        for line in &lines {
            out += &format!("\r{line}\u{1b}[K\n");
        }
        out += "\u{1b}[J\u{1b}[?25h";
        self.drawn = lines.len();
        out
    }

    fn lines(&self, now: Duration, room: usize, columns: usize) -> Vec<String> {
        let mut lines = vec![truncate_str(&self.headline(), columns, "…").into_owned()];
        let shown = self.shown(room);
        let rows: Vec<Row> = shown.iter().map(|task| self.row(task, now)).collect();
        // Names get what the words leave; a long word, that of an error, must not push them off the screen.
        let words = rows.iter().map(|row| measure_text_width(&row.words)).max().unwrap_or(0);
        let times = rows.iter().map(|row| row.time.len()).max().unwrap_or(0);
        let most = columns.saturating_sub(BESIDE + words.min(columns / 2) + times).max(LEAST_NAME);
        let width = rows.iter().map(|row| measure_text_width(&row.name)).max().unwrap_or(0).min(most);
        lines.extend(rows.iter().map(|row| self.line(row, width, columns)));
        if shown.len() < self.tasks.len() {
            lines.push(format!(" ... {} more", self.tasks.len() - shown.len()));
        }
        lines
    }

    /// Tasks that have room: those that go on or went wrong before the others, in the order of their coming.
    fn shown(&self, room: usize) -> Vec<&Task> {
        if self.tasks.len() <= room {
            return self.tasks.iter().collect();
        }
        let wanted = |task: &&Task| task.goes_on() || task.status.stage() == Stage::Error;
        let mut left = room.saturating_sub(1).max(1);
        let mut busy = self.tasks.iter().filter(wanted).count().min(left);
        left -= busy;
        self.tasks
            .iter()
            .rev()
            .filter(|task| {
                let counter = if wanted(task) { &mut busy } else { &mut left };
                let has_room = *counter > 0;
                *counter -= usize::from(has_room);
                has_room
            })
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect()
    }

    /// What is going on, how much of it is done, and how it ended.
    fn headline(&self) -> String {
        let (reached, things) = match self.things {
            Some(things) => (self.reached, things),
            // No plan was told: what has ended counts.
            None => (self.tasks.iter().filter(|task| !task.goes_on()).count(), self.tasks.len()),
        };
        let end = match self.outcome {
            Some(RunOutcome::Failed) => " failed",
            Some(RunOutcome::Cancelled) => " cancelled",
            Some(RunOutcome::Done) | None => "",
        };
        format!("[+] {} {reached}/{things}{end}", self.operation)
    }

    fn row(&self, task: &Task, now: Duration) -> Row {
        let broken = matches!(self.outcome, Some(RunOutcome::Failed | RunOutcome::Cancelled));
        let stage = match (task.goes_on(), task.status.stage()) {
            (true, _) if self.over => Stage::Warning,
            (true, _) => Stage::Working,
            // It ended, but not as it was planned: taken away again, for instance.
            (false, Stage::Done) if self.over && broken && !task.reached => Stage::Warning,
            (false, stage) => stage,
        };
        let words = match self.outcome {
            Some(RunOutcome::Cancelled) if self.over && task.goes_on() => "Cancelled".to_owned(),
            Some(RunOutcome::Failed) if self.over && task.goes_on() => "Not done".to_owned(),
            _ => task.words(),
        };
        Row { name: task.subject.to_string(), stage, words, time: task.time(now), frame: frame(now) }
    }

    fn line(&self, row: &Row, width: usize, columns: usize) -> String {
        let style = Style::new().force_styling(self.colours);
        let (glyph, style) = match row.stage {
            Stage::Working => (SPINNER[row.frame], style.yellow()),
            Stage::Done => ("✔", style.green()),
            Stage::Warning => ("!", style.yellow().bold()),
            Stage::Error => ("✘", style.red().bold()),
        };
        let words = match row.stage {
            Stage::Working => row.words.clone(),
            _ => style.apply_to(&row.words).to_string(),
        };
        let name = cut_middle(&row.name, width);
        let blanks = " ".repeat(width.saturating_sub(measure_text_width(&name)));
        let text = format!(" {} {name}{blanks}  {words}", style.apply_to(glyph));
        let room = columns.saturating_sub(row.time.len() + 1);
        let text = truncate_str(&text, room, "…");
        let blanks = " ".repeat(room.saturating_sub(measure_text_width(&text)));
        let blue = Style::new().force_styling(self.colours).blue();
        format!("{text}{blanks}{}", blue.apply_to(&row.time))
    }
}

/// A line of the block before it is laid out.
struct Row {
    name: String,
    stage: Stage,
    words: String,
    time: String,
    frame: usize,
}

/// Columns of a row beside its name, words and time: the glyph, blanks, and the last column, which stays free.
const BESIDE: usize = 7;
/// A name keeps so many columns whatever is said about it.
const LEAST_NAME: usize = 20;

fn frame(now: Duration) -> usize {
    usize::try_from(now.as_millis() / FRAME_MILLIS).unwrap_or(0) % SPINNER.len()
}

/// A name of at most so many columns: the beginning and the end tell names apart.
fn cut_middle(name: &str, width: usize) -> String {
    if measure_text_width(name) <= width {
        return name.to_owned();
    }
    let room = width.saturating_sub(1);
    let fits = |chars: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut left = room;
        chars
            .take_while(|c| {
                let columns = measure_text_width(c.encode_utf8(&mut [0; 4]));
                let fits = columns <= left;
                left = left.saturating_sub(columns);
                fits
            })
            .collect()
    };
    let tail = fits(&mut name.chars().rev(), room / 2);
    let head = fits(&mut name.chars(), room - room / 2);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

impl Task {
    fn goes_on(&self) -> bool {
        self.took.is_none() || self.waits.is_some()
    }

    /// How long its present work, or its wait, has gone on, or took.
    fn time(&self, now: Duration) -> String {
        let time = match (&self.waits, self.took) {
            (Some((_, since)), _) => now.saturating_sub(*since),
            (None, Some(took)) => took,
            (None, None) => now.saturating_sub(self.begun),
        };
        format!("{:.1}s", time.as_secs_f64())
    }

    fn words(&self) -> String {
        if let Some((on, _)) = &self.waits {
            return format!("Waiting for {on}");
        }
        let mut words = self.status.word().to_owned();
        if self.took.is_none()
            && let Some(bar) = self.bar()
        {
            words += &format!(" {bar}");
        }
        if let Some(details) = self.details.lines().next() {
            words += &format!(" {details}");
        }
        words
    }

    /// How far a download is: a cell a layer, and the bytes when all sizes are known.
    fn bar(&self) -> Option<String> {
        if self.layers.is_empty() {
            return None;
        }
        let cells: String = self
            .layers
            .iter()
            .take(MOST_CELLS)
            .map(|layer| {
                let last = CELLS.len() - 1;
                let at = match layer.progress {
                    _ if layer.done => last,
                    Some((done, total)) if total > 0 => {
                        usize::try_from(done.saturating_mul(last as u64) / total).unwrap_or(last).min(last)
                    }
                    _ => 0,
                };
                CELLS[at]
            })
            .collect();
        let known = self.layers.iter().filter_map(|layer| layer.progress);
        let (done, total) = known.fold((0, 0), |(done, total), (d, t)| (done + d.min(t), total + t));
        let all_known =
            self.layers.iter().all(|layer| layer.done || layer.progress.is_some_and(|(_, t)| t > 0));
        let sizes = if all_known && total > 0 {
            format!(" {} / {}", bytes::text(done), bytes::text(total))
        } else {
            String::new()
        };
        Some(format!("[{cells}]{sizes}"))
    }
}

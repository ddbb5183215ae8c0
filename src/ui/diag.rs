//! Draws findings: for people in the style of a compiler, for programs as one JSON object each.
//!
//! These functions only make text; the caller knows where it goes, whether colours are wanted there and
//! how wide it is.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use serde::Serialize;

use super::clean;
use crate::base;
use crate::base::mask::masked;
use crate::diag::{Account, Diagnostic, Diagnostics, InFile, Label, Severity, Source, SourceMap, Span};

mod gather;

pub use gather::lines;

/// How findings are to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to use colours.
    pub styled: bool,
    /// Width of the terminal in columns.
    pub width: usize,
    /// Whether lines of files are drawn with values whose names say that they are secret.
    pub show_values: bool,
}

impl Default for Look {
    /// No colours, and room enough for whole lines.
    fn default() -> Look {
        Look { styled: false, width: 120, show_values: false }
    }
}

/// A span over more lines than this is drawn at its first line only.
const MOST_LINES: usize = 3;

impl Look {
    fn renderer(self) -> Renderer {
        let renderer = if self.styled { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(self.width.max(40))
    }

    /// The texts as they are drawn.
    fn sources(self, sources: &SourceMap) -> SourceMap {
        let content = |text: &str| {
            let masked = if self.show_values { Cow::Borrowed(text) } else { masked(text) };
            let clean = clean::in_place(&masked);
            let same = matches!((&masked, &clean), (Cow::Borrowed(_), Cow::Borrowed(_)));
            (!same).then(|| clean.into_owned())
        };
        sources.presented(&|name| clean::line(name).into_owned(), &content)
    }
}

/// Findings that are drawn at most; programs get them all.
const MOST_FINDINGS: usize = 200;

/// Bytes of lines after which nothing more is drawn: a file may be one long line.
const MOST_BYTES: usize = 4 << 20;

/// Bytes behind a place that its line is drawn with.
const BEHIND: usize = 1 << 10;

/// Bytes between two places of a finding that are still drawn in one piece.
const FAR: usize = 16 << 10;

/// Draws all findings in their present order, with a last line that counts them when there are errors.
/// Empty when there is nothing to tell; else it ends with a line break.
pub fn draw(diags: &Diagnostics, sources: &SourceMap, look: Look) -> String {
    draw_in(diags, sources, look, None)
}

/// As [`draw`], with the names of files below a directory given from there, as a shell in it would.
pub fn draw_in(diags: &Diagnostics, sources: &SourceMap, look: Look, directory: Option<&Path>) -> String {
    let sources = &look.sources(sources);
    let mut diags = gather::by_words(diags, sources, directory);
    diags.reword(&|text| clean::block(text).into_owned());
    diags.rename_files(&|name| clean::line(name).into_owned());
    let diags = &diags;
    let mut text = String::new();
    // What stops the command is not to be looked for among warnings: beside errors they are only counted.
    let errors_only = diags.has_errors();
    let mut left = 0;
    let mut drawn = 0;
    let mut room = MOST_BYTES;
    for diagnostic in diags.iter() {
        if errors_only && diagnostic.severity != Severity::Error {
            continue;
        }
        if drawn == MOST_FINDINGS || room == 0 {
            left += 1;
            continue;
        }
        let source = sources.get(diagnostic.span.file);
        let size = source.map_or(0, |source| Window::around(source, &[diagnostic.span]).text.len());
        room = room.saturating_sub(size);
        drawn += 1;
        text.push_str(&draw_one(diagnostic, sources, look, directory));
        text.push_str("\n\n");
    }
    if left > 0 {
        let words = format!("{left} more findings are not shown");
        text.push_str(&look.renderer().render(&[Group::with_title(Level::NOTE.primary_title(words))]));
        text.push_str("\n\n");
    }
    match count(diags, sources, directory) {
        Some(words) => {
            let title = [Group::with_title(Level::ERROR.primary_title(words))];
            text.push_str(&look.renderer().render(&title));
            text.push('\n');
        }
        None if !text.is_empty() => {
            text.pop();
        }
        None => {}
    }
    text
}

/// Draws one finding, without a line break at its end.
fn draw_one(diagnostic: &Diagnostic, sources: &SourceMap, look: Look, directory: Option<&Path>) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let edit = diagnostic.edit.as_ref().and_then(|edit| {
        let window = Window::around(sources.get(edit.span.file)?, &[edit.span]);
        Some((window.exact(edit.span), window, edit))
    });
    let mut helps = diagnostic.help.iter().map(String::as_str);
    // The edit is the help it shows; its first sentence becomes the title of the shown change.
    let title = edit.as_ref().map(|_| helps.next().unwrap_or("replace it"));
    let placeless = sources.get(diagnostic.span.file).is_none() && diagnostic.labels.is_empty();

    let main = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id());
    let mut group = Group::with_title(main).elements(snippets(
        (diagnostic.span, &diagnostic.note),
        &diagnostic.labels,
        sources,
        directory,
    ));
    if let Some(place) = diagnostic.in_file.as_ref().filter(|_| placeless) {
        group = group.element(Origin::path(below(&place.file, directory)).line(place.line));
    }
    let mut apart = String::new();
    for help in helps {
        // Without lines of a file there is no margin to hang it on.
        if placeless {
            let title = Group::with_title(Level::HELP.primary_title(normalize_untrusted_str(help)));
            apart = apart + "\n" + &look.renderer().render(&[title]);
        } else {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
    }
    let mut report = vec![group];
    if let (Some(title), Some((range, window, edit))) = (title, &edit) {
        let snippet = Snippet::source(window.text)
            .line_start(window.line)
            .patch(Patch::new(range.clone(), edit.replacement.as_str()));
        let title = Level::HELP.secondary_title(normalize_untrusted_str(title));
        report.push(Group::with_title(title).element(snippet));
    }
    look.renderer().render(&report) + &apart
}

/// Draws an account as findings are drawn; it ends with a line break.
pub fn draw_account(account: &Account, sources: &SourceMap, look: Look) -> String {
    let sources = &look.sources(sources);
    let mut account = account.clone();
    let labels = account.labels.iter_mut().map(|label| &mut label.message);
    for text in [&mut account.title, &mut account.note].into_iter().chain(labels).chain(&mut account.remarks)
    {
        *text = clean::block(text).into_owned();
    }
    let title = Level::INFO.no_name().primary_title(account.title.as_str());
    let place = (account.span, account.note.as_str());
    let mut group = Group::with_title(title).elements(snippets(place, &account.labels, sources, None));
    let placeless = sources.get(account.span.file).is_none() && account.labels.is_empty();
    let mut apart = String::new();
    for remark in &account.remarks {
        // Without lines of a file there is no margin to hang it on.
        if placeless {
            apart = apart + "  " + &normalize_untrusted_str(remark) + "\n";
        } else {
            group = group.element(Level::NOTE.no_name().message(normalize_untrusted_str(remark)));
        }
    }
    look.renderer().render(&[group]) + "\n" + &apart
}

/// One snippet for each file that is pointed into, the main one first.
fn snippets<'a>(
    (span, note): (Span, &'a str),
    labels: &'a [Label],
    sources: &'a SourceMap,
    directory: Option<&Path>,
) -> Vec<Element<'a>> {
    let mut files = vec![span.file];
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let mut elements = Vec::new();
    for file in files {
        let Some(source) = sources.get(file) else { continue };
        let main = (span.file == file).then_some(span);
        let near =
            |label: &&Label| main.is_none_or(|main| main.start.abs_diff(label.span.start) < FAR as u32);
        let here = || labels.iter().filter(|label| label.span.file == file);
        let labels = || here().filter(near);
        let spans: Vec<Span> = main.into_iter().chain(labels().map(|label| label.span)).collect();
        let window = Window::around(source, &spans);
        let mut snippet = Snippet::source(window.text).line_start(window.line).path(shown(source, directory));
        if let Some(span) = main {
            let note = (!note.is_empty()).then_some(note);
            snippet = snippet.annotation(AnnotationKind::Primary.span(window.range(span)).label(note));
        }
        for label in labels() {
            let range = window.range(label.span);
            snippet = snippet.annotation(AnnotationKind::Context.span(range).label(label.message.as_str()));
        }
        elements.push(snippet.into());
        // What lies between far places isn't read for them.
        for label in here().filter(|label| !near(label)) {
            let window = Window::around(source, &[label.span]);
            let range = AnnotationKind::Context.span(window.range(label.span)).label(label.message.as_str());
            let snippet = Snippet::source(window.text).line_start(window.line).path(shown(source, directory));
            elements.push(snippet.annotation(range).into());
        }
    }
    elements
}

/// The lines of a text that a finding needs: a large file isn't handed to the renderer whole.
struct Window<'a> {
    text: &'a str,
    /// Number of its first line, from 1.
    line: usize,
    /// Offset of its first byte.
    start: usize,
}

impl<'a> Window<'a> {
    fn around(source: &'a Source, spans: &[Span]) -> Window<'a> {
        let whole: &str = &source.text;
        let first = spans.iter().map(|span| span.start as usize).min().unwrap_or(0).min(whole.len());
        let last = spans.iter().map(|span| span.end as usize).max().unwrap_or(0).clamp(first, whole.len());
        let bytes = whole.as_bytes();
        let start = bytes[..first].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let most = whole.floor_char_boundary((last + BEHIND).min(whole.len()));
        let end = bytes[last..most].iter().position(|b| *b == b'\n').map_or(most, |at| last + at);
        let line = source.position(u32::try_from(start).unwrap_or(u32::MAX)).line;
        Window { text: whole.get(start..end).unwrap_or(""), line, start }
    }

    /// The span's bytes within the window, cut to whole characters.
    fn exact(&self, span: Span) -> Range<usize> {
        let at = |offset: u32| self.text.floor_char_boundary((offset as usize).saturating_sub(self.start));
        let (start, end) = (at(span.start), at(span.end));
        start..end.max(start)
    }

    /// The same, cut to a few lines.
    fn range(&self, span: Span) -> Range<usize> {
        let Range { start, mut end } = self.exact(span);
        let text = &self.text[start..end];
        if text.matches('\n').count() >= MOST_LINES {
            end = start + text.find('\n').unwrap_or(text.len());
        }
        // A span up to the next token ends at its own last character.
        let words = self.text[start..end].trim_end().len();
        // A span of nothing but blanks in a line is about them.
        let blanks = words == 0 && !self.text[start..end].contains('\n');
        start..if blanks { end } else { start + words }
    }
}

/// The name of a text, from the directory on when it is below it.
fn shown<'a>(source: &'a Source, directory: Option<&Path>) -> &'a str {
    below(&source.name, directory)
}

/// A file's name from the directory on when it is below it.
fn below<'a>(name: &'a str, directory: Option<&Path>) -> &'a str {
    directory
        .and_then(|directory| Path::new(name).strip_prefix(directory).ok())
        .and_then(Path::to_str)
        .unwrap_or(name)
}

/// `3 errors in compose.yaml (1 warning not shown)`; `None` when nothing is an error, or the one finding has
/// no place that the count would name.
fn count(diags: &Diagnostics, sources: &SourceMap, directory: Option<&Path>) -> Option<String> {
    let of = |severity: Severity| diags.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    if errors == 0 {
        return None;
    }
    let many = |n: usize, thing: &str| format!("{n} {thing}{}", if n == 1 { "" } else { "s" });
    let mut words = many(errors, "error");
    if errors + warnings == 1 && diags.iter().all(|d| sources.get(d.span.file).is_none()) {
        return None;
    }
    let mut files: Vec<&str> = diags
        .iter()
        .filter_map(|d| match (sources.get(d.span.file), &d.in_file) {
            (Some(source), _) => Some(shown(source, directory)),
            (None, place) => place.as_ref().map(|place| below(&place.file, directory)),
        })
        .collect();
    files.sort_unstable();
    files.dedup();
    match files.as_slice() {
        [] => {}
        [one] => words.push_str(&format!(" in {one}")),
        several => words.push_str(&format!(" in {} files", several.len())),
    }
    if warnings > 0 {
        words.push_str(&format!(" ({} not shown)", many(warnings, "warning")));
    }
    Some(words)
}

/// A finding as programs read it. Lines and columns count from 1, columns in characters; they and the
/// file are missing when no file wrote what the finding is about.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The kind of finding, stable: `RC0301`.
    pub code: &'static str,
    /// The kind in words, stable: `unknown-key`.
    pub slug: &'static str,
    /// `true` when it stops the command, else missing: the reference's key for failures.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The path in the model, such as `services.web.ports[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The place.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// The file and line, where that is all there is to tell of the place.
    #[serde(flatten)]
    pub in_file: Option<InFile>,
    /// Words at the place itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Ways to mend it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// Other places that explain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelRecord>,
    /// A change of text that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<EditRecord>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// The file's name as messages show it.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column just past the end.
    pub end_column: usize,
}

/// Another place, with words.
#[derive(Clone, Debug, Serialize)]
pub struct LabelRecord {
    /// What is there.
    pub message: String,
    /// Where.
    #[serde(flatten)]
    pub place: Option<Place>,
}

/// A change of text.
#[derive(Clone, Debug, Serialize)]
pub struct EditRecord {
    /// What to put in the place of the old text.
    pub replacement: String,
    /// The old text's place.
    #[serde(flatten)]
    pub place: Option<Place>,
}

impl Record {
    /// The record of one finding.
    pub fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Record {
        let labels = diagnostic
            .labels
            .iter()
            .map(|label| LabelRecord {
                message: label.message.clone(),
                place: Place::of(label.span, sources),
            })
            .collect();
        let edit = diagnostic.edit.as_ref().map(|edit| EditRecord {
            replacement: edit.replacement.clone(),
            place: Place::of(edit.span, sources),
        });
        Record {
            code: diagnostic.code.id(),
            slug: diagnostic.code.slug(),
            error: diagnostic.severity == Severity::Error,
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            path: diagnostic.path.as_ref().map(base::Path::quoted),
            place: Place::of(diagnostic.span, sources),
            in_file: diagnostic.in_file.clone().filter(|_| sources.get(diagnostic.span.file).is_none()),
            note: diagnostic.note.clone(),
            help: diagnostic.help.clone(),
            labels,
            edit,
        }
    }
}

impl Place {
    /// The place of a span; `None` when no file wrote it.
    pub fn of(span: Span, sources: &SourceMap) -> Option<Place> {
        let source = sources.get(span.file)?;
        let (start, end) = (source.position(span.start), source.position(span.end));
        Some(Place {
            file: source.name.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        })
    }
}

/// All findings as JSON, one object on each line.
pub fn json_lines(diags: &Diagnostics, sources: &SourceMap) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for diagnostic in diags.iter() {
        text.push_str(&clean::json(&serde_json::to_string(&Record::new(diagnostic, sources))?));
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;

    fn example() -> (Diagnostics, SourceMap) {
        let mut sources = SourceMap::new();
        let file = sources.add("compose.yaml", "services:\n  web:\n    imgae: nginx\n    ports: [a, a]\n");
        let mut diags = Diagnostics::new();
        let key = Span::new(file, 21, 26);
        diags.push(
            Diagnostic::new(Code::UnknownKey, key, "unknown key `imgae` in service `web`")
                .at(["services", "web", "imgae"])
                .note("did you mean `image`?")
                .edit(key, "image"),
        );
        diags.push(
            Diagnostic::new(Code::DuplicateItem, Span::new(file, 49, 50), "`ports` has `a` twice")
                .label(Span::new(file, 46, 47), "first here")
                .help("remove one of the two"),
        );
        diags.push(Diagnostic::new(Code::ProjectName, Span::NONE, "the project has no name"));
        (diags, sources)
    }

    #[test]
    fn findings_are_drawn_like_a_compiler_does() {
        let (diags, sources) = example();
        let expected = "\
error[RC0301]: unknown key `imgae` in service `web`
 --> compose.yaml:3:5
  |
3 |     imgae: nginx
  |     ^^^^^ did you mean `image`?
  |
help: replace it
  |
3 -     imgae: nginx
3 +     image: nginx
  |

error[RC0307]: `ports` has `a` twice
 --> compose.yaml:4:16
  |
4 |     ports: [a, a]
  |             -  ^
  |             |
  |             first here
  |
  = help: remove one of the two

error[RC0006]: the project has no name

error: 3 errors in compose.yaml
";
        let drawn = draw(&diags, &sources, Look::default());
        assert_eq!(drawn, expected, "\n{drawn}");
        assert!(
            draw(&diags, &sources, Look { styled: true, width: 80, ..Look::default() }).contains("\u{1b}[")
        );
        assert_eq!(draw(&Diagnostics::new(), &sources, Look::default()), "");
    }

    #[test]
    fn hostile_files_and_words_are_clean() {
        let mut sources = SourceMap::new();
        let text = format!("{0}: {0}\n", crate::ui::clean::HOSTILE);
        let file = sources.add(crate::ui::clean::HOSTILE, text.as_str());
        let hostile = crate::ui::clean::HOSTILE;
        let span = Span::new(file, 0, text.len() - 1);
        let mut diags = Diagnostics::new();
        diags.push(
            Diagnostic::new(Code::WrongType, span, hostile)
                .at([hostile])
                .note(hostile)
                .label(span, hostile)
                .help(hostile)
                .help(hostile)
                .edit(span, hostile),
        );
        diags.push(Diagnostic::new(Code::EnvFile, Span::NONE, hostile).in_file(hostile, 1).help(hostile));
        diags.push(Diagnostic::new(Code::UnsetVariable, span, hostile));
        let account = Account {
            title: hostile.into(),
            span,
            note: hostile.into(),
            labels: vec![Label { span, message: hostile.into() }],
            remarks: vec![hostile.into()],
        };
        let sarif = crate::ui::sarif::render(&diags, &sources, &|_| "why").unwrap();
        for text in [
            draw(&diags, &sources, Look::default()),
            json_lines(&diags, &sources).unwrap(),
            draw_account(&account, &sources, Look::default()),
            sarif,
        ] {
            assert!(clean::is_clean(&text), "{text:?}");
        }
    }

    #[test]
    fn values_of_secret_names_are_not_drawn() {
        let mut sources = SourceMap::new();
        let file = sources.add("f", "environment: {API_TOKEN: hunter2, LOG: 1}");
        let mut diags = Diagnostics::new();
        diags.push(Diagnostic::new(Code::WrongType, Span::new(file, 38, 39), "m"));
        let drawn = draw(&diags, &sources, Look::default());
        assert!(drawn.contains("{API_TOKEN: *******, LOG: 1}"), "{drawn}");
        let shown = draw(&diags, &sources, Look { show_values: true, ..Look::default() });
        assert!(shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_place_beyond_the_text_is_drawn_at_its_end() {
        let mut sources = SourceMap::new();
        let file = sources.add("f", "ä: b\r\nc:");
        for (start, end) in [(0, 1), (1, 2), (3, 90), (90, 91), (5, 5), (9, 9)] {
            let span = Span::new(file, start, end);
            let mut diags = Diagnostics::new();
            diags.push(Diagnostic::new(Code::WrongType, span, "m").edit(span, "x").label(span, "l"));
            assert!(draw(&diags, &sources, Look::default()).contains("RC0302"));
        }
    }

    #[test]
    fn records_hold_what_a_program_needs() {
        let (diags, sources) = example();
        let lines = json_lines(&diags, &sources).unwrap();
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(
            first,
            serde_json::json!({
                "code": "RC0301", "slug": "unknown-key", "error": true, "severity": "error",
                "message": "unknown key `imgae` in service `web`", "path": "services.web.imgae",
                "file": "compose.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 10,
                "note": "did you mean `image`?",
                "edit": {
                    "replacement": "image",
                    "file": "compose.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 10,
                },
            })
        );
        assert_eq!(lines.lines().count(), 3);
        assert!(!lines.lines().last().unwrap().contains("\"file\""));
    }
}

//! Text to raw nodes: one flat list for each document, with anchors resolved to positions.
//!
//! The list is complete before any tree is built ([`super::anchors`]), so the size of the expanded
//! tree is known beforehand and hostile files stop without having cost anything.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, StructureStyle};

use super::{Node, Path, anchors, syntax, tabs};
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span};

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its value; null when there is nothing in it.
    pub root: Node,
    /// Where `!reset` and `!override` stand, in the order of the text.
    pub tagged: Vec<TaggedPath>,
    /// What aliases and merge keys brought in; empty unless [`parse_with_aliases`] was asked.
    pub borrowed: Vec<Borrowed>,
}

/// A value that an alias or a merge key brought in.
#[derive(Clone, Debug)]
pub struct Borrowed {
    /// Where the value stands; for a merge key the mapping that takes the keys over.
    pub path: Path,
    /// The alias, or the value of `<<`.
    pub alias: Span,
    /// What it stands for.
    pub source: Span,
    /// Whether it is the value of `<<`.
    pub merge: bool,
    /// The keys of `source` that `path` has of its own, with the values that lost.
    pub hidden: Vec<(String, Node)>,
}

/// A place marked by `!reset` or `!override`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedPath {
    /// The place in the tree, as it is after merge keys are resolved.
    pub path: Path,
    /// Which of the tags.
    pub kind: Tagged,
    /// The tag and its value.
    pub span: Span,
}

/// The tags that tell how a document is laid over the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// The earlier value goes; this node is not part of the document.
    Reset,
    /// The earlier value goes; this node takes its place.
    Override,
}

/// Nesting that no Compose file needs, and that no stage has to fear.
pub(super) const MAX_DEPTH: u32 = 255;

/// Nodes that the aliases of one text may stand for, all together. The reference gives up on
/// what is written (100,000 values), and needs minutes for what this allows.
pub(super) const MAX_EXPANDED: u64 = 1_000_000;

/// Keys and values that may be written in one document: five times as many as the reference takes. They need some
/// 100 bytes each here, and many times that in the stages that follow.
pub(super) const MAX_WRITTEN: usize = 500_000;

/// Documents that one text may hold. Each is laid over all before it, so that many take long.
const MAX_DOCUMENTS: usize = 200;
/// How many dashes alone in brackets are read: the text is read anew for each.
const MAX_LONE_DASHES: usize = 32;

/// A node as written.
pub(super) struct Raw<'a> {
    pub(super) what: What<'a>,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The position after this node and all it holds.
    pub(super) next: u32,
    pub(super) tag: Option<Box<Tag>>,
}

/// A tag: its full name, and its place.
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) start: u32,
    pub(super) end: u32,
}

pub(super) enum What<'a> {
    /// A scalar, and whether it is plain.
    Scalar(Cow<'a, str>, bool),
    Sequence,
    Mapping,
    /// An alias of the node at a position of the list.
    Alias(u32),
    /// An alias of nothing.
    Unresolved,
}

/// What can be said of a node without building it.
#[derive(Clone, Copy)]
struct Measure {
    nodes: u64,
    height: u32,
}

struct Open {
    at: usize,
    flow: bool,
    measure: Measure,
}

/// Why a document can't be built.
enum Refused {
    Syntax(granit_parser::ScanError),
    TooDeep(Span),
    TooManyNodes(Span),
    TooMuchWritten(Span),
}

/// Reads every document of a text.
///
/// Findings go to `diags`. After a syntax error the documents before it are given, and the later
/// ones are only searched for findings.
pub fn parse(text: &str, file: FileId, diags: &mut Diagnostics) -> Vec<Document> {
    read(text, file, diags, false)
}

/// Like [`parse`], with a record of what aliases and merge keys brought in.
pub fn parse_with_aliases(text: &str, file: FileId, diags: &mut Diagnostics) -> Vec<Document> {
    read(text, file, diags, true)
}

/// Reads a text, with a value for each `-` that stands alone in brackets: YAML wants quotes around it, the
/// reference's parser does not. The parser is shown a letter in its place.
fn read(text: &str, file: FileId, diags: &mut Diagnostics, record: bool) -> Vec<Document> {
    let mut shown = Cow::Borrowed(text);
    let mut dashes: Vec<u32> = Vec::new();
    loop {
        let mut findings = Diagnostics::new();
        match read_shown(text, &shown, &dashes, file, &mut findings, record) {
            Ok(documents) => {
                diags.extend(findings);
                return documents;
            }
            Err(LoneDash(at)) => {
                shown.to_mut().replace_range(at..=at, "x");
                dashes.push(narrow(at));
            }
        }
    }
}

/// Where a `-` stands alone in brackets.
struct LoneDash(usize);

/// Reads a text that is shown to the parser with letters in the place of some dashes. The places in both are
/// the same.
fn read_shown(
    text: &str,
    shown: &str,
    dashes: &[u32],
    file: FileId,
    diags: &mut Diagnostics,
    record: bool,
) -> Result<Vec<Document>, LoneDash> {
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        block_scalar_eof_without_line_feed: true,
    };
    // Another crate of the build may switch the parser's comment support on.
    options.set_emit_comments(false);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(shown, options),
        text,
        dashes,
        file,
        nodes: Vec::new(),
        anchors: HashMap::new(),
        names: HashMap::new(),
        bracket: None,
        findings: tabs::at_start(text, file).into_iter().collect(),
        expanded: 0,
    };
    let mut documents = Vec::new();
    let mut complete = true;
    loop {
        let read = reader.document();
        // Next to an error of the parser they mostly tell the same once more.
        let findings = std::mem::take(&mut reader.findings);
        if !matches!(read, Err(Refused::Syntax(_))) {
            findings.into_iter().for_each(|finding| diags.push(finding));
        }
        match read {
            Ok(true) if documents.len() == MAX_DOCUMENTS => {
                let span = reader
                    .nodes
                    .first()
                    .map_or(Span::NONE, |node| Span::new(file, node.start as usize, node.end as usize));
                let message = format!("more than {MAX_DOCUMENTS} documents are in one file");
                diags.push(Diagnostic::new(Code::TooManyNodes, span, message).note("one too many"));
                break;
            }
            Ok(true) => {
                let root = anchors::build(&reader.nodes, text, file, &reader.names, diags, record);
                if complete {
                    documents.push(root);
                }
                continue;
            }
            Ok(false) => break,
            Err(Refused::Syntax(error)) => {
                if let Some(at) = lone_dash(&error, text).filter(|_| dashes.len() < MAX_LONE_DASHES) {
                    return Err(LoneDash(at));
                }
                // Without a mark between them the document before goes on here: it was not read to its end.
                if *error.kind() == ErrorKind::ExpectedDocumentStart {
                    documents.pop();
                }
                diags.push(syntax::finding(&error, reader.bracket, text, file));
            }
            Err(Refused::TooDeep(span)) => diags.push(too_deep(span)),
            Err(Refused::TooMuchWritten(span)) => {
                let message = format!("the file holds more than {MAX_WRITTEN} keys and values");
                diags.push(
                    Diagnostic::new(Code::TooManyNodes, span, message)
                        .note("this one exceeds the limit")
                        .help("split the project: each file set is held in memory as a whole"),
                );
                break;
            }
            Err(Refused::TooManyNodes(span)) => {
                diags.push(
                    Diagnostic::new(
                        Code::TooManyNodes,
                        span,
                        format!("aliases stand for more than {MAX_EXPANDED} values"),
                    )
                    .note("this alias exceeds the limit")
                    .help("aliases of lists full of aliases multiply; write out what is needed"),
                );
                // What follows would be as much again.
                break;
            }
        }
        complete = false;
        if !matches!(reader.parser.proceed_next_document(), Ok(true)) {
            break;
        }
    }
    Ok(documents)
}

fn lone_dash(error: &granit_parser::ScanError, text: &str) -> Option<usize> {
    let at = error.marker().byte_offset()?;
    let is_dash = *error.kind() == ErrorKind::PlainScalarStartsWithDashFlowIndicator
        && text.as_bytes().get(at) == Some(&b'-');
    is_dash.then_some(at)
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, span, format!("values are nested deeper than {MAX_DEPTH} levels"))
        .note("one level too many")
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    text: &'a str,
    /// Places of dashes that the parser sees as a letter.
    dashes: &'a [u32],
    file: FileId,
    nodes: Vec<Raw<'a>>,
    /// The node and the measure of each anchor, by the parser's number.
    anchors: HashMap<usize, (u32, Option<Measure>)>,
    /// Where each anchored node has its `&name`, for suggestions.
    names: HashMap<String, Span>,
    /// Where the innermost bracket stands that was open at a syntax error.
    bracket: Option<usize>,
    /// What the parser lets pass and the reference's does not.
    findings: Vec<Diagnostic>,
    /// How many nodes the aliases stand for so far.
    expanded: u64,
}

impl<'a> Reader<'a> {
    /// Reads the next document into `nodes`; false at the end of the text.
    fn document(&mut self) -> Result<bool, Refused> {
        self.nodes.clear();
        self.anchors.clear();
        self.names.clear();
        let mut open: Vec<Open> = Vec::new();
        loop {
            let Some(next) = self.parser.next_event() else { return Ok(false) };
            let (event, place) = next.map_err(|error| {
                let innermost = open.last().filter(|open| open.flow);
                self.bracket = innermost.map(|open| self.nodes[open.at].start as usize);
                self.refuse(error)
            })?;
            let range = place.byte_range().unwrap_or_default();
            let (start, end) = (narrow(range.start), narrow(range.end));
            if self.nodes.len() > MAX_WRITTEN {
                return Err(Refused::TooMuchWritten(Span::new(self.file, range.start, range.end)));
            }
            let tag_at = place.tag_span().and_then(|span| span.byte_range());
            let tag = |tag: Option<Cow<'_, granit_parser::Tag>>| {
                tag.map(|tag| {
                    let range = tag_at.clone().unwrap_or_default();
                    let name = format!("{}{}", tag.handle(), tag.suffix());
                    Box::new(Tag { name, start: narrow(range.start), end: narrow(range.end) })
                })
            };
            match event {
                Event::StreamEnd => return Ok(false),
                Event::DocumentEnd => return Ok(true),
                Event::Scalar(text, style, anchor, tag_name) => {
                    let plain = style == ScalarStyle::Plain;
                    // The parser's word for "nothing written".
                    let text = match plain {
                        true if start == end => Cow::Borrowed(""),
                        true if self.dashes.contains(&start) => Cow::Borrowed("-"),
                        _ => text,
                    };
                    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    let (start, end) = self.scalar_place(start, end, block);
                    let written = self.text.get(start as usize..end as usize).unwrap_or_default();
                    let place = Span::new(self.file, start as usize, end as usize);
                    let flow = open.last().is_some_and(|open| open.flow);
                    let token = match style {
                        _ if block => tabs::Token::Block,
                        ScalarStyle::Plain => {
                            let inner = open.iter().rev().find(|open| !open.flow);
                            tabs::Token::Plain(inner.map(|open| {
                                let node = &self.nodes[open.at];
                                let list = matches!(node.what, What::Sequence);
                                tabs::block_start(self.text, node.start as usize, list)
                            }))
                        }
                        _ => tabs::Token::Other,
                    };
                    if !written.is_empty() {
                        self.findings.extend(tabs::find(self.text, place, token, flow));
                    }
                    if let (true, Some(tag)) = (flow && written.is_empty(), tag_at.clone()) {
                        self.findings
                            .extend(syntax::tag_end(self.text, Span::new(self.file, tag.start, tag.end)));
                    }
                    if style == ScalarStyle::DoubleQuoted {
                        self.findings.extend(syntax::slash_escape(written, place));
                    }
                    let measure = Measure { nodes: 1, height: 1 };
                    self.anchor(anchor, Some(measure));
                    self.leaf(What::Scalar(text, plain), start, end, tag(tag_name));
                    grow(&mut open, measure);
                }
                Event::SequenceStart(style, anchor, tag_name) => {
                    self.begin(&mut open, What::Sequence, style, anchor, (start, end), tag(tag_name))?;
                }
                Event::MappingStart(style, anchor, tag_name) => {
                    self.begin(&mut open, What::Mapping, style, anchor, (start, end), tag(tag_name))?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(closed) = open.pop() else { continue };
                    if closed.flow {
                        let flow = open.last().is_some_and(|open| open.flow);
                        let place = Span::new(self.file, start as usize, end as usize);
                        self.findings.extend(tabs::find(self.text, place, tabs::Token::Other, flow));
                    }
                    self.finish(&closed, end);
                    grow(&mut open, closed.measure);
                }
                Event::Alias(anchor) => {
                    let target = self.anchors.get(&anchor).copied();
                    let span = Span::new(self.file, start as usize, end as usize);
                    let (what, measure) = match target {
                        // An alias inside its own anchor has no measure yet; building reports it.
                        Some((at, None)) => (What::Alias(at), Measure { nodes: 1, height: 1 }),
                        Some((at, Some(measure))) => {
                            self.expanded = self.expanded.saturating_add(measure.nodes);
                            if self.expanded > MAX_EXPANDED {
                                return Err(Refused::TooManyNodes(span));
                            }
                            if open.len() as u32 + measure.height > MAX_DEPTH {
                                return Err(Refused::TooDeep(span));
                            }
                            (What::Alias(at), measure)
                        }
                        None => (What::Unresolved, Measure { nodes: 1, height: 1 }),
                    };
                    self.leaf(what, start, end, None);
                    grow(&mut open, measure);
                }
                Event::UnresolvedAlias(_) => {
                    self.leaf(What::Unresolved, start, end, None);
                    grow(&mut open, Measure { nodes: 1, height: 1 });
                }
                Event::Anchor(_, name) => {
                    self.names.insert(name.into_owned(), Span::new(self.file, start as usize, end as usize));
                }
                _ => {}
            }
        }
    }

    fn refuse(&self, error: granit_parser::ScanError) -> Refused {
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            let at = error.marker().byte_offset().unwrap_or_default();
            return Refused::TooDeep(Span::new(self.file, at, at));
        }
        Refused::Syntax(error)
    }

    fn anchor(&mut self, anchor: usize, measure: Option<Measure>) {
        if anchor != 0 {
            self.anchors.insert(anchor, (narrow(self.nodes.len()), measure));
        }
    }

    fn leaf(&mut self, what: What<'a>, start: u32, end: u32, tag: Option<Box<Tag>>) {
        let next = narrow(self.nodes.len() + 1);
        self.nodes.push(Raw { what, start, end, next, tag });
    }

    fn begin(
        &mut self,
        open: &mut Vec<Open>,
        what: What<'a>,
        style: StructureStyle,
        anchor: usize,
        (start, end): (u32, u32),
        tag: Option<Box<Tag>>,
    ) -> Result<(), Refused> {
        if open.len() as u32 >= MAX_DEPTH {
            return Err(Refused::TooDeep(Span::new(self.file, start as usize, end as usize)));
        }
        self.anchor(anchor, None);
        let at = self.nodes.len();
        open.push(Open { at, flow: style == StructureStyle::Flow, measure: Measure { nodes: 1, height: 1 } });
        // `next` holds the anchor's number until the collection is complete.
        self.nodes.push(Raw { what, start, end, next: narrow(anchor), tag });
        Ok(())
    }

    fn finish(&mut self, closed: &Open, end: u32) {
        let next = narrow(self.nodes.len());
        let last = self.nodes.last().map_or(end, |node| node.end);
        let node = &mut self.nodes[closed.at];
        let anchor = node.next as usize;
        node.next = next;
        // The end the parser gives for a block collection is the start of what follows it.
        node.end = if closed.flow { end } else { last.max(node.start) };
        if let Some((_, measure)) = self.anchors.get_mut(&anchor) {
            *measure = Some(closed.measure);
        }
    }

    /// A block scalar's place without the blank lines after it; an empty value's place right behind
    /// what stands before it, where the parser gives the start of what follows.
    fn scalar_place(&self, start: u32, end: u32, block: bool) -> (u32, u32) {
        let (from, to) = (start as usize, end as usize);
        if block {
            let content = self.text.get(from..to).map_or(0, |text| text.trim_end().len());
            return (start, narrow(from + content));
        }
        (start, end)
    }
}

/// Adds a child's measure to the collection it stands in.
fn grow(open: &mut [Open], child: Measure) {
    if let Some(parent) = open.last_mut() {
        parent.measure.nodes = parent.measure.nodes.saturating_add(child.nodes);
        parent.measure.height = parent.measure.height.max(child.height + 1);
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

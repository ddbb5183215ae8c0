//! The ways a file is broken: each changes one thing, and says where that is.

use rcompose::yaml::{Kind, Node};

use super::dice::Dice;
use super::oracle::Oracle;
use super::spots::{Spot, spots};

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// A slip of the finger in a key of the format.
    Key,
    /// A value of another type.
    Type,
    /// A key that must be there is gone.
    Missing,
    /// A reference to something that isn't declared.
    Reference,
    /// A declaration that others refer to is gone.
    Declaration,
    /// A line indented wrongly.
    Indentation,
    /// A port mapping that is none.
    Port,
    /// A duration, a size or a number that is none.
    Quantity,
    /// A word that isn't among those allowed.
    Word,
    /// A variable that is never closed.
    Variable,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 10] = [
        Mistake::Key,
        Mistake::Type,
        Mistake::Missing,
        Mistake::Reference,
        Mistake::Declaration,
        Mistake::Indentation,
        Mistake::Port,
        Mistake::Quantity,
        Mistake::Word,
        Mistake::Variable,
    ];
}

/// A broken copy of a file.
#[derive(Clone, Debug)]
pub struct Breakage {
    /// The kind of mistake.
    pub mistake: Mistake,
    /// The whole text with the mistake in it.
    pub text: String,
    /// The lines that may be told, from 1: mostly one.
    pub lines: Vec<usize>,
    /// What was done, for people.
    pub what: String,
    /// The word that was written before, where a program could guess it.
    pub meant: Option<String>,
    /// Whether the text must be refused whatever the schema says.
    pub surely: bool,
}

/// At most so many breakages of one kind. Those that leave a file which must not be refused are left out;
/// where the file is not `alone`, others decide what its shape must be and what it need not declare.
pub fn breakages(
    text: &str,
    root: &Node,
    mistake: Mistake,
    most: usize,
    oracle: &Oracle,
    alone: bool,
    dice: &mut Dice,
) -> Vec<Breakage> {
    let file = File { text, spots: spots(&oracle.schema, root) };
    let mut all = Vec::new();
    let base_is_good = alone && !oracle.refuses(text);
    for at in dice.some((0..file.spots.len()).collect(), usize::MAX) {
        if all.len() == most {
            break;
        }
        let Some(broken) = file.breakage(&file.spots[at], mistake, dice) else { continue };
        if broken.text == text {
            continue;
        }
        let bad = match mistake {
            Mistake::Declaration if !alone => false,
            _ if broken.surely => true,
            Mistake::Indentation if !is_yaml(&broken.text) => is_yaml(text),
            _ => base_is_good && oracle.refuses(&broken.text),
        };
        if bad {
            all.push(broken);
        }
    }
    all
}

/// Whether another YAML library reads it.
fn is_yaml(text: &str) -> bool {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text).all(|document| serde_yaml::Value::deserialize(document).is_ok())
}

struct File<'a> {
    text: &'a str,
    spots: Vec<Spot<'a>>,
}

impl<'a> File<'a> {
    fn breakage(&self, spot: &Spot<'_>, mistake: Mistake, dice: &mut Dice) -> Option<Breakage> {
        let broken = match mistake {
            Mistake::Key => self.key(spot, dice),
            Mistake::Type => self.kind(spot, dice),
            Mistake::Missing => self.missing(spot),
            Mistake::Reference => self.reference(spot, dice),
            Mistake::Declaration => self.declaration(spot),
            Mistake::Indentation => self.indentation(spot, dice),
            Mistake::Port => self.port(spot, dice),
            Mistake::Quantity => self.quantity(spot, dice),
            Mistake::Word => self.word(spot, dice),
            Mistake::Variable => self.variable(spot),
        }?;
        Some(Breakage { mistake, ..broken })
    }

    // ---- the ways ---------------------------------------------------------------------------------------

    fn key(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        let (key, known) = (spot.key?, spot.closed?);
        let span = self.written(key.span.start, key.span.end, &key.text)?;
        let typed = typo(&key.text, dice);
        if known.contains_key(&typed) || typed.starts_with("x-") || typed.is_empty() {
            return None;
        }
        let mut broken = self.put(span, &typed, format!("`{}` becomes `{typed}`", spot.shown()));
        broken.meant = Some(key.text.clone());
        broken.surely = true;
        Some(broken)
    }

    fn kind(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        spot.rule?;
        spot.parent?;
        let (start, end) = (spot.value.span.start as usize, spot.value.span.end as usize);
        let written = self.text.get(start..end)?;
        let holder = match spot.key {
            Some(key) => key.span.end as usize,
            None => start,
        };
        // Values that are anchors, or come through an alias, stand elsewhere too.
        if start < holder || written.is_empty() || self.text.get(holder..end)?.contains(['&', '!', '*', '$'])
        {
            return None;
        }
        let replaced = match &spot.value.kind {
            Kind::Mapping(_) | Kind::Sequence(_) => {
                let key = spot.key?;
                let place = (key.span.end as usize, end);
                return Some(self.put_at(
                    place,
                    ": text",
                    self.line(key.span.start as usize),
                    self.became(spot, "text"),
                ));
            }
            _ if written.contains('\n') => return None,
            Kind::Int(_) | Kind::UInt(_) | Kind::Float(_) | Kind::Bool(_) if dice.one_in(2) => {
                "many".to_owned()
            }
            _ if dice.one_in(2) => format!("[{written}]"),
            _ => format!("{{a: {written}}}"),
        };
        Some(self.put((start, end), &replaced, self.became(spot, &replaced)))
    }

    fn missing(&self, spot: &Spot<'_>) -> Option<Breakage> {
        let parent = &self.spots[spot.parent?];
        let runs = ["build", "provider", "extends", "<<"];
        let image = spot.is(&["services", "*", "image"]) || spot.is(&["services", "*", "build"]);
        let alone = || {
            !runs.iter().chain(&["image"]).any(|key| spot.path[2] != *key && parent.value.get(key).is_some())
        };
        if !(spot.required || image && alone()) {
            return None;
        }
        let key = spot.key?;
        // What a merge key brings stands elsewhere, and is missing in more than one place.
        if key.span.start < parent.value.span.start || key.span.start >= parent.value.span.end {
            return None;
        }
        let (first, last) = self.lines_of(spot)?;
        let line = self.whole_line(first);
        let before = &self.text[line.0..key.span.start as usize];
        let place = match before.trim() {
            "" => (line.0, self.whole_line(last).1),
            // The first key of a list's item: the next one takes its place.
            "-" => {
                let map = parent.value.as_mapping()?;
                let next = map
                    .iter()
                    .nth(1)
                    .filter(|_| map.iter().next().is_some_and(|e| e.key.span == key.span))?;
                (key.span.start as usize, next.key.span.start as usize)
            }
            _ => return None,
        };
        let holder = match parent.key {
            Some(key) => self.line(key.span.start as usize),
            None => self.line(parent.value.span.start as usize),
        };
        let mut broken = self.put_at(place, "", holder, format!("`{}` is gone", spot.shown()));
        broken.surely = true;
        Some(broken)
    }

    fn reference(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        let (section, place, name) = self.refers(spot)?;
        let typed = typo(name, dice);
        let known = self.spots[0].value.get(section).and_then(Node::as_mapping);
        let taken = known.is_some_and(|map| map.contains_key(&typed));
        let plain = typed.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let letter = typed.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        // Of two mounts at one target the later counts.
        let hidden = section == "volumes" && spot.key.is_none() && {
            let mount = self.scalar(spot)?.1.trim_start_matches(name).split(':').nth(1)?;
            let others = self.spots.iter().filter(|other| other.parent == spot.parent);
            others.filter(|other| self.scalar(other).is_some_and(|(_, text)| text.contains(mount))).count()
                > 1
        };
        // A volume's name of one letter is a drive's.
        if hidden || taken || !plain || !letter || typed == "default" || typed.len() < 2 {
            return None;
        }
        let what = format!("`{}` refers to `{typed}` instead of `{name}`", spot.shown());
        let mut broken = self.put(place, &typed, what);
        broken.meant = known.filter(|map| map.contains_key(name)).map(|_| name.to_owned());
        broken.surely = true;
        Some(broken)
    }

    fn declaration(&self, spot: &Spot<'_>) -> Option<Breakage> {
        let key = spot.key?;
        let [section, name] = spot.path.as_slice() else { return None };
        if name == "default" {
            return None;
        }
        let (mut first, last) = self.lines_of(spot)?;
        let section_of = &self.spots[spot.parent?];
        if section_of.value.as_mapping()?.len() == 1 {
            // The last one takes its section with it.
            first = self.line(section_of.key?.span.start as usize);
        }
        let place = (self.whole_line(first).0, self.whole_line(last).1);
        let inside =
            self.text.get(self.whole_line(self.line(key.span.start as usize)).0..key.span.start as usize)?;
        if !inside.trim().is_empty() || self.text[place.0..place.1].contains('&') {
            return None;
        }
        let gone = last - first + 1;
        let users = self.spots.iter().filter(|other| other.path.get(..2) != Some(&spot.path[..])).filter_map(
            |other| {
                let (of, place, used) = self.refers(other)?;
                let line = self.line(place.0);
                (of == section && used == name).then(|| if line > last { line - gone } else { line })
            },
        );
        let lines: Vec<usize> = users.collect();
        if lines.is_empty() {
            return None;
        }
        let mut broken = self.put_at(place, "", 0, format!("`{}` is gone", spot.shown()));
        (broken.lines, broken.surely) = (lines, true);
        Some(broken)
    }

    fn indentation(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        spot.parent?;
        let start = spot.key.map_or(spot.value.span.start, |key| key.span.start) as usize;
        let number = self.line(start);
        let line = self.whole_line(number);
        let before = self.text.get(line.0..start)?;
        if !before.trim_start().is_empty() && before.trim() != "-" {
            return None;
        }
        let indent = before.len() - before.trim_start().len();
        let by = *dice.pick(&[-2_isize, -1, 1, 1, 2, 2]);
        let new = indent.checked_add_signed(by)?;
        let what = format!("line {number} (`{}`) is indented by {new} instead of {indent}", spot.shown());
        let indented = if dice.one_in(6) { "\t".repeat(indent / 2) } else { " ".repeat(new) };
        Some(self.put((line.0, line.0 + indent), &indented, what))
    }

    fn port(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        if !spot.is(&["services", "*", "ports", "*"]) {
            return None;
        }
        let (place, written) = self.scalar(spot)?;
        if !written.bytes().next()?.is_ascii_digit() {
            return None;
        }
        let container = written.rsplit(':').next()?.split('/').next()?;
        let replaced = match dice.below(4) {
            0 => format!("{written}x"),
            1 => written.replacen(container, &format!("{container}0000"), 2),
            2 => format!("{}/tpc", written.split('/').next()?),
            _ => written.replacen(&container[..1], "o", 2),
        };
        let mut broken = self.put(place, &replaced, self.became(spot, &replaced));
        broken.surely = true;
        Some(broken)
    }

    fn quantity(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        spot.rule?;
        let key = spot.key?.text.as_str();
        let wrong: &[&str] = match key {
            "interval" | "timeout" | "start_period" | "start_interval" | "stop_grace_period" | "delay"
            | "monitor" | "window" => &["30x", "soon", "1 minute", "90"],
            "mem_limit" | "memswap_limit" | "mem_reservation" | "shm_size" | "memory" => {
                &["12qb", "lots", "1,5g"]
            }
            "cpus" => &["half", "1,5", "0.5x"],
            _ => return None,
        };
        let (place, _) = self.scalar(spot)?;
        let wrong = *dice.pick(wrong);
        let mut broken = self.put(place, wrong, self.became(spot, wrong));
        // A duration without a unit is wrong unless it stands in quotes; the schema knows.
        broken.surely = wrong != "90";
        Some(broken)
    }

    fn word(&self, spot: &Spot<'_>, dice: &mut Dice) -> Option<Breakage> {
        let rule = spot.rule?;
        rule.get("enum").or_else(|| rule.get("pattern"))?;
        let (place, written) = self.scalar(spot)?;
        let typed = typo(written, dice);
        let mut broken = self.put(place, &typed, self.became(spot, &typed));
        broken.meant = rule.get("enum").map(|_| written.to_owned());
        Some(broken)
    }

    fn variable(&self, spot: &Spot<'_>) -> Option<Breakage> {
        spot.parent?;
        if spot.path[0].starts_with("x-") || !matches!(spot.value.kind, Kind::String(_)) {
            return None;
        }
        let (start, end) = (spot.value.span.start as usize, spot.value.span.end as usize);
        let written = self.text.get(start..end).filter(|text| !text.contains('\n'))?;
        let open = written.rfind("${").filter(|at| !written[..*at].ends_with('$'))?;
        let close = open + written[open..].find('}')?;
        if written[close + 1..].contains('}') {
            return None;
        }
        let what = format!("`{}` has a variable that is never closed", spot.shown());
        let mut broken = self.put((start + close, start + close + 1), "", what);
        broken.surely = true;
        Some(broken)
    }

    // ---- what things refer to ---------------------------------------------------------------------------

    /// The section, place and name of what a spot refers to.
    fn refers(&self, spot: &Spot<'_>) -> Option<(&'static str, (usize, usize), &'a str)> {
        let at_key = || {
            let key = spot.key?;
            let place = self.written(key.span.start, key.span.end, &key.text)?;
            Some((place, &self.text[place.0..place.1]))
        };
        let whole = || self.scalar(spot);
        let kind = || self.spots[spot.parent?].value.get("type").and_then(Node::as_str);
        let path: Vec<&str> = spot.path.iter().map(String::as_str).collect();
        let (section, (place, name)) = match path.as_slice() {
            ["services", _, "networks", item] if item.starts_with('[') => ("networks", whole()?),
            ["services", _, "networks", _] => ("networks", at_key()?),
            ["services", _, "depends_on", item] if item.starts_with('[') => ("services", whole()?),
            ["services", _, "depends_on", _] => {
                let optional = spot.value.get("required").is_some();
                ("services", at_key().filter(|_| !optional)?)
            }
            ["services", _, "extends"] => ("services", whole()?),
            ["services", _, "extends", "service"] => {
                let elsewhere = self.spots[spot.parent?].value.get("file").is_some();
                ("services", whole().filter(|_| !elsewhere)?)
            }
            ["services", _, "network_mode"] => {
                let (place, text) = whole()?;
                let name = text.strip_prefix("service:")?;
                ("services", ((place.1 - name.len(), place.1), name))
            }
            ["services", _, "volumes", _] => {
                let (place, text) = whole()?;
                let (name, _) = text.split_once(':')?;
                ("volumes", ((place.0, place.0 + name.len()), name))
            }
            ["services", _, "volumes", _, "source"] if kind() == Some("volume") => ("volumes", whole()?),
            ["services", _, "secrets", _] | ["services", _, "secrets", _, "source"] => ("secrets", whole()?),
            ["services", _, "configs", _] | ["services", _, "configs", _, "source"] => ("configs", whole()?),
            _ => return None,
        };
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let first = name.bytes().next()?;
        (plain && first.is_ascii_alphanumeric()).then_some((section, place, name))
    }

    // ---- the text ---------------------------------------------------------------------------------------

    /// The inside of a scalar on one line, without quotes, variables or escapes.
    fn scalar(&self, spot: &Spot<'_>) -> Option<((usize, usize), &'a str)> {
        let (start, end) = (spot.value.span.start as usize, spot.value.span.end as usize);
        let holder = spot.key.map_or(start, |key| key.span.end as usize);
        let written = self.text.get(start..end)?;
        let bare = written.trim_matches(['"', '\'']);
        let quotes = written.find(bare)?;
        let sound = !bare.is_empty() && !bare.contains(['\n', '$', '\\', '"', '\'']);
        let place = (start + quotes, start + quotes + bare.len());
        let scalar = !matches!(spot.value.kind, Kind::Mapping(_) | Kind::Sequence(_));
        (scalar && sound && start >= holder).then_some((place, bare))
    }

    fn written(&self, start: u32, end: u32, text: &str) -> Option<(usize, usize)> {
        let (start, end) = (start as usize, end as usize);
        let written = self.text.get(start..end)?;
        let quotes = usize::from(written.starts_with(['"', '\'']));
        (written.get(quotes..written.len() - quotes)? == text).then_some((start + quotes, end - quotes))
    }

    /// The first and last line of a key with its value, when nothing else stands on them.
    fn lines_of(&self, spot: &Spot<'_>) -> Option<(usize, usize)> {
        let key = spot.key?;
        let first = self.line(key.span.start as usize);
        let end = spot.value.span.end.max(key.span.end) as usize;
        let rest = self.text.get(end..self.whole_line(self.line(end.saturating_sub(1))).1)?.trim();
        let rest = rest.trim_start_matches(':').trim_start();
        let aliased = spot.value.span.start < key.span.start;
        ((rest.is_empty() || rest.starts_with('#')) && !aliased).then(|| (first, self.line(end - 1)))
    }

    fn line(&self, at: usize) -> usize {
        1 + self.text[..at].matches('\n').count()
    }

    /// The bytes of a line, with its end.
    fn whole_line(&self, number: usize) -> (usize, usize) {
        let start: usize = self.text.split_inclusive('\n').take(number - 1).map(str::len).sum();
        let length = self.text[start..].find('\n').map_or(self.text.len() - start, |at| at + 1);
        (start, start + length)
    }

    fn became(&self, spot: &Spot<'_>, what: &str) -> String {
        format!("`{}` becomes `{what}`", spot.shown())
    }

    fn put(&self, place: (usize, usize), new: &str, what: String) -> Breakage {
        self.put_at(place, new, self.line(place.0), what)
    }

    fn put_at(&self, place: (usize, usize), new: &str, line: usize, what: String) -> Breakage {
        let text = format!("{}{new}{}", &self.text[..place.0], &self.text[place.1..]);
        Breakage { mistake: Mistake::Key, text, lines: vec![line], what, meant: None, surely: false }
    }
}

/// A word with a slip of the finger in it.
fn typo(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = dice.below(letters.len());
    match dice.below(4) {
        0 if at + 1 < letters.len() && letters[at] != letters[at + 1] => letters.swap(at, at + 1),
        1 if letters.len() > 2 => {
            letters.remove(at);
        }
        2 => letters[at] = *dice.pick(&['e', 'o', 's', 't', 'r', 'n']),
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

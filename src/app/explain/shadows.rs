//! What a value took the place of.

use super::facts::Facts;
use super::lookup;
use super::{Explainer, FactKind};
use crate::diag::Span;
use crate::load::provenance::{self, How, contains};
use crate::yaml::{Found, Path, Segment};

impl Explainer<'_> {
    /// What the value took the place of.
    pub(super) fn shadows(&self, path: &Path, trail: &[Found<'_>], facts: &mut Facts) {
        let homes = self.homes(path);
        let mut told: Vec<Span> = Vec::new();
        for depth in (1..trail.len()).rev() {
            let found = trail[depth];
            let key = found.key.map_or(Span::NONE, |key| key.span);
            let mut winners = vec![found.node.span, key];
            let mut at = 0;
            while at < winners.len() {
                let winner = winners[at];
                at += 1;
                if !winner.is_some() {
                    continue;
                }
                let here = |other: &Path| {
                    homes.iter().any(|home| home.0.len() >= depth && alike(&home.0[..depth], &other.0))
                };
                for lost in
                    self.provenance.shadowed.iter().filter(|lost| lost.by == winner && here(&lost.path))
                {
                    if told.contains(&lost.span) {
                        continue;
                    }
                    told.push(lost.span);
                    winners.push(lost.span);
                    self.lost(lost.span, &lost.value, words_of_step(lost.how), facts);
                }
            }
        }
        for borrowed in self.provenance.borrowed.iter().filter(|borrowed| borrowed.merge) {
            for home in &homes {
                let Some([Segment::Key(key), rest @ ..]) = home.0.strip_prefix(borrowed.path.0.as_slice())
                else {
                    continue;
                };
                let hidden = borrowed.hidden.iter().find(|(name, _)| name == key);
                let hidden = hidden.and_then(|(_, node)| lookup::resolve(node, rest).ok());
                let Some((_, node)) = hidden.filter(|(_, node)| !told.contains(&node.span)) else { continue };
                told.push(node.span);
                // The own key may hold the same thing, merged in or by an alias: then nothing was lost.
                if self.leads_to(path, trail, node.span) {
                    facts.push(FactKind::Alias, "also merged in here", borrowed.alias);
                    continue;
                }
                let why = "the mapping's own key wins over the merged one";
                self.lost(node.span, &provenance::text(node), why, facts);
            }
        }
    }

    /// Whether what was written at a place is what stands at the path, or is merged into it whole.
    fn leads_to(&self, path: &Path, trail: &[Found<'_>], written: Span) -> bool {
        let stands = trail.get(path.0.len()).is_some_and(|found| {
            let span = found.node.span;
            // The place of an item that was `key: value` has both.
            span == written || found.node.as_mapping().is_none() && contains(span, written)
        });
        stands
            || self.provenance.borrowed.iter().any(|borrowed| {
                borrowed.merge
                    && borrowed.hidden.is_empty()
                    && borrowed.path == *path
                    && borrowed.source == written
            })
    }

    fn lost(&self, span: Span, value: &str, why: &str, facts: &mut Facts) {
        let written = self.sources().slice(span).filter(|text| !text.contains('\n'));
        facts.push(FactKind::Shadows, format!("lost its place: {why}"), span).value =
            Some(written.map_or_else(|| value.to_owned(), str::to_owned));
    }

    /// The path, and those below the services it takes over from.
    pub(super) fn homes(&self, path: &Path) -> Vec<Path> {
        let mut homes = vec![path.clone()];
        let mut at = 0;
        while at < homes.len() {
            for extended in &self.provenance.extended {
                if let Some(rest) = homes[at].0.strip_prefix(extended.to.0.as_slice()) {
                    let home = Path(extended.from.0.iter().chain(rest).cloned().collect());
                    if !homes.contains(&home) {
                        homes.push(home);
                    }
                }
            }
            at += 1;
        }
        homes
    }
}

fn words_of_step(how: How) -> &'static str {
    match how {
        How::Merge => "what comes later wins",
        How::Extends => "the service that extends wins",
        How::Include => "the file that includes wins",
        How::Tag(_) => "a tag replaces it",
    }
}

/// Whether two paths are the same, whatever the positions in lists: they change while lists are merged.
fn alike(a: &[Segment], b: &[Segment]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Segment::Key(a), Segment::Key(b)) => a == b,
            (Segment::Index(_), Segment::Index(_)) => true,
            _ => false,
        })
}

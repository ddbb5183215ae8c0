//! Variables that are not set, named by the errors about the values that hold them.

use super::super::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};

impl Diagnostics {
    /// Names in each error about a value the variables inside it that are not set: how the value should look is
    /// little help where a part of it is empty for want of a variable.
    pub fn name_unset(&mut self, sources: &SourceMap) {
        let places =
            self.list.iter().filter(|found| found.code == Code::UnsetVariable && found.span.is_some());
        let mut places: Vec<Span> = places.map(|found| found.span).collect();
        places.sort_unstable();
        places.dedup();
        let about_values =
            |found: &&mut Diagnostic| found.severity == Severity::Error && found.code.is_of_value();
        for found in self.list.iter_mut().filter(about_values) {
            let (file, start, end) = (found.span.file, found.span.start, found.span.end);
            let first = places.partition_point(|place| (place.file, place.start) < (file, start));
            let inside = places[first..].iter().take_while(|place| place.file == file && place.end <= end);
            let mut names: Vec<String> = Vec::new();
            for written in
                inside.filter_map(|place| sources.slice(*place)).filter(|text| text.starts_with('$'))
            {
                let name = format!("`{written}`");
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let help = match names.as_slice() {
                [] => continue,
                [one] => format!("{one} is not set, so it is empty here"),
                [most @ .., last] => {
                    format!("{} and {last} are not set, so they are empty here", most.join(", "))
                }
            };
            found.help.insert(0, help);
        }
    }
}

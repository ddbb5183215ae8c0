use super::book::Types;
use super::*;

#[test]
fn the_embedded_schema_is_read_whole_and_its_branches_never_overlap() {
    let book = Book::read(SOURCE).unwrap();
    for rule in book.rules() {
        for branches in rule.choices.iter().filter(|list| list.len() > 1) {
            let mut seen = Types::ANY;
            for id in branches {
                let types = walk::all_types(&book, book.rule(*id));
                // An untyped branch only names required keys (`anyOf`).
                assert!(!seen.meets(types), "two branches of {:?} take the same type", rule.title);
                seen = seen.or(types);
            }
        }
    }
}

//! "Did you mean": the nearest of the known words.

/// Candidates that are looked at: of more names than people write, the first will do.
const MOST: usize = 500;

/// Characters that a word may have: what is longer is no slip of the finger.
const LONGEST: usize = 100;

/// The candidate nearest to `word`, when it is near enough to be a slip of the finger.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let length = wanted.chars().count();
    if length > LONGEST {
        return None;
    }
    let limit = match length {
        0..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .take(MOST)
        .filter(|candidate| *candidate != word)
        .filter(|candidate| may_be_near(word, candidate, limit))
        .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit && *distance < length.max(candidate.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether two words may be that near, by their letters alone: what each has and the other has not.
fn may_be_near(word: &str, candidate: &str, limit: usize) -> bool {
    // A slip changes one letter, of four bytes at most, for another; case doesn't count.
    let most = 8 * limit;
    if word.len().abs_diff(candidate.len()) > most {
        return false;
    }
    if !word.is_ascii() || !candidate.is_ascii() {
        return true;
    }
    let mut counts = [0_i32; 128];
    word.bytes().for_each(|byte| counts[usize::from(byte.to_ascii_lowercase())] += 1);
    candidate.bytes().for_each(|byte| counts[usize::from(byte.to_ascii_lowercase())] -= 1);
    counts.iter().map(|count| count.unsigned_abs() as usize).sum::<usize>() <= 2 * limit
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let keys = ["image", "environment", "ports", "volumes"];
        assert_eq!(nearest("imgae", keys), Some("image"));
        assert_eq!(nearest("enviroment", keys), Some("environment"));
        assert_eq!(nearest("Ports", keys), Some("ports"));
        assert_eq!(nearest("zzz", keys), None);
        assert_eq!(nearest("env", ["dns", "user"]), None);
        assert_eq!(nearest("x", ["a"]), None);
    }
}

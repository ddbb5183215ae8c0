//! The order of keys in printed YAML.

use std::cmp::Ordering;

/// Compares two keys as people would: runs of digits by their value, letters behind other
/// characters.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    // Keys are mostly short and rarely alike for long, so the runes are walked, not collected.
    let mut digits = false;
    let mut equal = 0;
    let (mut left, mut right) = (a.chars(), b.chars());
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (Some(x), Some(y)) => (x, y),
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
        };
        if x == y {
            digits = x.is_numeric();
            equal += x.len_utf8();
            continue;
        }
        return match (x.is_alphabetic(), y.is_alphabetic()) {
            (true, true) => x.cmp(&y),
            (true, false) => {
                if digits {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if digits {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => numbers(a, b, equal, x, y),
        };
    }
}

/// Two strings that differ at byte `at`, with no letter on either side.
fn numbers(a: &str, b: &str, at: usize, x: char, y: char) -> Ordering {
    let mut start = 0_i64;
    if x == '0' || y == '0' {
        // A zero inside a number counts; a leading one doesn't.
        let before = a[..at].chars().rev().take_while(|c| c.is_numeric());
        if before.into_iter().any(|c| c != '0') {
            start = 1;
        }
    }
    let read = |text: &str| {
        text.chars().take_while(|c| c.is_numeric()).fold((start, 0_usize), |(value, length), c| {
            // Any numeral counts by its distance from `0`, wrapping, as it does over there.
            let digit = i64::from(u32::from(c)) - i64::from(u32::from('0'));
            (value.wrapping_mul(10).wrapping_add(digit), length + 1)
        })
    };
    let ((left, left_length), (right, right_length)) = (read(&a[at..]), read(&b[at..]));
    left.cmp(&right).then(left_length.cmp(&right_length)).then(x.cmp(&y))
}

#[cfg(test)]
mod tests {
    use super::natural_cmp;

    #[test]
    fn the_known_order_holds() {
        let known = "_x, 1, 01, 2, 10, A, B, Z9, Z10, a, \"a b\", a-b, a.b, a_b, a1, a1b, a1.5, a1.10, a01, a2, a10, aB, ab, b-1, b_1, é";
        let known: Vec<&str> = known.split(", ").map(|k| k.trim_matches('"')).collect();
        let mut sorted = known.clone();
        sorted.sort();
        sorted.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(sorted, known);
    }
}

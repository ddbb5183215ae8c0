//! Sizes as the Docker command line writes them.

/// Bytes with four digits at most: `12.3MB`.
#[expect(clippy::cast_precision_loss, reason = "shown rounded")]
pub fn text(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return format!("{}{unit}", significant(size));
        }
        size /= 1000.0;
    }
    format!("{}TB", significant(size))
}

/// Three or four digits, none of them after the point when it is whole.
fn significant(size: f64) -> String {
    let text = match size {
        ..10.0 => format!("{size:.3}"),
        ..100.0 => format!("{size:.2}"),
        _ => format!("{size:.1}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [0, 999, 1000, 12_345_678, 4_260_000_000].map(text),
            ["0B", "999B", "1kB", "12.35MB", "4.26GB"]
        );
    }
}

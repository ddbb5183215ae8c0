//! Tables as the Docker command line writes them: columns at least so wide, so many blanks between,
//! trailing blanks after the last cell left out only where the reference leaves them out.

use console::measure_text_width;

/// Lays rows out. Every column but the last is as wide as its widest cell plus `padding`, and at least
/// `minimum`; the last cell of a row is not padded.
pub fn layout(rows: &[Vec<String>], minimum: usize, padding: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter(|row| row.len() > column + 1)
            .map(|row| measure_text_width(&row[column]) + padding)
            .max()
            .unwrap_or(0)
            .max(minimum)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                let blanks = widths[column].saturating_sub(measure_text_width(cell));
                text.extend(std::iter::repeat_n(' ', blanks));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn columns_line_up() {
        let rows = [["NAME", "STATUS"], ["a-very-long-name", "x"]].map(|r| r.map(String::from).to_vec());
        assert_eq!(layout(&rows, 10, 3), "NAME               STATUS\na-very-long-name   x\n");
    }
}

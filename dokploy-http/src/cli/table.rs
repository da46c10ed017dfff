//! Columns of text.

use unicode_width::UnicodeWidthStr as _;

/// Lays rows out in columns that are as wide as their widest cell. The first row is the head.
pub(crate) fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded =
            cells.map(|(cell, width)| format!("{cell}{}  ", " ".repeat(width - cell.width())));
        padded.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let table = [
            row(["NAME", "STATUS"]),
            row(["画像-app", "running"]),
            row(["a", ""]),
        ];
        assert_eq!(
            lines(&table),
            ["NAME      STATUS", "画像-app  running", "a"]
        );
    }
}

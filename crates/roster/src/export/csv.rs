//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.
//!
//! A cell that begins with `=`, `+`, `-` or `@` is a formula to a spreadsheet, whoever wrote it into a name. An apostrophe
//! before it makes it a text again. So that nothing is lost, a cell that begins with apostrophes and then one of these gets
//! one more: who reads the file removes one apostrophe from every cell that begins with apostrophes and one of the four.

use std::borrow::Cow;

use super::cells::Cells;

/// What makes a cell a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Rows as lines, after a line of their columns' names if they are the first.
pub(super) fn lines<T: Cells>(items: &[T], header: bool) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if header {
        writer.write_record(T::HEADER)?;
    }
    for item in items {
        for cell in item.cells() {
            writer.write_field(guarded(&cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

/// The cell as it is written.
fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(FORMULA) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader of the file does.
    fn plain(cell: &str) -> &str {
        let formula = cell.trim_start_matches('\'').starts_with(FORMULA);
        if formula { cell.strip_prefix('\'').unwrap_or(cell) } else { cell }
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula_and_none_is_lost(cell in "['=+@a\\-]{0,6}") {
            let written = guarded(&cell);
            prop_assert!(!written.starts_with(FORMULA));
            prop_assert_eq!(plain(&written), &cell);
        }
    }
}

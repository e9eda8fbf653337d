//! The factors of a report as a table (CSV), for spreadsheets.

use super::Report;

const COLUMNS: [&str; 12] =
    ["factor", "objective", "name", "state", "option", "label", "seal", "confidence", "quotes", "first quote", "link", "justification"];

/// Writes the table.
///
/// # Errors
/// A line cannot be written, which memory does not refuse.
pub fn write(report: &Report) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for factor in &report.factors {
        let first = factor.evidence.first().and_then(|id| report.evidence(id));
        let number = |number: Option<u8>| number.map_or_else(String::new, |n| n.to_string());
        table.write_record([
            factor.id.to_string(),
            factor.objective.clone(),
            plain(&factor.name),
            factor.state.name().to_owned(),
            number(factor.option),
            factor.label.as_deref().map_or_else(String::new, plain),
            number(factor.seal),
            factor.confidence.map_or_else(String::new, |p| p.to_string()),
            factor.evidence.len().to_string(),
            first.map_or_else(String::new, |e| plain(&e.quote)),
            first.map_or_else(String::new, |e| plain(&e.link)),
            plain(&factor.justification),
        ])?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// Words that a spreadsheet does not take for a formula: pages may say anything.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_page_are_never_a_formula() {
        assert_eq!(plain("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(plain("governed by German law"), "governed by German law");
    }
}

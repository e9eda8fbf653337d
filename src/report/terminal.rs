//! The report as a card in a terminal.
//!
//! Colour and width are the caller's choice; without colour every mark still says what it means.

mod gates;

use std::fmt::Write as _;

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

use super::{FactorReport, Report};
use crate::domain::answer::{Band, State};
use crate::domain::evidence::Claim;
use crate::domain::id::FactorId;
use crate::framework::Framework;
use crate::score::Scorecard;

/// How the card is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: bool,
}

struct Pen {
    out: String,
    width: usize,
    colour: bool,
}

/// Draws the card of a check.
pub fn draw(report: &Report, look: Look) -> String {
    let name = |id: &FactorId| report.factors.iter().find(|f| f.id == *id).map_or("", |f| f.name.as_str());
    let mut pen = Pen::new(look);
    pen.head(report);
    pen.verdicts(report);
    pen.objectives(&report.scorecard);
    pen.levels(&report.scorecard);
    pen.flips(&report.scorecard, name);
    pen.answers(report);
    pen.missing(report);
    pen.hosts(report);
    pen.unread(report);
    pen.out
}

/// Draws a scorecard alone, as `sovcheck score` shows it.
pub fn draw_score(framework: &Framework, card: &Scorecard, look: Look) -> String {
    let name = |id: &FactorId| framework.factor(id).map_or("", |f| f.name.as_str());
    let mut pen = Pen::new(look);
    let title = pen.bold(&framework.title);
    pen.line(&format!("\n{title} ({})", framework.edition));
    let seals: Vec<String> = framework.seals.iter().map(|s| s.name.clone()).collect();
    pen.result(card, &seals);
    let weights = framework.weight_set(Some(&card.weights)).map_or("", |w| w.title.as_str());
    let rounding = framework.rounding(Some(&card.rounding)).map_or("", |r| r.title.as_str());
    pen.line(&format!("  Answered   {} of {} factors", card.coverage.answered, card.coverage.factors));
    let how = pen.dim(&format!("  Weights    {weights}"));
    pen.line(&how);
    let how = pen.dim(&format!("  Rounding   {rounding}"));
    pen.line(&how);
    pen.objectives(card);
    if card.coverage.answered < card.coverage.factors {
        pen.levels(card);
    }
    pen.flips(card, name);
    pen.gates(card);
    pen.out
}

impl Pen {
    fn new(look: Look) -> Self {
        Self { out: String::new(), width: look.width.clamp(60, 110), colour: look.colour }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dim(), text)
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    fn title(&mut self, text: &str) {
        let rule = "─".repeat(self.width.saturating_sub(measure_text_width(text) + 3));
        let line = format!("\n{} {}", self.bold(text), self.dim(&rule));
        self.line(&line);
    }

    fn wrapped(&mut self, text: &str, indent: usize) {
        let room = self.width.saturating_sub(indent).max(20);
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > room {
                let full = format!("{}{line}", " ".repeat(indent));
                self.line(&full);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            let full = format!("{}{line}", " ".repeat(indent));
            self.line(&full);
        }
    }

    /// Wrapped and in one style.
    fn painted(&mut self, text: &str, indent: usize, style: Style) {
        let before = self.out.len();
        self.wrapped(text, indent);
        let text = self.out.split_off(before);
        let text = self.paint(style, text.trim_end_matches('\n'));
        self.line(&text);
    }

    /// Six columns.
    fn seal(&self, seal: Option<u8>) -> String {
        let Some(seal) = seal else { return self.dim("–     ") };
        let style = match seal {
            0 | 1 => Style::new().red().bold(),
            2 => Style::new().yellow().bold(),
            3 => Style::new().cyan().bold(),
            _ => Style::new().green().bold(),
        };
        self.paint(style, &format!("SEAL-{seal}"))
    }

    fn head(&mut self, report: &Report) {
        let card = &report.scorecard;
        let name = self.paint(Style::new().bold().underlined(), &report.service);
        self.line(&format!("\n{name}  {} ({})", report.framework.title, report.framework.edition));
        let notice = "Initial assessment from public documentation. Not a certification.";
        let notice = self.dim(notice);
        self.line(&notice);
        self.line("");
        self.result(card, &report.framework.seals);
        let seen = format!(
            "  Evidence   {} of {} factors answered, {} quotes, {} pages read",
            card.coverage.answered,
            card.coverage.factors,
            report.quotes(),
            report.pages.len()
        );
        self.line(&seen);
        let how = match &report.extraction.model {
            Some(model) => format!("model {model} and rules"),
            None => "embedded rules, no model".to_owned(),
        };
        let how = self.dim(&format!("  Weights    {}\n  Extraction {how}", report.framework.weights));
        self.line(&how);
    }

    fn result(&mut self, card: &Scorecard, seals: &[String]) {
        let seal_name = card.seal.and_then(|s| seals.get(usize::from(s))).cloned().unwrap_or_default();
        let seal = self.seal(card.seal);
        let bounds = self.dim(&format!("floor {}, ceiling {}", card.floor.seal, card.ceiling.seal));
        self.beside(&format!("  Overall    {seal} {seal_name} on the evidence"), &bounds);
        let score = card.weighted.map_or("–".to_owned(), |d| format!("{d} %"));
        let score = self.bold(&score);
        let plain = card.unweighted.map_or("–".to_owned(), |d| format!("{d} %"));
        let bounds =
            self.dim(&format!("floor {}, expected {}, ceiling {}", card.floor.weighted, card.expected.weighted, card.ceiling.weighted));
        self.beside(&format!("  Score      {score} weighted, {plain} unweighted"), &bounds);
    }

    /// A remark behind its line, or below it where the line is full.
    fn beside(&mut self, line: &str, remark: &str) {
        let fits = measure_text_width(line) + 3 + measure_text_width(remark) <= self.width;
        self.line(&format!("{line}{}{remark}", if fits { "   " } else { "\n             " }));
    }

    fn objectives(&mut self, card: &Scorecard) {
        // All columns but the name and the bar, with the spaces between.
        const REST: usize = 32;
        self.title("Objectives");
        let names: Vec<String> = card.objectives.iter().map(|o| format!("{} {}", o.id, o.name)).collect();
        let room = longest(&names).min(self.width - REST);
        // A bar that is too short says nothing.
        let bar = Some((self.width - REST - room).min(36)).filter(|bar| *bar >= 8);
        let legend = if bar.is_some_and(|bar| bar >= 20) { "█ floor ▒ to ceiling" } else { "" };
        let legend = cell(legend, bar.unwrap_or(0));
        let legend = self.dim(&format!("  {}  {legend}  evidence  SEAL    answered", " ".repeat(room)));
        self.line(&legend);
        for (o, name) in card.objectives.iter().zip(&names) {
            let cells = self.bar(o.floor.0, o.percent.map(|p| p.0), o.ceiling.0, bar.unwrap_or(0));
            let percent = o.percent.map_or("–  ".to_owned(), |p| format!("{:.1} %", p.0));
            let seal = self.seal(o.seal);
            self.line(&format!("  {}  {cells}  {percent:>8}  {seal}  {}/{}", cell(name, room), o.coverage.answered, o.coverage.factors));
        }
    }

    /// Solid to the floor, shaded to the ceiling, a mark where the evidence stands.
    fn bar(&self, floor: f64, percent: Option<f64>, ceiling: f64, width: usize) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns of a terminal")]
        let column = |value: f64| (value / 100.0 * width as f64).round().clamp(0.0, width as f64) as usize;
        let mark = percent.map(|p| column(p).min(width.saturating_sub(1)));
        let mut out = String::new();
        for i in 0..width {
            let cell = match i {
                _ if Some(i) == mark => self.bold("┃"),
                _ if i < column(floor) => self.paint(Style::new().cyan(), "█"),
                _ if i < column(ceiling) => self.paint(Style::new().cyan().dim(), "▒"),
                _ => self.dim("·"),
            };
            out.push_str(&cell);
        }
        out
    }

    fn levels(&mut self, card: &Scorecard) {
        let outlook = &card.seal_outlook;
        if outlook.answered_factors.is_empty() {
            return;
        }
        self.title("SEAL as a probability");
        let interval = |[low, high]: [u8; 2]| if low == high { format!("SEAL-{low}") } else { format!("SEAL-{low} to {high}") };
        let mut head = " ".repeat(18);
        for level in 0..outlook.all_factors.len() {
            head += "  ";
            head += &self.seal(u8::try_from(level).ok());
        }
        let head = format!("{head}   {}", self.dim("90 % within"));
        self.line(&head);
        let rows = [
            ("answered factors", &outlook.answered_factors, outlook.interval_90_answered),
            ("all factors", &outlook.all_factors, Some(outlook.interval_90)),
        ];
        for (what, parts, held) in rows {
            let cells: String = parts.iter().map(|p| format!("  {:>4.0} %", f64::from(*p) / 10_000.0)).collect();
            self.line(&format!("  {what:<16}{cells}   {}", held.map(interval).unwrap_or_default()));
        }
        let note = self.dim("  (an unanswered factor counts with every option alike)");
        self.line(&note);
    }

    fn flips<'n>(&mut self, card: &Scorecard, name: impl Fn(&FactorId) -> &'n str) {
        let flips = &card.flips;
        if flips.is_empty() {
            return;
        }
        self.title("One error here would change the SEAL");
        let rows: Vec<_> = flips
            .iter()
            .take(6)
            .map(|flip| {
                let to: Vec<String> = flip.would_be.iter().map(ToString::to_string).collect();
                (flip, name(&flip.factor), format!("→ {}", to.join(" or ")), f64::from(flip.probability) / 10_000.0)
            })
            .collect();
        let targets = longest(rows.iter().map(|(_, _, to, _)| to));
        let room = longest(rows.iter().map(|(_, name, ..)| name)).min(self.width.saturating_sub(targets + 34));
        for (flip, name, to, chance) in rows {
            let from = self.seal(Some(flip.seal));
            self.line(&format!(
                "  {:<8} {}  {from} {}  chance {chance:>2.0} %",
                flip.factor.as_str(),
                cell(name, room),
                cell(&to, targets)
            ));
        }
        if flips.len() > 6 {
            let more = self.dim(&format!("  and {} more in the report", flips.len() - 6));
            self.line(&more);
        }
    }

    fn gates(&mut self, card: &Scorecard) {
        if card.gates.is_empty() {
            return;
        }
        self.title("Award gates");
        for gate in &card.gates {
            let verdict = match (gate.certain, gate.on_evidence) {
                (true, _) => self.paint(Style::new().green(), "met"),
                (false, true) => self.paint(Style::new().yellow(), "met on the evidence"),
                (false, false) => self.paint(Style::new().red(), "not met"),
            };
            let held: Vec<&str> = gate.held_back_by.iter().map(FactorId::as_str).collect();
            let held = if gate.certain { String::new() } else { format!("  held back by {}", held.join(", ")) };
            self.line(&format!("  {} at least SEAL-{}: {verdict}{held}", gate.objective, gate.minimum));
        }
    }

    fn answers(&mut self, report: &Report) {
        self.title("Answers");
        for f in report.factors.iter().filter(|f| f.state != State::NotFound) {
            self.answer(report, f);
        }
    }

    fn answer(&mut self, report: &Report, f: &FactorReport) {
        let band = match f.band {
            Some(Band::High) => self.paint(Style::new().green(), "●●● high"),
            Some(Band::Medium) => self.paint(Style::new().yellow(), "●●○ medium"),
            Some(Band::Low) => self.paint(Style::new().red(), "●○○ low"),
            None => self.paint(Style::new().magenta(), f.state.name()),
        };
        let id = self.bold(f.id.as_str());
        let option = match (f.option, &f.label) {
            (Some(option), Some(label)) => format!("{option}/{} {label}", f.options),
            _ => String::new(),
        };
        self.line(&format!("  {id}  {}  {band}", f.name));
        if !option.is_empty() {
            self.wrapped(&option, 11);
        }
        let quotes = if f.state == State::Contradicted { 2 } else { 1 };
        for e in f.evidence.iter().take(quotes).filter_map(|id| report.evidence(id)) {
            let limits = if matches!(e.claim, Some(Claim::Limits(_))) { "limits: " } else { "" };
            self.painted(&format!("{limits}\u{201c}{}\u{201d}", shortened(&e.quote, 220)), 11, Style::new().italic());
            let address = report.page(e.page).map_or("", |p| p.address.as_str());
            let more = if f.evidence.len() > quotes { format!(", {} more", f.evidence.len() - quotes) } else { String::new() };
            let outdated = if e.outdated { ", outdated" } else { "" };
            self.painted(&format!("{address} · {}{outdated}{more}", e.tier.name()), 11, Style::new().dim());
        }
        if f.evidence.is_empty() {
            self.wrapped(&f.justification, 11);
        }
    }

    fn missing(&mut self, report: &Report) {
        let missing: Vec<&FactorReport> = report.factors.iter().filter(|f| f.state == State::NotFound).collect();
        if missing.is_empty() {
            return;
        }
        self.title(&format!("Not found: {} factors", missing.len()));
        let note = self.dim("  Unknown, not absent. Passages searched for each in brackets.");
        self.line(&note);
        for f in missing {
            let line = format!("  {:<8} {} [{}]", f.id.as_str(), f.name, f.receipt.passages);
            self.line(&line);
        }
    }

    fn hosts(&mut self, report: &Report) {
        if report.hosts.len() > 1 {
            self.title("Hosts of the service");
            for host in &report.hosts {
                let pages = report.pages_of(host);
                let role = host.role.as_deref().map(|role| format!(", {role}")).unwrap_or_default();
                let line = format!("  {} ({pages} pages{role}): {}", host.host, host.how);
                self.line(&truncate_str(&line, self.width, "…"));
            }
        }
    }

    fn unread(&mut self, report: &Report) {
        let reasons = report.unread_by_reason();
        if !reasons.is_empty() {
            self.title("Not read");
            for (why, count) in reasons {
                let first: Vec<&str> = report.unread.iter().filter(|u| u.why == why).take(2).map(|u| u.address.as_str()).collect();
                let more = if count > 2 { ", …" } else { "" };
                let line = format!("  {count:>4} {:<11} {}{more}", why.name(), first.join(", "));
                self.line(&truncate_str(&line, self.width, "…"));
            }
        }
        let aimed: Vec<_> = report.hidden.iter().filter(|h| h.text.addresses_assessor).collect();
        if !aimed.is_empty() {
            self.title(&format!("Texts that speak to an assessor: {}, none used", aimed.len()));
            for h in aimed {
                let words = h.text.words.split_whitespace().collect::<Vec<_>>().join(" ");
                let words = shortened(&words, self.width - 4);
                self.line(&format!("  {} ({})", h.address, h.text.how));
                let words = self.dim(&format!("    {words}"));
                self.line(&words);
            }
        }
        for gap in &report.gaps {
            self.line("");
            self.painted(&format!("Gap: {gap}"), 0, Style::new().yellow());
        }
    }
}

/// Exactly so many columns.
fn cell(text: &str, columns: usize) -> String {
    pad_str(text, columns, Alignment::Left, Some("…")).into_owned()
}

/// Columns of the widest text.
fn longest(texts: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
    texts.into_iter().map(|text| measure_text_width(text.as_ref())).max().unwrap_or(0)
}

/// At most so many columns, cut between words where there are any.
fn shortened(text: &str, columns: usize) -> String {
    if measure_text_width(text) <= columns {
        return text.to_owned();
    }
    let cut = truncate_str(text, columns - 2, "");
    format!("{} …", cut.rsplit_once(' ').map_or(&*cut, |(whole, _)| whole))
}

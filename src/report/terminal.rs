//! The report as a card in a terminal.
//!
//! Colour and width are the caller's choice; without colour every mark still says what it means.

use std::fmt::Write as _;

use console::{Style, measure_text_width};

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
    pen.objectives(&report.scorecard);
    pen.levels(&report.scorecard);
    pen.flips(&report.scorecard, name);
    pen.answers(report);
    pen.missing(report);
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

    fn seal(&self, seal: Option<u8>) -> String {
        let Some(seal) = seal else { return self.dim("   –  ") };
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
            report.evidence.len(),
            report.pages.len()
        );
        self.line(&seen);
        let how = match &report.extraction.model {
            Some(model) => format!("model {model} and rules"),
            None => "embedded rules, no model".to_owned(),
        };
        let how = self.dim(&format!("  Weights    {}; extraction: {how}", report.framework.weights));
        self.line(&how);
    }

    fn result(&mut self, card: &Scorecard, seals: &[String]) {
        let seal_name = card.seal.and_then(|s| seals.get(usize::from(s))).cloned().unwrap_or_default();
        let seal = self.seal(card.seal);
        let bounds = self.dim(&format!("floor {}, ceiling {}", card.floor.seal, card.ceiling.seal));
        self.line(&format!("  Overall    {seal} {seal_name} on the evidence   {bounds}"));
        let score = card.weighted.map_or("–".to_owned(), |d| format!("{d} %"));
        let score = self.bold(&score);
        let plain = card.unweighted.map_or("–".to_owned(), |d| format!("{d} %"));
        let bounds =
            self.dim(&format!("floor {}, expected {}, ceiling {}", card.floor.weighted, card.expected.weighted, card.ceiling.weighted));
        self.line(&format!("  Score      {score} weighted, {plain} unweighted   {bounds}"));
    }

    fn objectives(&mut self, card: &Scorecard) {
        self.title("Objectives");
        let bar = self.width.saturating_sub(66).clamp(14, 40);
        let legend = format!("  {:<40}{:<bar$}  on evidence   SEAL   answered", "", "█ floor ▒ to ceiling");
        let legend = self.dim(&legend);
        self.line(&legend);
        for o in &card.objectives {
            let name: String = format!("{} {}", o.id, o.name).chars().take(39).collect();
            let cells = self.bar(o.floor.0, o.percent.map(|p| p.0), o.ceiling.0, bar);
            let percent = o.percent.map_or("   –".to_owned(), |p| format!("{:>5.1} %", p.0));
            let seal = self.seal(o.seal);
            self.line(&format!("  {name:<40}{cells}  {percent:>9}    {seal}    {}/{}", o.coverage.answered, o.coverage.factors));
        }
    }

    /// Solid to the floor, shaded to the ceiling, a mark where the evidence stands.
    fn bar(&self, floor: f64, percent: Option<f64>, ceiling: f64, width: usize) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns of a terminal")]
        let column = |value: f64| (value / 100.0 * width as f64).round().clamp(0.0, width as f64) as usize;
        let mark = percent.map(|p| column(p).min(width - 1));
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
        let row = |parts: &[u32]| {
            parts
                .iter()
                .enumerate()
                .map(|(level, p)| format!("SEAL-{level} {:>3.0} %", f64::from(*p) / 10_000.0))
                .collect::<Vec<_>>()
                .join("   ")
        };
        let interval = |[low, high]: [u8; 2]| if low == high { format!("SEAL-{low}") } else { format!("SEAL-{low} to {high}") };
        let held = outlook.interval_90_answered.map(interval).unwrap_or_default();
        self.line(&format!("  answered factors   {}   90 %: {held}", row(&outlook.answered_factors)));
        self.line(&format!("  all factors        {}   90 %: {}", row(&outlook.all_factors), interval(outlook.interval_90)));
        let note = self.dim("  (an unanswered factor counts with every option alike)");
        self.line(&note);
    }

    fn flips<'n>(&mut self, card: &Scorecard, name: impl Fn(&FactorId) -> &'n str) {
        let flips = &card.flips;
        if flips.is_empty() {
            return;
        }
        self.title("One error here would change the SEAL");
        for flip in flips.iter().take(6) {
            let name = name(&flip.factor);
            let to: Vec<String> = flip.would_be.iter().map(ToString::to_string).collect();
            self.line(&format!(
                "  {:<8} {:<44} SEAL-{} → {}   chance {:>2} %",
                flip.factor.as_str(),
                name.chars().take(43).collect::<String>(),
                flip.seal,
                to.join(" or "),
                flip.probability / 10_000
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
            let limits = if matches!(e.claim, Claim::Limits(_)) { "limits: " } else { "" };
            let quote: String =
                if e.quote.chars().count() > 220 { e.quote.chars().take(219).chain(['…']).collect() } else { e.quote.clone() };
            let before = self.out.len();
            self.wrapped(&format!("{limits}\u{201c}{quote}\u{201d}"), 11);
            let text = self.out.split_off(before);
            let text = self.paint(Style::new().italic(), text.trim_end_matches('\n'));
            self.line(&text);
            let address = report.page(e.page).map_or("", |p| p.address.as_str());
            let more = if f.evidence.len() > quotes { format!(", {} more", f.evidence.len() - quotes) } else { String::new() };
            let source =
                self.dim(&format!("           {} · {}{}{more}", address, e.tier.name(), if e.outdated { ", outdated" } else { "" }));
            self.line(&source);
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

    fn unread(&mut self, report: &Report) {
        let reasons = report.unread_by_reason();
        if !reasons.is_empty() {
            self.title("Not read");
            for (why, count) in reasons {
                let first: Vec<&str> = report.unread.iter().filter(|u| u.why == why).take(2).map(|u| u.address.as_str()).collect();
                let more = if count > 2 { ", …" } else { "" };
                self.line(&format!("  {count:>4} {:<11} {}{more}", why.name(), first.join(", ")));
            }
        }
        let aimed: Vec<_> = report.hidden.iter().filter(|h| h.text.addresses_assessor).collect();
        if !aimed.is_empty() {
            self.title(&format!("{} texts speak to an assessor; none was used", aimed.len()));
            for h in aimed {
                let words: String = h.text.words.chars().take(self.width.saturating_sub(8)).collect();
                self.line(&format!("  {} ({})", h.address, h.text.how));
                let words = self.dim(&format!("    {words}"));
                self.line(&words);
            }
        }
        for gap in &report.gaps {
            let gap = self.paint(Style::new().yellow(), &format!("\nGap: {gap}"));
            self.line(&gap);
        }
    }
}

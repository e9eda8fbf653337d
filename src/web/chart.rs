//! Figures as geometry: the radar of objectives. Numbers for a template to write as attributes; colours are the style's.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use crate::score::ObjectiveScore;

/// Where the middle of the radar is.
const MIDDLE: (f64, f64) = (210.0, 165.0);
/// Its radius.
const RADIUS: f64 = 118.0;
/// How far outside of it names stand.
const OUTSIDE: f64 = 18.0;
/// Rings, in percent.
const RINGS: [f64; 4] = [25.0, 50.0, 75.0, 100.0];

/// A radar of objectives: what is sure, what the evidence says, and what is possible.
pub(super) struct Radar {
    /// Points of the rings, innermost first.
    pub(super) rings: Vec<String>,
    pub(super) floor: String,
    pub(super) evidence: String,
    pub(super) ceiling: String,
    pub(super) spokes: Vec<Spoke>,
    /// The same in words.
    pub(super) words: String,
}

/// One objective on the radar.
pub(super) struct Spoke {
    pub(super) id: String,
    /// The end of the spoke.
    pub(super) end: (String, String),
    /// Where its name stands.
    pub(super) name: (String, String),
    /// `start`, `middle` or `end`.
    pub(super) anchor: &'static str,
    /// The evidence, where there is some.
    pub(super) dot: Option<(String, String)>,
}

impl Radar {
    /// The radar of these objectives; none if there are too few to span an area.
    pub(super) fn of(objectives: &[ObjectiveScore]) -> Option<Self> {
        let count = objectives.len();
        if count < 3 {
            return None;
        }
        let ring = |percent: &dyn Fn(usize) -> f64| -> String {
            (0..count).fold(String::new(), |mut points, place| {
                let (x, y) = written(at(place, count, percent(place) / 100.0 * RADIUS));
                let _ = write!(points, "{x},{y} ");
                points
            })
        };
        let spoke = |(place, score): (usize, &ObjectiveScore)| {
            let (x, y) = at(place, count, RADIUS + OUTSIDE);
            Spoke {
                id: score.id.clone(),
                end: written(at(place, count, RADIUS)),
                name: written((x, y + 4.0)),
                anchor: if (x - MIDDLE.0).abs() < 2.0 {
                    "middle"
                } else if x < MIDDLE.0 {
                    "end"
                } else {
                    "start"
                },
                dot: score.percent.map(|p| written(at(place, count, p.0 / 100.0 * RADIUS))),
            }
        };
        let said = objectives.iter().map(|o| match o.percent {
            Some(percent) => format!("{} {percent} percent, floor {}, ceiling {}", o.id, o.floor, o.ceiling),
            None => format!("{} no answer, floor {}, ceiling {}", o.id, o.floor, o.ceiling),
        });
        Some(Self {
            rings: RINGS.iter().map(|percent| ring(&|_| *percent)).collect(),
            floor: ring(&|place| objectives[place].floor.0),
            // Without an answer nothing is claimed: the outline goes over the floor.
            evidence: ring(&|place| objectives[place].percent.unwrap_or(objectives[place].floor).0),
            ceiling: ring(&|place| objectives[place].ceiling.0),
            spokes: objectives.iter().enumerate().map(spoke).collect(),
            words: said.collect::<Vec<_>>().join("; "),
        })
    }
}

/// The point on spoke `place` of `count`, the first one upwards, clockwise.
#[expect(clippy::cast_precision_loss, reason = "there are few objectives")]
fn at(place: usize, count: usize, radius: f64) -> (f64, f64) {
    let angle = TAU * place as f64 / count as f64;
    (MIDDLE.0 + radius * angle.sin(), MIDDLE.1 - radius * angle.cos())
}

fn written((x, y): (f64, f64)) -> (String, String) {
    (format!("{x:.1}"), format!("{y:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spokes_go_clockwise_from_the_top() {
        let near = |(x, y): (f64, f64), (a, b): (f64, f64)| (x - a).abs() < 1e-9 && (y - b).abs() < 1e-9;
        assert!(near(at(0, 4, 10.0), (MIDDLE.0, MIDDLE.1 - 10.0)));
        assert!(near(at(1, 4, 10.0), (MIDDLE.0 + 10.0, MIDDLE.1)));
    }
}

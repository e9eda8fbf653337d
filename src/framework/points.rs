//! Points as whole hundredths: `125.01` is 12 501, and nothing is ever a float.

use std::fmt;
use std::str::FromStr;

/// Points in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub i64);

/// A figure that is not a decimal with at most two places.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a number with at most two decimals, such as 41.67")]
pub struct BadPoints(String);

impl Points {
    /// Rounded half up to whole points (31.25 becomes 31, 62.5 becomes 63).
    pub fn whole(self) -> Self {
        Self((self.0 + 50).div_euclid(100) * 100)
    }
}

impl FromStr for Points {
    type Err = BadPoints;

    fn from_str(text: &str) -> Result<Self, BadPoints> {
        let bad = || BadPoints(text.to_owned());
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(rest) || rest.len() > 2 || whole.len() > 9 {
            return Err(bad());
        }
        let hundredths: i64 = format!("{rest:0<2}").parse().map_err(|_| bad())?;
        let whole: i64 = whole.parse().map_err(|_| bad())?;
        Ok(Self(whole * 100 + hundredths))
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole}"),
            r if r % 10 == 0 => write!(f, "{whole}.{}", r / 10),
            r => write!(f, "{whole}.{r:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_and_write_back() {
        for text in ["0", "41.67", "125.01", "62.5", "167", "41.05"] {
            assert_eq!(text.parse::<Points>().map(|p| p.to_string()).ok().as_deref(), Some(text));
        }
        for bad in ["", "-1", "1.234", "1e3", "1,5", ".5", "5."] {
            assert!(bad.parse::<Points>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rounding_follows_the_public_cards() {
        let cases = [("31.25", 31), ("41.67", 42), ("62.5", 63), ("71.5", 72), ("93.75", 94), ("187.5", 188), ("125.01", 125)];
        for (exact, whole) in cases {
            assert_eq!(exact.parse::<Points>().map(|p| p.whole().0 / 100).ok(), Some(whole));
        }
    }
}

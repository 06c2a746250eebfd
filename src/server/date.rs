//! The `Date` field (IMF-fixdate, RFC 9110 section 5.6.7), formatted once a second.

use jiff::Timestamp;

/// Remembers the last second's text.
#[derive(Debug, Default)]
pub(super) struct Date {
    second: Option<i64>,
    text: String,
}

impl Date {
    /// The field's value at that time.
    pub(super) fn at(&mut self, now: Timestamp) -> &str {
        if self.second != Some(now.as_second()) {
            self.second = Some(now.as_second());
            self.text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_the_rfc_writes_them() {
        let then = Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(Date::default().at(then), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}

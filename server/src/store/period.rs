//! Weeks in UTC, as the names of periods of leaderboards. Those of days are [`day`].

pub(super) use framehouse_shared::date::day;
use framehouse_shared::date::{date, days};

/// The week of this time by ISO 8601, as `2026-W48`. It begins on Monday and belongs to the year of its Thursday.
pub(super) fn week(unix_s: u64) -> String {
    let days = days(unix_s);
    // 1970-01-01 was a Thursday.
    let thursday = days + 3 - (days + 3) % 7;
    let (year, ..) = date(thursday);
    let first_day = (0..).map(|back| thursday - back).find(|day| date(*day) == (year, 1, 1)).unwrap_or(thursday);
    format!("{year:04}-W{:02}", (thursday - first_day) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known instants, from `date -u -d @SECONDS +'%F %G-W%V'`.
    #[test]
    fn days_and_weeks_begin_at_midnight_utc() {
        for (unix_s, expected_day, expected_week) in [
            (0, "1970-01-01", "1970-W01"),
            (345_599, "1970-01-04", "1970-W01"),
            (345_600, "1970-01-05", "1970-W02"),
            (951_782_399, "2000-02-28", "2000-W09"),
            (951_782_400, "2000-02-29", "2000-W09"),
            (951_868_800, "2000-03-01", "2000-W09"),
            (1_609_459_199, "2020-12-31", "2020-W53"),
            (1_609_459_200, "2021-01-01", "2020-W53"),
            (1_609_718_400, "2021-01-04", "2021-W01"),
            (1_735_516_799, "2024-12-29", "2024-W52"),
            (1_735_516_800, "2024-12-30", "2025-W01"),
            (1_798_761_599, "2026-12-31", "2026-W53"),
            (1_798_761_600, "2027-01-01", "2026-W53"),
        ] {
            assert_eq!((day(unix_s).as_str(), week(unix_s).as_str()), (expected_day, expected_week), "{unix_s}");
        }
    }

    #[test]
    fn a_clock_far_in_the_future_is_in_the_last_year() {
        assert_eq!((day(u64::MAX).as_str(), week(u64::MAX).as_str()), ("9999-12-31", "9999-W52"));
    }
}

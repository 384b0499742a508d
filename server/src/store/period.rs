//! Days and weeks in UTC, as the names of periods of leaderboards.

/// Seconds of a day.
const DAY_S: u64 = 86_400;
/// Last second of the year 9999. A clock beyond it is wrong.
const LAST_S: u64 = 253_402_300_799;

/// The day of this time, as `2026-11-29`.
pub(super) fn day(unix_s: u64) -> String {
    let (year, month, day) = date(days(unix_s));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The week of this time by ISO 8601, as `2026-W48`. It begins on Monday and belongs to the year of its Thursday.
pub(super) fn week(unix_s: u64) -> String {
    let days = days(unix_s);
    // 1970-01-01 was a Thursday.
    let thursday = days + 3 - (days + 3) % 7;
    let (year, ..) = date(thursday);
    let first_day = (0..).map(|back| thursday - back).find(|day| date(*day) == (year, 1, 1)).unwrap_or(thursday);
    format!("{year:04}-W{:02}", (thursday - first_day) / 7 + 1)
}

fn days(unix_s: u64) -> u64 {
    unix_s.min(LAST_S) / DAY_S
}

/// Year, month and day of the month of a number of days since 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
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

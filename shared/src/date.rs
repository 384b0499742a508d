//! Days in UTC, from seconds since 1970-01-01.

/// Seconds of a day.
const DAY_S: u64 = 86_400;
/// Last second of the year 9999. A clock beyond it is wrong.
const LAST_S: u64 = 253_402_300_799;

/// The day of this time, as `2026-11-29`. Times after the year 9999 are on its last day.
pub fn day(unix_s: u64) -> String {
    let (year, month, day) = date(days(unix_s));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The minute of this time, as `2026-11-29 20:00 UTC`.
pub fn minute(unix_s: u64) -> String {
    let of_day = unix_s.min(LAST_S) % DAY_S;
    format!("{} {:02}:{:02} UTC", day(unix_s), of_day / 3600, of_day % 3600 / 60)
}

/// Number of whole days since 1970-01-01, at most those to the end of the year 9999.
pub fn days(unix_s: u64) -> u64 {
    unix_s.min(LAST_S) / DAY_S
}

/// Year, month and day of the month of a number of days since 1970-01-01, by Howard Hinnant's `civil_from_days`.
pub fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

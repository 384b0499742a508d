//! Summary of a replay, for people.

use std::fmt::{self, Write};

use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    replay::{Header, Replay, ReplayError},
    text::Printable,
};

/// A summary of a replay, in some lines of text.
///
/// # Errors
/// When the bytes are not a complete replay.
pub fn summary(bytes: &[u8]) -> Result<String, ReplayError> {
    let replay = Replay::read(bytes)?;
    let mut text = String::new();
    write_match(&mut text, replay.header()).expect("a String takes any text");
    write_course(&mut text, &replay, bytes.len()).expect("a String takes any text");
    write_signature(&mut text, &replay).expect("a String takes any text");
    write_players(&mut text, &replay)?.expect("a String takes any text");
    Ok(text)
}

fn write_match(text: &mut String, header: &Header) -> fmt::Result {
    let Header { seats, seed, rules_version, rules_hash, protocol, .. } = header;
    writeln!(text, "match    {}", header.match_id)?;
    writeln!(text, "date     {}", utc(header.started_unix_s))?;
    writeln!(text, "room     {}, {seats} seats", header.room)?;
    writeln!(text, "game     {}, rules version {rules_version}, rules {rules_hash:016x}", Printable(&header.game))?;
    writeln!(text, "map      {}, seed {seed:016x}", Printable(&header.map))?;
    writeln!(text, "build    {}, protocol {protocol:016x}", Printable(&header.build))
}

fn write_course(text: &mut String, replay: &Replay, bytes: usize) -> fmt::Result {
    let (ticks, rate) = (replay.trailer.ticks, replay.header().tick_rate);
    let seconds = f64::from(ticks) / f64::from(rate);
    writeln!(text, "length   {ticks} ticks, {seconds:.1} s at {rate} Hz")?;
    writeln!(text, "end      {}", replay.trailer.ending)?;
    let per_minute = bytes as f64 * 60.0 / seconds.max(1.0 / f64::from(rate));
    writeln!(text, "size     {bytes} bytes, {per_minute:.0} a minute")
}

fn write_signature(text: &mut String, replay: &Replay) -> fmt::Result {
    match &replay.signature {
        None => writeln!(text, "signed   by nobody"),
        Some(signature) if signature.is_right() => {
            writeln!(text, "signed   by the server with the key {}", signature.key)
        }
        Some(signature) => writeln!(text, "signed   wrongly, in the name of the key {}", signature.key),
    }
}

/// Writes the final ranking, or the players that joined if there is no ranking.
fn write_players(text: &mut String, replay: &Replay) -> Result<fmt::Result, ReplayError> {
    if let Some(ranking) = &replay.trailer.ranking {
        return Ok(ranking.iter().enumerate().try_for_each(|(place, player)| {
            let (name, points) = (Printable(&player.name), player.score.points);
            writeln!(text, "player   {}. {name} (seat {}): {points} points", place + 1, player.slot)
        }));
    }
    let mut names: [Option<String>; SLOTS_MAX] = Default::default();
    for tick in replay.beginning.iter_ticks() {
        tick?.joined.into_iter().for_each(|(slot, name)| names[slot.index()] = Some(name));
    }
    let mut players = Slot::all().zip(names).filter_map(|(slot, name)| Some((slot, name?)));
    Ok(players.try_for_each(|(slot, name)| writeln!(text, "player   {} (seat {slot})", Printable(&name))))
}

/// Seconds since 1970-01-01 UTC as a date and time.
fn utc(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

/// The Gregorian date `days` days after 1970-01-01. Years are counted from March, so that the leap day is the last day
/// of a year.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year_of_era, if month < 10 { month + 3 } else { month - 9 });
    (year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_800_000_000), "2027-01-15 08:00:00 UTC");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00 UTC");
        assert_eq!(utc(u64::MAX), "584554051223-11-09 07:00:15 UTC");
    }
}

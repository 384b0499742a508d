//! Tests of shares: whoever plays a lot loses his own replays, and nobody else's.

use std::{net::IpAddr, ops::Range};

use super::*;

/// Records a match of players at these addresses. All recordings have about the same size.
fn play(writer: &ReplayWriter, id: u128, addresses: &[&str]) {
    let mut recording = Recording::new(writer.queue(), header(id), vec![0; 100]).expect("a small opening");
    for address in addresses {
        recording.note_address(address.parse::<IpAddr>().expect("an address"));
    }
    record(&mut recording, 0, 60, 0);
    recording.end(MatchEnd::TimeUp, None, None).expect("it is on its way");
}

fn with_writer(folder: &Folder, keep_bytes: u64, work: impl FnOnce(&ReplayWriter)) {
    let settings = ReplaySettings { keep_bytes, keep_days: 0, ..Default::default() };
    let writer = ReplayWriter::start(folder.0.clone(), &settings, key()).expect("a folder");
    work(&writer);
    assert!(writer.close(Duration::from_secs(30)));
}

/// Size of a recording, in bytes. The name is that of a folder that no other test uses.
fn replay_bytes(name: &str) -> u64 {
    let folder = Folder::new(name);
    with_writer(&folder, u64::MAX, |writer| play(writer, 1, &["192.0.2.1"]));
    fs::metadata(whole_path(&folder.0, MatchId(1))).expect("a file").len()
}

fn count(folder: &Folder, ids: Range<u128>) -> usize {
    ids.filter(|id| folder.names().contains(&whole_name(*id))).count()
}

#[test]
fn matches_without_end_from_one_address_evict_no_replay_of_another_one() {
    let folder = Folder::new("shares");
    let keep_bytes = 10 * replay_bytes("shares-size") + 100;
    with_writer(&folder, keep_bytes, |writer| {
        (0..4).for_each(|id| play(writer, id, &["192.0.2.1"]));
        // The same neighbour with many addresses of one network is one.
        (100..130).for_each(|id| play(writer, id, &["2001:db8:7:1::1", &format!("2001:db8:7:{id}::2")]));
    });
    assert_eq!((count(&folder, 0..4), count(&folder, 100..124), count(&folder, 124..130)), (4, 0, 6));
    // After a restart it is still known who is who.
    with_writer(&folder, keep_bytes, |writer| (200..230).for_each(|id| play(writer, id, &["2001:db8:7:9::1"])));
    assert_eq!((count(&folder, 0..4), count(&folder, 200..230)), (4, 6));
}

#[test]
fn a_match_belongs_to_the_one_of_its_players_who_has_the_least() {
    let folder = Folder::new("shared");
    with_writer(&folder, 6 * replay_bytes("shared-size") + 100, |writer| {
        play(writer, 0, &["192.0.2.1"]);
        (100..110).for_each(|id| play(writer, id, &["198.51.100.1"]));
        // Whoever has many plays with whoever has few.
        play(writer, 1, &["198.51.100.1", "192.0.2.1"]);
        (110..120).for_each(|id| play(writer, id, &["198.51.100.1"]));
    });
    assert_eq!((count(&folder, 0..2), count(&folder, 116..120)), (2, 4));
}

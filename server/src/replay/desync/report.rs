//! The report file. Ids and hashes are hexadecimal strings, because many JSON readers keep only 53 bits of a number.

use std::{fs, io, path::Path};

use framehouse_shared::{
    fields::FieldDifference,
    ids::{RoomCode, Slot},
    tick::Tick,
};
use serde::Serialize;

use super::{Compared, Finding, FirstBad, LinkFigures};
use crate::{
    disk::{folder_of, sync_folder},
    replay::{BUILD, reports::PART},
};

/// Maximum number of differing fields in a report. The first ones are the cause, the others follow from it.
const DIFFERENCES_MAX: usize = 32;

#[derive(Serialize)]
struct Report<'a> {
    match_id: String,
    room: RoomCode,
    player: String,
    name: &'a str,
    slot: Option<Slot>,
    first_bad_tick: Option<Tick>,
    component: Option<&'a str>,
    differences: &'a [FieldDifference],
    /// Why there are no differences.
    note: Option<&'a str>,
    replay_agrees: Option<bool>,
    detected: Detected,
    hashes: Vec<HashPair<'a>>,
    link: LinkFigures,
    protocol: String,
    server_build: &'a str,
}

#[derive(Serialize)]
struct Detected {
    tick: Tick,
    unix_ms: u64,
}

/// The hashes of a component after the first bad tick; `None` if the component is absent.
#[derive(Serialize)]
struct HashPair<'a> {
    component: &'a str,
    server: Option<String>,
    client: Option<String>,
}

/// Writes the report, completely or not at all. Returns its size in bytes.
pub(super) fn write(
    path: &Path,
    finding: &Finding,
    protocol: u64,
    compared: &Result<Compared, String>,
) -> io::Result<u64> {
    let text = serde_json::to_vec_pretty(&report(finding, protocol, compared)).map_err(io::Error::other)?;
    let unfinished = path.with_extension(PART);
    let written = fs::write(&unfinished, &text).and_then(|()| fs::rename(&unfinished, path));
    let written = written.and_then(|()| sync_folder(folder_of(path)));
    if written.is_err() {
        // An incomplete file would only use disk space.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| text.len() as u64)
}

fn report<'a>(finding: &'a Finding, protocol: u64, compared: &'a Result<Compared, String>) -> Report<'a> {
    let differences = compared.as_ref().map_or(&[][..], |compared| &compared.differences);
    let note = match compared {
        Err(reason) => Some(reason.as_str()),
        Ok(_) if differences.is_empty() => Some("no field of the component is known to differ"),
        Ok(_) => None,
    };
    Report {
        match_id: finding.match_id.to_string(),
        room: finding.room,
        player: finding.player.to_string(),
        name: &finding.name,
        slot: finding.slot,
        first_bad_tick: finding.first_bad.as_ref().map(|first| first.tick),
        component: finding.first_bad.as_ref().map(FirstBad::component),
        differences: &differences[..differences.len().min(DIFFERENCES_MAX)],
        note,
        replay_agrees: compared.as_ref().ok().map(|compared| compared.replay_agrees),
        detected: Detected { tick: finding.detected, unix_ms: finding.detected_unix_ms },
        hashes: hashes(finding),
        link: finding.link,
        protocol: format!("{protocol:016x}"),
        server_build: BUILD,
    }
}

fn hashes(finding: &Finding) -> Vec<HashPair<'_>> {
    let Some(first) = &finding.first_bad else { return Vec::new() };
    let hex = |hash: &Option<u64>| hash.map(|hash| format!("{hash:016x}"));
    let pairs = first.components.iter().zip(first.ours.0.iter().zip(&first.theirs.0));
    let pairs = pairs.map(|(component, hashes)| (component, hex(hashes.0), hex(hashes.1)));
    pairs.map(|(component, server, client)| HashPair { component, server, client }).collect()
}

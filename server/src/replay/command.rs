//! The subcommands `replay verify FILE...` and `replay info FILE`.

use std::path::{Path, PathBuf};

use framehouse_shared::{game::Game, text::Printable};

use super::{folder, info, verify::verify};

/// Runs replays again and prints a line for each that verifies.
///
/// # Errors
/// With one sentence for each that does not.
pub(crate) fn verify_files(game: impl Game + Clone, files: &[PathBuf]) -> Result<(), String> {
    // A panic in the simulation is reported as a sentence, so the default message is suppressed.
    std::panic::set_hook(Box::new(|_| {}));
    let bad: Vec<String> = files.iter().filter_map(|file| verify_file(game.clone(), file).err()).collect();
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
}

fn verify_file(game: impl Game, file: &Path) -> Result<(), String> {
    let shown = file.display();
    let verified = verify(game, &read(file)?).map_err(|error| format!("{shown}: {error}"))?;
    println!("{}: good, {} ticks, {}", Printable(&shown.to_string()), verified.ticks, verified.ending);
    Ok(())
}

/// Prints a summary of a replay.
///
/// # Errors
/// With a sentence, if the file cannot be read or is not a complete replay.
pub(crate) fn show_info(file: &Path) -> Result<(), String> {
    let summary = info::summary(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    print!("{summary}");
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    folder::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}

//! Writes the manual pages and shell completions of the released programs, made from their own command lines.
//!
//!     cargo run -p framehouse-tests --bin manuals -- FOLDER

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Command, Parser};
use clap_complete::{Shell, generate_to};
use framehouse_arena_client::ArenaView;
use framehouse_client::complain;
use framehouse_window::view::View;

/// Writes manual pages and completions for bash, fish and zsh of framehouse-server, -bots and -client.
#[derive(Parser)]
struct Args {
    /// Folder for the files; it is created.
    folder: PathBuf,
}

fn main() -> ExitCode {
    let folder = Args::parse().folder;
    match write_all(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain!("cannot write into {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let client = framehouse_window::command(&ArenaView.about());
    for command in [framehouse_server::command(), framehouse_client::bots::command(), client] {
        write(folder, command)?;
    }
    Ok(())
}

fn write(folder: &Path, mut command: Command) -> io::Result<()> {
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        generate_to(shell, &mut command, &name, folder)?;
    }
    clap_mangen::generate_to(command, folder)
}

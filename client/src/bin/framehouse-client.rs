//! The Framehouse client; `--help` says what it can do.

use bevy::app::AppExit;
use clap::Parser;
use framehouse_client::window::{self, args::Args};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> AppExit {
    window::run(Args::parse())
}

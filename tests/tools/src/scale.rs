//! Scale: how the cost of a server grows with rooms, players and tick rate, and what to buy for a number of rooms.
//!
//! Each point is one [load measurement](crate::load) of some seconds, with a server and clients on this machine. A series
//! ends where the server or the clients are at a limit, because figures beyond say nothing about the cost.
//!
//! ```text
//! series.rs    points of a series, and its end
//! figures.rs   what is measured; a file of JSON
//! plot.rs      pictures of it
//! needs.rs     what a number of rooms needs;  page.rs  as Markdown, and into a page
//! ```

pub mod figures;
pub mod needs;
pub mod page;
mod plot;
pub mod series;

pub use plot::draw;

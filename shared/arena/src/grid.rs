//! Spatial grid: finds the few numbered items that may touch an area.

use bevy::prelude::*;

use super::map::{ARENA_HALF, ARENA_SIZE};

/// Side of a cell, in units: more than twice the size of a craft, so that most items cover one to four cells.
const CELL: f32 = 100.0;
const COLUMNS: usize = (ARENA_SIZE.x / CELL) as usize;
const ROWS: usize = (ARENA_SIZE.y / CELL) as usize;

/// Maximum number of items in one grid: one bit of a cell each.
pub const GRID_ITEMS_MAX: usize = 32;

/// Axis-aligned rectangle, border included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Lower left corner.
    pub min: Vec2,
    /// Upper right corner.
    pub max: Vec2,
}

impl Area {
    /// Bounding rectangle of a disc.
    pub fn of_disc(center: Vec2, radius: f32) -> Self {
        Self { min: center - Vec2::splat(radius), max: center + Vec2::splat(radius) }
    }

    /// Bounding rectangle of a disc that moves from one point to another.
    pub fn of_sweep(from: Vec2, to: Vec2, radius: f32) -> Self {
        Self { min: from.min(to) - Vec2::splat(radius), max: from.max(to) + Vec2::splat(radius) }
    }

    /// Whether the two rectangles have a point in common.
    pub fn touches(self, other: Self) -> bool {
        self.min.cmple(other.max).all() && other.min.cmple(self.max).all()
    }
}

/// A grid of the arena with a bit mask of items in each cell.
///
/// As a component of a room it holds the crafts, by slot. Not part of the state: it is rebuilt in `SimSet::Move` of
/// every tick, and [`Bodies`](super::bodies::Bodies) requires it, so that a restored snapshot has it, too.
#[derive(Component, Clone, Debug)]
pub struct SpatialGrid {
    cells: [u32; COLUMNS * ROWS],
}

impl Default for SpatialGrid {
    fn default() -> Self {
        Self { cells: [0; COLUMNS * ROWS] }
    }
}

impl SpatialGrid {
    /// Removes all items.
    pub fn clear(&mut self) {
        self.cells.fill(0);
    }

    /// Adds item number `item`, below [`GRID_ITEMS_MAX`], to all cells that `area` touches.
    pub fn insert(&mut self, item: usize, area: Area) {
        debug_assert!(item < GRID_ITEMS_MAX, "a cell has {GRID_ITEMS_MAX} bits");
        for cell in cells_of(area) {
            self.cells[cell] |= 1 << item;
        }
    }

    /// Numbers of all items that may touch `area`, lowest first. May contain others, never misses one.
    pub fn near(&self, area: Area) -> impl Iterator<Item = usize> + use<> {
        let mut found = cells_of(area).fold(0, |found, cell| found | self.cells[cell]);
        std::iter::from_fn(move || {
            let item = found.trailing_zeros() as usize;
            // Clears the lowest bit. Without a bit the iterator ends.
            found &= found.wrapping_sub(1);
            (item < GRID_ITEMS_MAX).then_some(item)
        })
    }
}

fn cells_of(area: Area) -> impl Iterator<Item = usize> {
    // Positions outside the arena belong to the cells at its border, both when inserting and when searching.
    let place = |position: f32, half: f32, count: usize| (((position + half) / CELL) as usize).min(count - 1);
    let columns = place(area.min.x, ARENA_HALF.x, COLUMNS)..=place(area.max.x, ARENA_HALF.x, COLUMNS);
    let rows = place(area.min.y, ARENA_HALF.y, ROWS)..=place(area.max.y, ARENA_HALF.y, ROWS);
    rows.flat_map(move |row| columns.clone().map(move |column| row * COLUMNS + column))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_area() -> impl Strategy<Value = Area> {
        (-1000.0f32..1000.0, -600.0f32..600.0, 0.0f32..200.0, 0.0f32..200.0)
            .prop_map(|(x, y, width, height)| Area { min: Vec2::new(x, y), max: Vec2::new(x + width, y + height) })
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_brute_force_finds(
            things in prop::collection::vec(any_area(), 0..GRID_ITEMS_MAX),
            asked in any_area(),
        ) {
            let mut grid = SpatialGrid::default();
            things.iter().enumerate().for_each(|(item, area)| grid.insert(item, *area));
            let by_grid: Vec<usize> = grid.near(asked).filter(|&item| things[item].touches(asked)).collect();
            let by_force: Vec<usize> = (0..things.len()).filter(|&item| things[item].touches(asked)).collect();
            prop_assert_eq!(by_grid, by_force);
        }
    }
}

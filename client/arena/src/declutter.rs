//! Placement of names when crafts come close: above, below or beside, wherever they can be read. Plain geometry.

use bevy::math::{Rect, Vec2};

/// Position of a name relative to its craft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spot {
    /// The usual position.
    #[default]
    Above,
    /// The second choice.
    Below,
    /// To the right.
    Right,
    /// To the left.
    Left,
}

/// A name to place; all values in units of the world.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The craft's centre.
    pub craft: Vec2,
    /// The name's size.
    pub size: Vec2,
    /// The position in the last frame.
    pub spot: Spot,
}

/// Fraction of a name's area that another may cover; beyond it the name is hidden.
const COVERED_MAX: f32 = 0.06;
/// Cost of a change of position, as a fraction of the name's area: names must not flutter.
const CHANGE_COST: f32 = 0.35;

impl Spot {
    const ALL: [Self; 4] = [Self::Above, Self::Below, Self::Right, Self::Left];

    /// Offset from the craft's centre to the name's, when names keep `clear` units away from the centre.
    pub fn offset(self, size: Vec2, clear: f32) -> Vec2 {
        match self {
            Self::Above => Vec2::new(0.0, clear + size.y / 2.0),
            Self::Below => Vec2::new(0.0, -clear - size.y / 2.0),
            Self::Right => Vec2::new(clear + size.x / 2.0, 0.0),
            Self::Left => Vec2::new(-clear - size.x / 2.0, 0.0),
        }
    }

    const fn cost(self) -> f32 {
        match self {
            Self::Above => 0.0,
            Self::Below => 0.5,
            Self::Right | Self::Left => 0.7,
        }
    }
}

/// Chooses a position for every name, the first ones first; nothing for a name that could not be read. The first name
/// always gets one.
pub fn declutter(labels: &[Label], clear: f32, area: Rect) -> Vec<Option<Spot>> {
    let mut taken: Vec<Rect> = Vec::with_capacity(labels.len());
    let mut place = |label: &Label| {
        let own_area = (label.size.x * label.size.y).max(1.0);
        let rect_at = |spot: Spot| Rect::from_center_size(label.craft + spot.offset(label.size, clear), label.size);
        let covered = |spot: Spot| taken.iter().map(|other| common(rect_at(spot), *other)).sum::<f32>() / own_area;
        let cost = |spot: Spot| {
            let others = labels.iter().filter(|other| other.craft != label.craft);
            let hulls = others.map(|other| Rect::from_center_half_size(other.craft, Vec2::splat(clear * 0.7)));
            let hidden: f32 = hulls.map(|hull| common(rect_at(spot), hull)).sum::<f32>() / own_area;
            let outside = 1.0 - common(rect_at(spot), area) / own_area;
            let change = if spot == label.spot { 0.0 } else { CHANGE_COST };
            4.0 * covered(spot) + hidden + 4.0 * outside + spot.cost() + change
        };
        let readable = Spot::ALL.into_iter().filter(|spot| covered(*spot) <= COVERED_MAX);
        let best = readable.min_by(|one, other| cost(*one).total_cmp(&cost(*other)))?;
        let rect = rect_at(best);
        taken.push(rect);
        Some(best)
    };
    labels.iter().map(&mut place).collect()
}

/// The area that two rectangles have in common.
fn common(one: Rect, other: Rect) -> f32 {
    let both = one.intersect(other);
    both.width() * both.height()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAR: f32 = 30.0;
    const AREA: Rect = Rect { min: Vec2::new(-800.0, -450.0), max: Vec2::new(800.0, 450.0) };

    fn label(x: f32, y: f32) -> Label {
        Label { craft: Vec2::new(x, y), size: Vec2::new(90.0, 22.0), spot: Spot::Above }
    }

    fn rects(labels: &[Label]) -> Vec<Rect> {
        let spots = declutter(labels, CLEAR, AREA);
        let rect = |(label, spot): (&Label, Option<Spot>)| {
            Some(Rect::from_center_size(label.craft + spot?.offset(label.size, CLEAR), label.size))
        };
        labels.iter().zip(spots).filter_map(rect).collect()
    }

    #[test]
    fn names_stay_above_where_there_is_room() {
        let labels = [label(0.0, 0.0), label(300.0, 0.0), label(0.0, 200.0)];
        assert_eq!(declutter(&labels, CLEAR, AREA), [Some(Spot::Above); 3]);
    }

    #[test]
    fn names_of_a_crowd_never_cover_each_other() {
        // Sixteen crafts in a cluster, at many distances.
        for spread in 1..20 {
            let at = |n: u8| {
                let place = Vec2::from_angle(f32::from(n) * 2.4) * (f32::from(n) * spread as f32);
                label(place.x, place.y)
            };
            let labels: Vec<Label> = (0..16).map(at).collect();
            let rects = rects(&labels);
            assert!(!rects.is_empty());
            for (place, one) in rects.iter().enumerate() {
                for other in &rects[place + 1..] {
                    let covered = common(*one, *other) / (one.width() * one.height());
                    assert!(covered <= COVERED_MAX + 1e-3, "{covered} of a name at spread {spread}");
                }
            }
        }
    }

    #[test]
    fn a_name_at_the_upper_edge_goes_below() {
        assert_eq!(declutter(&[label(0.0, 440.0)], CLEAR, AREA), [Some(Spot::Below)]);
    }

    #[test]
    fn names_do_not_flutter_and_come_back_when_there_is_room() {
        // A little of the position above is covered: too little for a move in either direction.
        let first = label(86.4, 0.0);
        for spot in [Spot::Above, Spot::Below] {
            let second = Label { spot, ..label(0.0, 0.0) };
            assert_eq!(declutter(&[first, second], CLEAR, AREA), [Some(Spot::Above), Some(spot)]);
        }
        let alone = Label { spot: Spot::Below, ..label(0.0, 0.0) };
        assert_eq!(declutter(&[alone], CLEAR, AREA), [Some(Spot::Above)]);
    }
}

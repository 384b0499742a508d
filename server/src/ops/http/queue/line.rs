//! A line: tickets in the order of their arrival, with the number ahead of each in O(log n).

use super::ticket::Ticket;

/// Positions that may be empty before the line is worth compacting.
const GAPS_MIN: usize = 64;

/// Tickets by position. A Fenwick tree over the positions counts the tickets ahead of one.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// `None` where a ticket has left.
    tickets: Vec<Option<Ticket>>,
    /// Entry `i - 1` is the number of tickets at the positions `i - lowest_bit(i)` to `i - 1`.
    sums: Vec<u32>,
    /// All positions before this one are empty.
    front: usize,
    count: u32,
}

const fn lowest_bit(index: usize) -> usize {
    index & index.wrapping_neg()
}

impl Line {
    /// Number of tickets.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Adds a ticket at the end. Returns its position.
    pub fn push(&mut self, ticket: Ticket) -> usize {
        let position = self.tickets.len();
        self.tickets.push(Some(ticket));
        let index = position + 1;
        let (mut sum, mut below) = (1, position);
        while below > index - lowest_bit(index) {
            sum += self.sums[below - 1];
            below -= lowest_bit(below);
        }
        self.sums.push(sum);
        self.count += 1;
        position
    }

    /// Removes the ticket at a position.
    pub fn remove(&mut self, position: usize) {
        if self.tickets[position].take().is_none() {
            return;
        }
        self.count -= 1;
        let mut index = position + 1;
        while index <= self.sums.len() {
            self.sums[index - 1] -= 1;
            index += lowest_bit(index);
        }
        while self.tickets.get(self.front).is_some_and(Option::is_none) {
            self.front += 1;
        }
    }

    /// Number of tickets before a position.
    pub fn ahead(&self, position: usize) -> u32 {
        let (mut sum, mut index) = (0, position);
        while index > 0 {
            sum += self.sums[index - 1];
            index -= lowest_bit(index);
        }
        sum
    }

    /// The tickets in order.
    pub fn iter(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.tickets[self.front..].iter().flatten().copied()
    }

    /// Closes the gaps if there are many. Returns whether positions have changed: they are 0, 1, 2 and so on then.
    pub fn compact(&mut self) -> bool {
        let has_gaps = self.tickets.len() > 2 * self.count as usize + GAPS_MIN;
        if has_gaps {
            let tickets: Vec<Ticket> = self.iter().collect();
            *self = Self::default();
            for ticket in tickets {
                self.push(ticket);
            }
        }
        has_gaps
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    #[test]
    fn the_number_ahead_is_that_of_a_list() {
        let (mut line, mut rng) = (Line::default(), SimRng::new(7));
        // Tickets with their positions, in order: the slow way to count.
        let mut list: Vec<(Ticket, usize)> = Vec::new();
        for number in 0..5000 {
            let leaves = !list.is_empty() && rng.between(0.0, 1.0) < 0.48;
            if leaves {
                let at = (rng.between(0.0, 1.0) * list.len() as f32) as usize % list.len();
                line.remove(list.remove(at).1);
            } else {
                let ticket = Ticket::of_number(number);
                list.push((ticket, line.push(ticket)));
            }
            if line.compact() {
                for (position, (_, old)) in list.iter_mut().enumerate() {
                    *old = position;
                }
            }
            assert_eq!(line.count() as usize, list.len());
            for (ahead, (_, position)) in list.iter().enumerate().step_by(7) {
                assert_eq!(line.ahead(*position) as usize, ahead, "after step {number}");
            }
        }
        assert!(line.iter().eq(list.iter().map(|(ticket, _)| *ticket)));
    }

    #[test]
    fn gaps_do_not_pile_up() {
        let mut line = Line::default();
        let mut last = line.push(Ticket::of_number(0));
        for number in 1..10_000 {
            let position = line.push(Ticket::of_number(number));
            line.remove(last);
            last = if line.compact() { 0 } else { position };
        }
        assert!(line.tickets.len() <= 2 + GAPS_MIN + 1 && line.count() == 1);
    }
}

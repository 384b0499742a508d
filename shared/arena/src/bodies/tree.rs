//! Validation of rapier's tree of bounding boxes, and of the tables with the positions of its nodes.

use serde::Deserialize;

/// Maximum number of pairs of nodes. rapier recurses, about 100 bytes of stack for each; a map uses about 100.
const PAIRS_MAX: usize = 1024;
/// Bits of a node with the number of its leaves; the other bits are change flags.
const LEAVES: u32 = (1 << 30) - 1;

/// Nodes in pairs. The index of a node is twice the index of its pair, plus one for the right node.
#[derive(Deserialize)]
pub(super) struct Tree {
    nodes: Vec<Pair>,
    /// Parent node of each pair.
    parents: Vec<usize>,
    leaf_node_indices: LeafIndices,
    /// Unused pairs.
    free_wide_nodes: Vec<usize>,
}

#[derive(Clone, Copy, Deserialize)]
struct Pair {
    left: Node,
    right: Node,
}

#[derive(Clone, Copy, Deserialize)]
struct Node {
    /// Index of the pair below, or number of the leaf.
    children: usize,
    data: u32,
}

#[derive(Deserialize)]
struct LeafIndices {
    n: usize,
    v: Vec<Option<usize>>,
}

impl Node {
    const fn leaves(self) -> u32 {
        self.data & LEAVES
    }
}

impl Tree {
    /// Whether all paths down end in leaves, all paths up end at the root, and the tables agree.
    pub(super) fn is_sound(&self) -> bool {
        let leaves = self.leaf_node_indices.v.iter().flatten().count();
        self.nodes.len() <= PAIRS_MAX
            && self.nodes.len() == self.parents.len()
            && leaves == self.leaf_node_indices.n
            && self.leaves() == Some(leaves)
    }

    /// Number of leaves below the root; `None` if a link or a count is wrong.
    fn leaves(&self) -> Option<usize> {
        let mut is_met = vec![false; self.nodes.len()];
        for &free in &self.free_wide_nodes {
            meet(&mut is_met, free)?;
        }
        if self.nodes.is_empty() {
            return Some(0);
        }
        meet(&mut is_met, 0)?;
        let (mut leaves, mut below) = (0, vec![0]);
        while let Some(number) = below.pop() {
            let pair = self.nodes[number];
            for (place, node) in [(2 * number, pair.left), (2 * number + 1, pair.right)] {
                match node.leaves() {
                    // With a single leaf, the right node of the root is unused.
                    0 if place == 1 && pair.left.leaves() == 1 => {}
                    0 => return None,
                    1 => {
                        leaves += 1;
                        self.leaf_node_indices.v.get(node.children)?.filter(|&known| known == place)?;
                    }
                    count => {
                        let child = node.children;
                        meet(&mut is_met, child)?;
                        let Pair { left, right } = self.nodes[child];
                        if self.parents[child] != place || left.leaves() + right.leaves() != count {
                            return None;
                        }
                        below.push(child);
                    }
                }
            }
        }
        Some(leaves)
    }
}

/// Marks a pair as visited; `None` if it does not exist or was visited before.
fn meet(is_met: &mut [bool], pair: usize) -> Option<()> {
    let is_met = is_met.get_mut(pair)?;
    (!std::mem::replace(is_met, true)).then_some(())
}

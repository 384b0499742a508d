//! The tree of bounding boxes in which rapier looks for neighbours, and the tables of where its nodes are.

use serde::Deserialize;

/// Pairs of nodes, at most: rapier descends by recursion, some hundred bytes of stack for each. A map fills a hundred.
const PAIRS_MAX: usize = 1024;
/// The bits of a node that count its leaves; the others say what has changed.
const LEAVES: u32 = (1 << 30) - 1;

/// Nodes in pairs; the place of one is twice its pair's, and one more on the right.
#[derive(Deserialize)]
pub(super) struct Tree {
    nodes: Vec<Pair>,
    /// The node above each pair.
    parents: Vec<usize>,
    leaf_node_indices: LeafIndices,
    /// Pairs that are not in use.
    free_wide_nodes: Vec<usize>,
}

#[derive(Clone, Copy, Deserialize)]
struct Pair {
    left: Node,
    right: Node,
}

#[derive(Clone, Copy, Deserialize)]
struct Node {
    /// The pair below, or the number of the leaf.
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
    /// Whether every way down ends in a leaf, every way up at the root, and the tables say the same.
    pub(super) fn is_sound(&self) -> bool {
        let leaves = self.leaf_node_indices.v.iter().flatten().count();
        self.nodes.len() <= PAIRS_MAX
            && self.nodes.len() == self.parents.len()
            && leaves == self.leaf_node_indices.n
            && self.leaves() == Some(leaves)
    }

    /// How many leaves are below the root; nothing where a link or a count is wrong.
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
                    // A single leaf has the root to itself.
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

/// Marks a pair; nothing where there is none, or it is marked.
fn meet(is_met: &mut [bool], pair: usize) -> Option<()> {
    let is_met = is_met.get_mut(pair)?;
    (!std::mem::replace(is_met, true)).then_some(())
}

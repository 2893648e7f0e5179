//! One server among those that share a database, and which part of a limit is its own.
//!
//! The rule: a destination's limits count for all nodes together. Of a limit of `n` at once, each live node has `n / nodes`, and the remainder
//! goes to one node each, to other ones for other destinations; a node whose part is none does not send there. A rate is parted as what may be
//! sent at once is. Nodes that come and go are noticed within seconds; so long, a limit may be exceeded by the newcomer's part or fall short of a dead one's.

use jiff::Timestamp;

use crate::domain::id::{DestinationId, NodeId};

/// A server, as the others see it.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: NodeId,
    pub name: String,
    pub version: String,
    pub started_at: Timestamp,
    /// How long nothing was heard of it, in milliseconds.
    pub silent_ms: i64,
    /// It has not read the newest sources, connections and destinations yet.
    pub is_behind: bool,
    /// Deliveries in its memory.
    pub waiting: i64,
}

/// This node's place among the live ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    place: u32,
    nodes: u32,
}

impl Share {
    /// There is no other node.
    pub const ALONE: Share = Share { place: 0, nodes: 1 };

    /// The place of `node` in a list of live nodes that all of them see alike. Alone when it is not in it.
    pub fn among(node: NodeId, live: &[NodeId]) -> Share {
        let place = live.iter().position(|other| *other == node);
        match (
            place.and_then(|at| u32::try_from(at).ok()),
            u32::try_from(live.len()),
        ) {
            (Some(place), Ok(nodes)) => Share { place, nodes },
            _ => Share::ALONE,
        }
    }

    /// How many of `limit` at once are this node's; all nodes' parts make `limit`.
    pub fn of_count(self, limit: u32, destination: DestinationId) -> u32 {
        // Begins somewhere else for each destination, so that small limits do not all fall to the same node.
        let offset = u32::from(destination.as_bytes()[15]);
        let turn = (self.place + offset) % self.nodes;
        limit / self.nodes + u32::from(turn < limit % self.nodes)
    }

    /// How much of a rate is this node's, where `limit` may be sent at once: nodes that do not send there have no part of it. What is left in the
    /// memory of such a node goes out as slowly as by the smallest part.
    pub fn of_rate(self, per_second: f64, limit: u32, destination: DestinationId) -> f64 {
        let own = self.of_count(limit, destination).max(1);
        per_second * f64::from(own) / f64::from(limit.max(1))
    }

    /// How many nodes there are.
    pub fn nodes(self) -> u32 {
        self.nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::new(1, [number; 10])
    }

    #[test]
    fn the_parts_of_all_nodes_make_the_limit_for_every_destination() {
        for count in 1..=7_u8 {
            let live: Vec<NodeId> = (0..count).map(node).collect();
            for (limit, destination) in [(1, 1), (2, 9), (10, 3), (64, 200)] {
                let destination = DestinationId::new(1, [destination; 10]);
                let parts: Vec<u32> = live
                    .iter()
                    .map(|one| Share::among(*one, &live).of_count(limit, destination))
                    .collect();
                assert_eq!(parts.iter().sum::<u32>(), limit, "{parts:?}");
                let (least, most) = (parts.iter().min(), parts.iter().max());
                assert!(most.unwrap() - least.unwrap() <= 1, "{parts:?}");
            }
        }
    }

    #[test]
    fn a_limit_of_one_falls_to_different_nodes_for_different_destinations() {
        let live: Vec<NodeId> = (0..3).map(node).collect();
        let holders: std::collections::HashSet<usize> = (0..3)
            .map(|number| {
                let destination = DestinationId::new(1, [number; 10]);
                live.iter()
                    .position(|one| Share::among(*one, &live).of_count(1, destination) == 1)
                    .unwrap()
            })
            .collect();
        assert_eq!(holders.len(), 3);
    }

    #[test]
    fn the_parts_of_a_rate_of_those_who_send_make_the_rate() {
        let live = [node(1), node(2), node(3)];
        for (limit, number) in [(1, 7), (2, 8), (3, 9), (10, 1)] {
            let destination = DestinationId::new(1, [number; 10]);
            let parts = live
                .iter()
                .map(|one| Share::among(*one, &live))
                .filter(|share| share.of_count(limit, destination) > 0)
                .map(|share| share.of_rate(5.0, limit, destination));
            assert!((parts.sum::<f64>() - 5.0).abs() < 1e-9, "of {limit}");
        }
        assert_eq!(Share::among(node(9), &live), Share::ALONE);
        let destination = DestinationId::new(1, [1; 10]);
        assert_eq!(Share::ALONE.of_rate(5.0, 10, destination), 5.0);
    }
}

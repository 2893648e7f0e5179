//! Which entry of a document is which thing here. Names are not unique: one that could mean several is not guessed at.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twin<Id> {
    /// This one here.
    Here(Id),
    /// None that is here.
    Nowhere,
    /// Some of that name are here, and nothing says which it is.
    Unclear,
}

/// The twin of each entry: by its id, which an import keeps, or else by its key, when that is the key of one entry and of one thing here that no id
/// has found.
pub(super) fn twins<Id: Copy + Eq + Hash, Key: Eq + Hash>(
    entries: &[(Option<Id>, Key)],
    here: &[(Id, Key)],
) -> Vec<Twin<Id>> {
    let ids_here: HashSet<&Id> = here.iter().map(|(id, _)| id).collect();
    let is_here = |id: &Id| ids_here.contains(id);
    let found: Vec<Option<Id>> = entries.iter().map(|(id, _)| id.filter(is_here)).collect();
    let taken: HashSet<&Id> = found.iter().flatten().collect();
    let mut asking: HashMap<&Key, usize> = HashMap::new();
    for ((_, key), id) in entries.iter().zip(&found) {
        *asking.entry(key).or_default() += usize::from(id.is_none());
    }
    let mut free: HashMap<&Key, Vec<Id>> = HashMap::new();
    for (id, key) in here.iter().filter(|(id, _)| !taken.contains(id)) {
        free.entry(key).or_default().push(*id);
    }
    let by_key = |key: &Key| match (asking.get(key), free.get(key).map(Vec::as_slice)) {
        (_, None | Some([])) => Twin::Nowhere,
        (Some(1), Some([id])) => Twin::Here(*id),
        _ => Twin::Unclear,
    };
    let keys = entries.iter().map(|(_, key)| key);
    keys.zip(&found)
        .map(|(key, id)| id.map_or_else(|| by_key(key), Twin::Here))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_first_and_a_name_must_be_the_only_one_on_both_sides() {
        let here = [(1, "a"), (2, "b"), (3, "b"), (4, "c")];
        let entries = [
            (Some(2), "a"),
            (Some(9), "a"),
            (None, "b"),
            (None, "c"),
            (Some(8), "c"),
            (None, "d"),
            (None, "d"),
        ];
        let found = twins(&entries, &here);
        assert_eq!(
            found,
            [
                Twin::Here(2),
                Twin::Here(1),
                Twin::Here(3),
                Twin::Unclear,
                Twin::Unclear,
                Twin::Nowhere,
                Twin::Nowhere
            ]
        );
        assert_eq!(twins(&[(None, "b")], &here), [Twin::Unclear]);
    }
}

//! What a form's list of names holds when there are too many to look through: the first by name, and the chosen one.

/// Names that a list holds.
pub const CHOICES_LIMIT: usize = 200;

/// Names to choose from, by id.
pub struct Choices {
    pub offered: Vec<(String, String)>,
    /// There are more.
    pub is_cut: bool,
}

impl Choices {
    /// By name: all of them, or the first with the chosen one.
    pub fn of(mut all: Vec<(String, String)>, chosen: &str) -> Choices {
        let is_cut = all.len() > CHOICES_LIMIT;
        all.sort_by_cached_key(|(_, name)| name.to_lowercase());
        if is_cut {
            let rest = all.split_off(CHOICES_LIMIT);
            all.extend(rest.into_iter().find(|(id, _)| id == chosen));
        }
        Choices {
            offered: all,
            is_cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_names_are_cut_and_the_chosen_one_stays() {
        let named = |count: usize| -> Vec<(String, String)> {
            let numbers = (0..count).rev();
            let named = numbers.map(|number| (number.to_string(), format!("Name {number:03}")));
            named.collect()
        };
        let few = Choices::of(named(CHOICES_LIMIT), "");
        assert_eq!((few.offered.len(), few.is_cut), (CHOICES_LIMIT, false));
        assert_eq!(few.offered[0].0, "0");
        let many = Choices::of(named(300), "250");
        assert_eq!((many.offered.len(), many.is_cut), (201, true));
        assert_eq!((&*many.offered[0].0, &*many.offered[200].0), ("0", "250"));
        assert_eq!(Choices::of(named(300), "7").offered.len(), 200);
    }
}

//! A list of which the beginning and the end are kept, however long it grows.

use serde::Serialize;
use std::collections::VecDeque;

/// The first and the last of many; what came between is counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bounded<T> {
    first: Vec<T>,
    left_out: u64,
    last: VecDeque<T>,
    #[serde(skip)]
    most: usize,
}

impl<T> Bounded<T> {
    /// Empty; keeps `most` at the most, half of them from the beginning.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { first: Vec::new(), left_out: 0, last: VecDeque::new(), most }
    }
    /// Adds one at the end.
    pub fn push(&mut self, item: T) {
        if self.first.len() < self.most / 2 {
            return self.first.push(item);
        }
        self.last.push_back(item);
        if self.first.len() + self.last.len() > self.most {
            self.last.pop_front();
            self.left_out += 1;
        }
    }
    /// The one at the end.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.last.back_mut().or_else(|| self.first.last_mut())
    }
    /// What `find` finds in the last item in which it finds anything.
    pub fn last_where<'a, R: 'a>(&'a mut self, find: impl FnMut(&'a mut T) -> Option<R>) -> Option<R> {
        self.first.iter_mut().chain(&mut self.last).rev().find_map(find)
    }
    /// What is kept from the beginning.
    #[must_use]
    pub fn first(&self) -> &[T] {
        &self.first
    }
    /// How many were left out behind that.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
    /// What is kept from the end.
    pub fn last(&self) -> impl Iterator<Item = &T> {
        self.last.iter()
    }
    /// All that is kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.last)
    }
    /// Whether nothing was ever added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.last.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
        let mut list = Bounded::new(6);
        assert!(list.is_empty());
        (1..=4).for_each(|number| list.push(number));
        assert_eq!((list.first(), list.left_out()), (&[1, 2, 3][..], 0));
        (5..=100).for_each(|number| list.push(number));
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [1, 2, 3, 98, 99, 100]);
        assert_eq!((list.left_out(), list.last_mut().copied()), (94, Some(100)));
    }
}

//! One value a key, of a bounded number of keys.

use std::collections::HashMap;

/// Longest key in bytes: who makes longer names does not decide how much memory an audit takes.
const KEY_BYTES_MAX: usize = 2_048;

/// A key is written part by part into a buffer that is used again, so that a key that was seen before costs no allocation.
#[derive(Debug)]
pub(super) struct Tally<V> {
    values: HashMap<Vec<u8>, V>,
    key: Vec<u8>,
    keys_max: usize,
}

impl<V> Tally<V> {
    pub(super) fn new(keys_max: usize) -> Self {
        Self {
            values: HashMap::new(),
            key: Vec::new(),
            keys_max,
        }
    }

    /// The value of the key that `write` writes; a new key gets a `first` one. `None` where the key is too long, or one too many.
    pub(super) fn of(
        &mut self,
        write: impl FnOnce(&mut Key<'_>),
        first: impl FnOnce() -> V,
    ) -> Option<&mut V> {
        self.key.clear();
        write(&mut Key(&mut self.key));
        let is_new = !self.values.contains_key(&self.key);
        if is_new {
            if self.key.len() > KEY_BYTES_MAX || self.values.len() >= self.keys_max {
                return None;
            }
            self.values.insert(self.key.clone(), first());
        }
        self.values.get_mut(&self.key)
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = V> {
        self.values.into_values()
    }
}

/// Writes a key. Each part carries its length, so that no two lists of parts make one key.
pub(super) struct Key<'a>(&'a mut Vec<u8>);

impl Key<'_> {
    pub(super) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&text.len().to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }
}

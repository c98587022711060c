//! What a document may grow to in memory.

use serde_json::{Map, Value};

/// How many bytes a body may take once it is parsed, roughly: a function of 128 MB must survive
/// `[{"a":0},{"a":0},…`. Six megabytes of ordinary alerts take less than the half of it.
const BUDGET_BYTES: usize = 32 * 1024 * 1024;
/// An item of an array that grows.
const ITEM_BYTES: usize = 64;
/// A name and its value in an object.
const ENTRY_BYTES: usize = 128;
/// An object that is not empty.
const OBJECT_BYTES: usize = 512;

/// What is left of the memory for one document.
pub(super) struct Budget(usize);

/// The budget is spent.
#[derive(Debug, thiserror::Error)]
#[error("the document has more values than fit into memory")]
pub(super) struct Spent;

impl Budget {
    pub(super) fn new() -> Self {
        Self(BUDGET_BYTES)
    }

    /// Pays for one more item of an array.
    pub(super) fn item(&mut self) -> Result<(), Spent> {
        self.spend(ITEM_BYTES)
    }

    /// Pays for one more name of an object.
    pub(super) fn entry(&mut self, object: &Map<String, Value>, name: &str) -> Result<(), Spent> {
        let object = if object.is_empty() { OBJECT_BYTES } else { 0 };
        self.spend(object + ENTRY_BYTES + name.len())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(bytes).ok_or(Spent)?;
        Ok(())
    }
}

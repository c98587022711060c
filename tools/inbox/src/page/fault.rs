//! How the stand-in goes wrong, for as long as the page wants it.

use super::{Page, Refusal};
use pagerduty_standin::Order;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// What was ordered last.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Order>);

impl Page {
    /// The fault, and how often it will still happen if that was said.
    pub(super) fn fault(&self) -> Value {
        let order = self.fault.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waiting = self.front.standin.faults_waiting();
        let is_counted = order.times.is_some();
        let is_over = is_counted && waiting == 0;
        let mut shown = json!(if is_over { Order::default() } else { order });
        if let Some(fields) = shown.as_object_mut().filter(|_| is_counted && !is_over) {
            fields.insert("left".to_owned(), json!(waiting));
        }
        shown
    }

    pub(super) fn set_fault(&self, order: Order) -> Result<Value, Refusal> {
        self.front.standin.order_fault(&order).map_err(Refusal::bad)?;
        *self.fault.0.lock().unwrap_or_else(PoisonError::into_inner) = order;
        self.front.memory.changed();
        Ok(self.fault())
    }
}

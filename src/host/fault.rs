//! Why the process ends.

/// An error that ends the process.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

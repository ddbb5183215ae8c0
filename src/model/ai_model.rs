//! AI models that services talk to.

use super::origins::Origins;
use super::record::record;

record! {
    /// An AI model of the project.
    pub struct Model {
        /// A name for it.
        name: Option<String>,
        /// The model's reference.
        model: Option<String>,
        /// The size of its context in tokens.
        context_size: i64,
        /// Options of the program that runs it.
        runtime_flags: Vec<String>,
    }
    beside {
        /// The key in the file.
        key: String,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// How a service learns about a model.
    pub struct ModelBinding {
        /// The variable that gets the model's address.
        endpoint_var: Option<String>,
        /// The variable that gets the model's name.
        model_var: Option<String>,
    }
}

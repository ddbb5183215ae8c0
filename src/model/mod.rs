//! placeholder until the model branch lands
/// service
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Service;

//! rcompose.

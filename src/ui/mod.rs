//! What people and programs read: findings, tables, progress. The only layer that knows how output looks.

pub mod diag;

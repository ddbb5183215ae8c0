//! Resources that can't come into being.

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::Project;

pub(super) fn check(project: &Project, diags: &mut Diagnostics) {
    for (key, secret) in &project.secrets {
        if !secret.external && secret.file.is_none() && secret.environment.is_none() {
            let message = format!("secret `{key}` has neither `file` nor `environment`");
            diags.push(
                Diagnostic::new(Code::ResourceSource, secret.origins.span(), message)
                    .at(secret.origins.path())
                    .help("add `file: <path>` or `environment: <variable>`"),
            );
        }
    }
}

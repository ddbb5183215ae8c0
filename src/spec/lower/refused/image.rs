//! Names that no image can have.

use super::{HERE, Lowering, Refusal};
use crate::base::image_ref::{ImageRef, ImageRefError};
use crate::diag::Code;
use crate::model::{MountType, Service};
use crate::yaml::PathRef;

impl Lowering<'_> {
    pub(super) fn images(&mut self, service: &Service) {
        if let Some(image) = service.container.image.as_deref() {
            self.image(service, HERE.key("image"), image);
        }
        let volumes = HERE.key("volumes");
        for (at, mount) in service.container.volumes.iter().enumerate() {
            if let (MountType::Image, Some(source)) = (mount.kind, mount.source.as_deref())
                && !self.project.services.contains_key(source)
            {
                self.image(service, volumes.index(at).key("source"), source);
            }
        }
    }

    fn image(&mut self, service: &Service, path: PathRef<'_>, image: &str) {
        let error = match ImageRef::parse(image) {
            // The engine takes the identifier of an image it has.
            Ok(_) | Err(ImageRefError::LooksLikeId(_)) => return,
            Err(error) => error,
        };
        let unset = (self.context.unset)(service.origins.value(path));
        let (help, better) = mend_image(image, &error, &unset);
        let message =
            format!("service \"{}\": `{image}` can't be the name of an image: {error}", service.name);
        self.refuse(service, path, Refusal { code: Code::ImageName, message, help, value: image, better });
    }
}

/// Quotes that text processors make of the plain ones.
const TYPOGRAPHIC: [char; 11] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '″'];

/// How to mend the name of an image.
fn mend_image(image: &str, error: &ImageRefError, unset: &[String]) -> (String, Option<String>) {
    let names = |text: &str| ImageRef::parse(text).is_ok();
    if let Some(quote) = image.chars().find(|c| TYPOGRAPHIC.contains(c)) {
        let inner = image.trim_matches(TYPOGRAPHIC);
        let better = Some(inner.to_owned()).filter(|inner| names(inner));
        return (format!("YAML knows no such quotes as `{quote}`: write `\"` or `'`, or none"), better);
    }
    if !unset.is_empty() {
        let listed = unset.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let verb = if unset.len() == 1 { "is" } else { "are" };
        return match unset.len() == 1 && image.ends_with(':') {
            true => (format!("the tag is empty because {listed} {verb} not set"), None),
            false => (format!("{listed} {verb} not set"), None),
        };
    }
    if image.ends_with(':') {
        return ("the tag is empty: write one after the colon, or leave the colon out".to_owned(), None);
    }
    if image.contains(char::is_whitespace) {
        let trimmed = Some(image.trim().to_owned()).filter(|trimmed| names(trimmed));
        return ("the name of an image has no spaces".to_owned(), trimmed);
    }
    if let Some((scheme @ ("http" | "https"), rest)) = image.split_once("://") {
        let better = Some(rest.to_owned()).filter(|rest| names(rest));
        return (format!("leave `{scheme}://` out: registries are named by their host alone"), better);
    }
    if matches!(error, ImageRefError::NotLowercase(_)) {
        let better = Some(image.to_lowercase()).filter(|lower| names(lower));
        return ("write it in lower case".to_owned(), better);
    }
    ("write `[registry/]name[:tag][@digest]`, the name in lower case".to_owned(), None)
}

//! Which mounts go as `Binds` strings and which as `Mounts` objects.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{IMAGE_MOUNTS, need};
use crate::engine::EngineError;
use crate::spec::{MountKind, MountSpec};
use crate::state::ApiVersion;

pub(super) fn split(mounts: &[MountSpec], api: ApiVersion) -> Result<(Vec<String>, Vec<Value>), EngineError> {
    let (mut binds, mut objects) = (Vec::new(), Vec::new());
    for mount in mounts {
        match bind_text(mount) {
            Some(text) => binds.push(text),
            None => {
                if matches!(mount.kind, MountKind::Image { .. }) {
                    need("volume with type=image", IMAGE_MOUNTS, api)?;
                }
                objects.push(object(mount));
            }
        }
    }
    Ok((binds, objects))
}

/// `source:target:rw[,z]`, where nothing needs an object.
fn bind_text(mount: &MountSpec) -> Option<String> {
    let access = if mount.read_only { "ro" } else { "rw" };
    match &mount.kind {
        MountKind::Bind {
            source,
            create_host_path: true,
            propagation: None,
            recursive: None,
            selinux,
            resource: false,
            // A colon can't be told from the separators.
        } if !source.contains(':') || cfg!(windows) => {
            Some(format!("{source}:{}:{access}{}", mount.target, relabelled(selinux.as_deref())))
        }
        MountKind::Volume {
            name: Some(name),
            key: Some(_),
            labels,
            nocopy: false,
            subpath: None,
            selinux,
            ..
        } if labels.is_empty() => {
            Some(format!("{name}:{}:{access}{}", mount.target, relabelled(selinux.as_deref())))
        }
        _ => None,
    }
}

/// `,z`: the engine gives the files a label of SELinux.
fn relabelled(selinux: Option<&str>) -> String {
    selinux.map(|label| format!(",{label}")).unwrap_or_default()
}

fn object(mount: &MountSpec) -> Value {
    let (kind, source) = match &mount.kind {
        MountKind::Bind { source, .. } => ("bind", Some(source)),
        MountKind::Volume { name, .. } => ("volume", name.as_ref()),
        MountKind::Tmpfs { .. } => ("tmpfs", None),
        MountKind::Image { source, .. } => ("image", Some(source)),
        MountKind::Other { kind, source } => (kind.as_str(), Some(source)),
    };
    let mut out = Map::new();
    out.insert("Type".into(), json!(kind));
    if let Some(source) = source.filter(|source| !source.is_empty()) {
        out.insert("Source".into(), json!(source));
    }
    out.insert("Target".into(), json!(mount.target));
    if mount.read_only {
        out.insert("ReadOnly".into(), json!(true));
    }
    if let Some(consistency) = &mount.consistency {
        out.insert("Consistency".into(), json!(consistency));
    }
    if let Some((name, options)) = options(&mount.kind) {
        out.insert(name.into(), Value::Object(options));
    }
    Value::Object(out)
}

fn options(kind: &MountKind) -> Option<(&'static str, Map<String, Value>)> {
    let mut options = Map::new();
    match kind {
        MountKind::Bind { create_host_path, propagation, recursive, resource, .. } => {
            if *resource {
                return None;
            }
            if let Some(propagation) = propagation {
                options.insert("Propagation".into(), json!(propagation));
            }
            if *create_host_path {
                options.insert("CreateMountpoint".into(), json!(true));
            }
            match recursive.as_deref() {
                Some("disabled") => {
                    options.insert("NonRecursive".into(), json!(true));
                }
                Some("writable") => {
                    options.insert("ReadOnlyNonRecursive".into(), json!(true));
                }
                Some("readonly") => {
                    options.insert("ReadOnlyForceRecursive".into(), json!(true));
                }
                _ => {}
            }
            Some(("BindOptions", options))
        }
        MountKind::Volume { configured: false, .. } => None,
        MountKind::Volume { labels, nocopy, subpath, .. } => {
            if *nocopy {
                options.insert("NoCopy".into(), json!(true));
            }
            if !labels.is_empty() {
                options.insert("Labels".into(), texts(labels));
            }
            if let Some(subpath) = subpath {
                options.insert("Subpath".into(), json!(subpath));
            }
            Some(("VolumeOptions", options))
        }
        MountKind::Tmpfs { size, mode } => {
            if let Some(size) = size {
                options.insert("SizeBytes".into(), json!(size));
            }
            if let Some(mode) = mode {
                options.insert("Mode".into(), json!(mode));
            }
            (!options.is_empty()).then_some(("TmpfsOptions", options))
        }
        MountKind::Image { subpath, .. } => {
            let subpath = subpath.as_ref()?;
            options.insert("Subpath".into(), json!(subpath));
            Some(("ImageOptions", options))
        }
        MountKind::Other { .. } => None,
    }
}

fn texts(map: &IndexMap<String, String>) -> Value {
    Value::Object(map.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(create_host_path: bool, propagation: Option<&str>) -> MountSpec {
        MountSpec {
            target: "/h".into(),
            read_only: true,
            kind: MountKind::Bind {
                source: "/src".into(),
                create_host_path,
                propagation: propagation.map(str::to_owned),
                recursive: None,
                selinux: Some("z".into()),
                resource: false,
            },
            consistency: None,
        }
    }

    fn volume(name: Option<&str>, subpath: Option<&str>) -> MountSpec {
        MountSpec {
            target: "/v".into(),
            read_only: false,
            kind: MountKind::Volume {
                name: name.map(str::to_owned),
                key: name.map(str::to_owned),
                labels: IndexMap::new(),
                nocopy: false,
                subpath: subpath.map(str::to_owned),
                selinux: name.map(|_| "Z".to_owned()),
                configured: true,
            },
            consistency: None,
        }
    }

    #[test]
    fn the_table_of_binds_and_mounts() {
        let new = ApiVersion::new(1, 51);
        let mounts = [
            bind(true, None),
            bind(false, None),
            bind(true, Some("rslave")),
            volume(Some("p_v"), None),
            volume(Some("p_v"), Some("sub")),
            volume(None, None),
        ];
        let (binds, objects) = split(&mounts, new).expect("mounts");
        assert_eq!(binds, ["/src:/h:ro,z", "p_v:/v:rw,Z"]);
        let bind = |options: Value| json!({"Type": "bind", "Source": "/src", "Target": "/h", "ReadOnly": true, "BindOptions": options});
        assert_eq!(
            objects,
            [
                bind(json!({})),
                bind(json!({"Propagation": "rslave", "CreateMountpoint": true})),
                json!({"Type": "volume", "Source": "p_v", "Target": "/v", "VolumeOptions": {"Subpath": "sub"}}),
                json!({"Type": "volume", "Target": "/v", "VolumeOptions": {}}),
            ]
        );
    }

    #[test]
    fn image_mounts_need_a_new_engine() {
        let mount = MountSpec {
            target: "/i".into(),
            read_only: false,
            kind: MountKind::Image { source: "busybox".into(), subpath: None },
            consistency: None,
        };
        assert!(split(std::slice::from_ref(&mount), ApiVersion::new(1, 47)).is_err());
        assert!(split(&[mount], ApiVersion::new(1, 48)).is_ok());
    }
}

//! The label keys shared with Docker Compose, so that both tools see one project.

/// Name of the project; on containers, networks, volumes.
pub const PROJECT: &str = "com.docker.compose.project";
/// Key of the service; on containers.
pub const SERVICE: &str = "com.docker.compose.service";
/// Version of the tool that made it.
pub const VERSION: &str = "com.docker.compose.version";
/// Absolute project directory; on containers.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// Absolute paths of the Compose files, joined with `,`; on containers.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// Absolute paths given with `--env-file`, joined with `,`; on containers.
pub const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
/// `True` for containers made by `run`, else `False`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// SHA-256 of the normalised definition, lower-case hex.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// Number of the replica, from 1.
pub const CONTAINER_NUMBER: &str = "com.docker.compose.container-number";
/// `service:condition:restart`, joined with `,`; `""` when there are none.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// Content id of the image.
pub const IMAGE: &str = "com.docker.compose.image";
/// What a replacement container replaces.
pub const REPLACE: &str = "com.docker.compose.replace";
/// Random id of a one-off container.
pub const SLUG: &str = "com.docker.compose.slug";
/// `pre_start` on hook containers.
pub const HOOK: &str = "com.docker.compose.hook";
/// Key of a network.
pub const NETWORK: &str = "com.docker.compose.network";
/// Key of a volume.
pub const VOLUME: &str = "com.docker.compose.volume";
/// Sorted `target=digest` pairs of image mounts.
pub const IMAGE_VOLUME_DIGEST: &str = "com.docker.compose.image-volume-digest";

/// The version written into [`VERSION`]: that of the reference whose labels and hashes we follow.
pub const COMPATIBLE_VERSION: &str = "5.6.1";

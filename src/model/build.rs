//! How to build an image.

use indexmap::IndexMap;

use super::Ulimit;
use super::codec::{Environment, ExtraHosts, Pairs, Ssh};
use super::record::record;
use super::scalar::ByteSize;
use super::secret::FileReference;

record! {
    /// How to build an image.
    pub struct Build {
        /// A directory or a repository.
        context: Option<String>,
        /// The Dockerfile, relative to the context.
        dockerfile: Option<String>,
        /// The Dockerfile's text.
        dockerfile_inline: Option<String>,
        /// Extra rights of the builder.
        entitlements: Vec<String>,
        /// Build arguments; `None` takes the value of the environment.
        args: IndexMap<String, Option<String>> = Environment,
        /// Provenance attestation: a boolean or `mode=…`, as text.
        provenance: Option<String>,
        /// Bill of materials: a boolean or options, as text.
        sbom: Option<String>,
        /// Keys and agents by id; `None` for the default agent.
        ssh: IndexMap<String, Option<String>> = Ssh,
        /// Pairs of the image.
        labels: IndexMap<String, String> = Pairs,
        /// Caches to read.
        cache_from: Vec<String>,
        /// Caches to write.
        cache_to: Vec<String>,
        /// Whether no cache is used.
        no_cache: bool,
        /// Stages for which no cache is used.
        no_cache_filter: Vec<String>,
        /// Further contexts by name; `service:x` for the image of a service.
        additional_contexts: IndexMap<String, String> = Pairs,
        /// Whether base images are pulled.
        pull: bool,
        /// Further lines for `/etc/hosts`: addresses by host name.
        extra_hosts: IndexMap<String, Vec<String>> = ExtraHosts,
        /// Isolation technology.
        isolation: Option<String>,
        /// Network of the build containers.
        network: Option<String>,
        /// The stage to build.
        target: Option<String>,
        /// Secrets the build may read.
        secrets: Vec<FileReference>,
        /// Size of `/dev/shm`.
        shm_size: ByteSize,
        /// Further names of the image.
        tags: Vec<String>,
        /// Resource limits of the build containers.
        ulimits: IndexMap<String, Ulimit>,
        /// Platforms to build for.
        platforms: Vec<String>,
        /// Whether the build containers have all rights.
        privileged: bool,
    }
}

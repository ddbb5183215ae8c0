//! What is known of images by their names.

use super::{HERE, Subject, at};
use crate::base::image_ref::ImageRef;
use crate::diag::{Code, Diagnostics};
use crate::model::{Container, Origins, Service, Workload};

/// An image that keeps data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The name of the program.
    pub name: &'static str,
    /// The ends of repositories that have it.
    repositories: &'static [&'static str],
    /// Where it keeps its data.
    directories: &'static [&'static str],
    /// Whether losing the data is always a loss; a cache is filled anew.
    pub keeps: bool,
}

const fn known(
    name: &'static str,
    repositories: &'static [&'static str],
    directories: &'static [&'static str],
) -> Known {
    Known { name, repositories, directories, keeps: true }
}

/// Where well-known images keep their data, as their documentation has it.
const KNOWN: &[Known] = &[
    known(
        "PostgreSQL",
        &["postgres", "postgis/postgis", "pgvector/pgvector", "timescale/timescaledb"],
        &["/var/lib/postgresql/data", "/var/lib/postgresql"],
    ),
    known("PostgreSQL", &["bitnami/postgresql", "bitnamilegacy/postgresql"], &["/bitnami/postgresql"]),
    known(
        "MySQL",
        &["mysql", "mysql/mysql-server", "percona", "percona/percona-server"],
        &["/var/lib/mysql"],
    ),
    known("MySQL", &["bitnami/mysql", "bitnamilegacy/mysql"], &["/bitnami/mysql"]),
    known("MariaDB", &["mariadb"], &["/var/lib/mysql"]),
    known("MariaDB", &["linuxserver/mariadb"], &["/config"]),
    known("MariaDB", &["bitnami/mariadb", "bitnamilegacy/mariadb"], &["/bitnami/mariadb"]),
    known("MongoDB", &["mongo", "mongodb/mongodb-community-server"], &["/data/db"]),
    known("MongoDB", &["bitnami/mongodb", "bitnamilegacy/mongodb"], &["/bitnami/mongodb"]),
    known("CouchDB", &["couchdb"], &["/opt/couchdb/data"]),
    known("Cassandra", &["cassandra"], &["/var/lib/cassandra"]),
    known("ClickHouse", &["clickhouse", "clickhouse/clickhouse-server"], &["/var/lib/clickhouse"]),
    known("InfluxDB", &["influxdb"], &["/var/lib/influxdb", "/var/lib/influxdb2", "/var/lib/influxdb3"]),
    known("Neo4j", &["neo4j"], &["/data"]),
    known("ArangoDB", &["arangodb", "arangodb/arangodb"], &["/var/lib/arangodb3"]),
    known("SQL Server", &["mssql/server"], &["/var/opt/mssql"]),
    known(
        "Elasticsearch",
        &["elasticsearch", "elasticsearch/elasticsearch"],
        &["/usr/share/elasticsearch/data"],
    ),
    known("OpenSearch", &["opensearchproject/opensearch"], &["/usr/share/opensearch/data"]),
    Known { name: "Redis", repositories: &["redis"], directories: &["/data"], keeps: false },
    Known { name: "Valkey", repositories: &["valkey/valkey"], directories: &["/data"], keeps: false },
    Known {
        name: "RabbitMQ",
        repositories: &["rabbitmq"],
        directories: &["/var/lib/rabbitmq"],
        keeps: false,
    },
];

impl Known {
    /// What is known of an image.
    pub fn of(image: &ImageRef) -> Option<Known> {
        let path = image.path().strip_prefix("library/").unwrap_or(image.path());
        KNOWN.iter().copied().find(|known| {
            known.repositories.iter().any(|repository| match repository.contains('/') {
                // Mirrors put a name of their own in front.
                true => path == *repository || path.ends_with(&format!("/{repository}")),
                false => path == *repository || path.ends_with(&format!("/library/{repository}")),
            })
        })
    }

    /// Where a service with the image keeps its data.
    pub fn directories(&self, service: &Service) -> Vec<String> {
        let moved = match self.name {
            "PostgreSQL" => service.container.environment.get("PGDATA").cloned().flatten(),
            _ => None,
        };
        moved.into_iter().chain(self.directories.iter().map(|directory| (*directory).to_owned())).collect()
    }
}

/// Images that are another one tomorrow.
pub(super) fn latest(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let project = subject.project;
    for service in subject.all_services() {
        one(&service.origins, "service", &service.name, &service.container, &service.workload, diags);
    }
    for job in project.jobs.values().chain(project.disabled_jobs.values()) {
        one(&job.origins, "job", &job.name, &job.container, &job.workload, diags);
    }
}

fn one(
    origins: &Origins,
    noun: &str,
    name: &str,
    container: &Container,
    workload: &Workload,
    diags: &mut Diagnostics,
) {
    // What is built here has the tag one gives it.
    if workload.build.is_some() || container.pull_policy.as_deref() == Some("never") {
        return;
    }
    let Some(image) = container.image.as_deref().and_then(|image| ImageRef::parse(image).ok()) else {
        return;
    };
    let how = match (image.digest(), image.tag()) {
        (None, None) => "without a tag, which means `latest`",
        (None, Some("latest")) => "with the tag `latest`",
        _ => return,
    };
    let message = format!("{noun} `{name}` runs `{}` {how}", image.familiar_name());
    let path = HERE.key("image");
    let mut found = at(Code::LatestTag, origins, path, message).help("name a version");
    found.span = origins.value(path);
    diags.push(found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_images_are_known_wherever_they_come_from() {
        let known = |text: &str| Known::of(&ImageRef::parse(text).unwrap()).map(|known| known.name);
        assert_eq!(known("postgres:16"), Some("PostgreSQL"));
        assert_eq!(known("docker.io/library/mysql"), Some("MySQL"));
        assert_eq!(known("mirror.example/hub/library/mongo:7"), Some("MongoDB"));
        assert_eq!(known("ghcr.io/x/postgis/postgis"), Some("PostgreSQL"));
        assert_eq!(known("mcr.microsoft.com/mssql/server:2022-latest"), Some("SQL Server"));
        assert_eq!(known("me/mysql"), None);
        assert_eq!(known("postgres-exporter"), None);
    }
}

//! Whole projects, as files in memory: those beside this test, and those of a corpus when one is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rcompose::app::load::{LoadRequest, Loaded, load};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;

/// The directory the projects seem to be in.
pub const DIRECTORY: &str = "/shop";

/// A project, and the file of it that is broken.
pub struct Project {
    /// What people call it.
    pub name: String,
    /// The Compose files, in order.
    pub compose: Vec<String>,
    /// The one that is broken.
    pub broken: String,
    /// Every file by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Project {
    /// The text of the file to break.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.files[&self.broken]).ok()
    }

    /// Loads it, with another text in place of the broken file's.
    pub fn load(&self, text: &str) -> Loaded {
        let mut files = MapFiles::new().with_directory(DIRECTORY);
        for (name, content) in &self.files {
            let content = if *name == self.broken { text.as_bytes().to_vec() } else { content.clone() };
            files = files.with(Path::new(DIRECTORY).join(name), content);
        }
        let request = Request {
            files: self.compose.clone(),
            project_name: Some("shop".to_owned()),
            profiles: vec!["*".to_owned()],
            cwd: PathBuf::from(DIRECTORY),
            os: Environment::new(),
            ..Request::default()
        };
        load(&LoadRequest::full(request, Vec::new()), &files)
    }

    /// Writes it into a folder, for another program to read.
    pub fn write(&self, folder: &Path, text: &str) {
        for (name, content) in &self.files {
            let content = if *name == self.broken { text.as_bytes() } else { content };
            fs::write(folder.join(name), content).unwrap();
        }
    }
}

/// The projects beside this test.
pub fn own() -> Vec<Project> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutation/files");
    let files = contents(&folder);
    let names: Vec<String> = files.keys().filter(|name| is_compose(name)).cloned().collect();
    let project = |broken: &String| {
        // `<name>-top.yaml` is laid over `<name>-base.yaml`.
        let base = broken.strip_suffix("-top.yaml").map(|name| format!("{name}-base.yaml"));
        let compose = base.into_iter().chain([broken.clone()]).collect();
        Project { name: broken.clone(), compose, broken: broken.clone(), files: files.clone() }
    };
    names.iter().map(project).collect()
}

/// Every Compose file below the folder that `RCOMPOSE_CORPUS` names, each with the files around it.
pub fn corpus() -> Option<Vec<Project>> {
    let root = PathBuf::from(std::env::var_os("RCOMPOSE_CORPUS")?);
    let mut all = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let inside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inside.filter(|path| path.is_dir()));
        let files = contents(&folder);
        for broken in files.keys().filter(|name| is_compose(name)) {
            let name = folder.join(broken).strip_prefix(&root).unwrap().display().to_string();
            all.push(Project {
                name,
                compose: vec![broken.clone()],
                broken: broken.clone(),
                files: files.clone(),
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Some(all)
}

fn is_compose(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.filter(|path| path.is_file()).map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

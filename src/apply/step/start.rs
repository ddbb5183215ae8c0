//! Starting a container, with what is brought into it: files before, commands after.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::super::recover::started;
use super::super::report::ApplyError;
use super::Run;
use super::remove::runs;
use crate::base::ContainerId;
use crate::engine::ExecRequest;
use crate::plan::{Step, Target};
use crate::spec::{HookSpec, Upload};

/// Pieces of a hook's output that may wait for the listener.
const HOOK_CHUNKS: usize = 16;

impl Run<'_> {
    pub(super) async fn start(
        &self,
        step: &Step,
        container: &Target,
        uploads: &[Upload],
        post_start: &[HookSpec],
    ) -> Result<(), ApplyError> {
        let id = self.container(&container.id)?;
        self.options.listener.before_start(&id, &container.name, container.service.as_ref()).await;
        for upload in uploads.iter().filter(|upload| !upload.content.is_empty()) {
            let archive = pack(upload)
                .map_err(|source| ApplyError::Pack { resource: upload.resource.clone(), source })?;
            self.engine.upload(&id, archive).await?;
        }
        if let Err(error) = self.engine.start_container(&id).await
            && !(error.is_lost() && runs(self.engine, &id).await)
        {
            return Err(error.into());
        }
        // What may have to go again must be known by its start: others may start it too.
        if (step.group.is_some() || self.plan.handovers.iter().any(|one| one.start == Some(step.id)))
            && let Ok(detail) = self.engine.inspect_container(&id).await
        {
            let _ = self.started[step.id.0].set(started(&detail));
        }
        // Commands inside may take long, and others can start meanwhile. Nobody listens when the run is over.
        let _ = self.idle.send(step.id);
        self.hooks(&id, container, post_start).await
    }

    /// Runs commands inside, one after the other.
    pub(super) async fn hooks(
        &self,
        id: &ContainerId,
        container: &Target,
        hooks: &[HookSpec],
    ) -> Result<(), ApplyError> {
        if hooks.is_empty() {
            return Ok(());
        }
        for hook in hooks {
            let environment = hook.environment.iter().map(|(key, value)| match value {
                Some(value) => format!("{key}={value}"),
                None => key.clone(),
            });
            let request = ExecRequest {
                command: hook.command.clone(),
                user: hook.user.clone(),
                privileged: hook.privileged,
                working_dir: hook.working_dir.clone(),
                environment: environment.collect(),
                tty: false,
            };
            let (sender, mut heard) = mpsc::channel(HOOK_CHUNKS);
            let (name, service) = (container.name.as_str(), container.service.as_ref());
            let listen = async {
                while let Some(chunk) = heard.recv().await {
                    self.options.listener.hook_output(name, service, Some(chunk)).await;
                }
                self.options.listener.hook_output(name, service, None).await;
            };
            let (output, ()) =
                futures_util::future::join(self.engine.exec(id, &request, sender), listen).await;
            let output = output?;
            if output.exit_code != 0 {
                let service = match &container.service {
                    Some(service) => service.to_string(),
                    None => container.name.clone(),
                };
                let tail = tail(&output.output);
                return Err(ApplyError::Hook { service, status: output.exit_code, tail });
            }
        }
        Ok(())
    }
}

/// A file as a tar archive to be unpacked at `/`.
fn pack(upload: &Upload) -> std::io::Result<Bytes> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(upload.mode);
    header.set_uid(upload.uid.unwrap_or(0));
    header.set_gid(upload.gid.unwrap_or(0));
    header.set_size(upload.content.len() as u64);
    header.set_mtime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()));
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, upload.target.trim_start_matches('/'), upload.content.as_slice())?;
    Ok(Bytes::from(archive.into_inner()?))
}

/// The last lines of a hook's output: at most 10 of them and 2048 bytes.
fn tail(output: &[u8]) -> String {
    let from = output.len().saturating_sub(2048);
    let text = String::from_utf8_lossy(&output[from..]);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_a_tar_of_one_file() {
        let upload = Upload {
            target: "/run/secrets/token".to_owned(),
            content: b"secret".to_vec(),
            mode: 0o440,
            uid: Some(1000),
            gid: None,
            resource: "token".to_owned(),
        };
        let archive = pack(&upload).unwrap();
        let mut archive = tar::Archive::new(&archive[..]);
        let entries: Vec<_> = archive.entries().unwrap().map(Result::unwrap).collect();
        assert_eq!(entries.len(), 1);
        let header = entries[0].header();
        assert_eq!(entries[0].path().unwrap().to_str(), Some("run/secrets/token"));
        assert_eq!((header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0o440, 1000, 0));
    }

    #[test]
    fn the_tail_of_a_hook_is_short() {
        let output: Vec<u8> = (0..20).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert_eq!(tail(&output).lines().count(), 10);
        assert!(tail(&output).ends_with("line 19"));
        assert!(tail(&[b'x'; 5000]).len() <= 2048);
    }
}

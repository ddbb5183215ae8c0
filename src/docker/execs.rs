//! Commands inside containers, over bollard's hijacked streams.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::Docker;
use super::error::short_id;
use super::path::encode;
use crate::base::ContainerId;
use crate::engine::{Answer, EngineError, ExecOutput, ExecRequest, Execs, LogChunk};
use crate::event::Stream;

/// How much output is kept: its end.
const MOST_OUTPUT: usize = 64 * 1024;

/// The exit code comes a moment after the end of the output.
const EXIT_CODE_TRIES: u32 = 100;
const EXIT_CODE_PAUSE: Duration = Duration::from_millis(20);

impl Execs for Docker {
    fn exec(
        &self,
        container: &ContainerId,
        request: &ExecRequest,
        heard: mpsc::Sender<LogChunk>,
    ) -> Answer<'_, ExecOutput> {
        let (container, request) = (container.clone(), request.clone());
        Box::pin(async move {
            let subject = format!("run a command in container {}", short_id(&container));
            let fault = |error: bollard::errors::Error| self.transport.fault(&subject, error.into());
            let options = CreateExecOptions {
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                tty: Some(request.tty),
                env: (!request.environment.is_empty()).then_some(request.environment),
                cmd: Some(request.command),
                privileged: Some(request.privileged),
                user: request.user,
                working_dir: request.working_dir,
                ..CreateExecOptions::default()
            };
            let created = match self.bollard.create_exec(&encode(&container), options).await {
                Ok(created) => created,
                Err(error) => {
                    return Err(self.or_conflict(fault(error), self.is_not_running(&container)).await);
                }
            };
            let start = StartExecOptions { detach: false, tty: request.tty, output_capacity: None };
            let started = self.bollard.start_exec(&created.id, Some(start)).await.map_err(fault)?;
            let mut kept = Vec::new();
            if let StartExecResults::Attached { mut output, input } = started {
                while let Some(piece) = output.next().await {
                    let chunk = chunk(piece.map_err(fault)?);
                    kept.extend_from_slice(&chunk.bytes);
                    // Whoever listened may be gone.
                    let _ = heard.send(chunk).await;
                    if kept.len() > 2 * MOST_OUTPUT {
                        kept.drain(..kept.len() - MOST_OUTPUT);
                    }
                }
                // Both halves are one connection: it stays open until the output has ended.
                drop(input);
            }
            if kept.len() > MOST_OUTPUT {
                kept.drain(..kept.len() - MOST_OUTPUT);
            }
            for _ in 0..EXIT_CODE_TRIES {
                let state = self.bollard.inspect_exec(&created.id).await.map_err(fault)?;
                if let (Some(exit_code), false) = (state.exit_code, state.running.unwrap_or_default()) {
                    return Ok(ExecOutput { exit_code, output: kept });
                }
                tokio::time::sleep(EXIT_CODE_PAUSE).await;
            }
            let cause = "the command's exit code didn't come".to_owned();
            Err(EngineError::Broken { subject, cause })
        })
    }
}

/// A piece of output as the port has it.
fn chunk(output: LogOutput) -> LogChunk {
    let stream = match output {
        LogOutput::StdErr { .. } => Stream::Stderr,
        LogOutput::StdOut { .. } | LogOutput::Console { .. } | LogOutput::StdIn { .. } => Stream::Stdout,
    };
    LogChunk { stream, bytes: output.into_bytes() }
}

//! As a plugin of the docker client, which tells it to end by closing a socket.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::bench::{Going, on_each};

#[test]
fn a_docker_client_that_hangs_up_ends_the_run() {
    on_each("plugin", |bench| {
        bench.compose("services:\n  web: {image: busybox, command: sleep 999, stop_signal: SIGKILL}\n");
        let name = format!("{}-client", bench.project);
        let client = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let mut command = bench.command(["up"]);
        command.env("DOCKER_CLI_PLUGIN_SOCKET", format!("@{name}"));
        let going = Going::new(command);
        let (connection, _) = client.accept().unwrap();
        bench.until("web runs", || bench.state("web-1") == "running");
        drop(connection);
        let ran = going.ends();
        assert_eq!((ran.code, bench.state("web-1").as_str()), (130, "exited"), "{ran:?}");
    });
}

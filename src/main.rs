//! The `rcompose` program.

fn main() -> std::process::ExitCode {
    rcompose::cli::main()
}

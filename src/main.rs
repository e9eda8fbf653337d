//! The program: reads the command line, runs it, ends with its exit code.

fn main() -> std::process::ExitCode {
    sovcheck::cli::main()
}

//! The binary: hands over to `cli`, and prints an error as a sentence.

#![forbid(unsafe_code)]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match bluebridge::cli::run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bluebridge: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

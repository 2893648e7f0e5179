//! Processes under measurement: started, watched through `/proc`, and ended when dropped.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Linux counts CPU time for user space in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// A started process; killed when dropped.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> anyhow::Result<Process> {
        command
            .spawn()
            .map(Process)
            .with_context(|| format!("{command:?} cannot be started"))
    }

    /// This program in another role.
    pub fn role(arguments: &[&str]) -> anyhow::Result<Process> {
        Process::start(
            Command::new(std::env::current_exe()?)
                .arg("role")
                .args(arguments),
        )
    }

    /// CPU time used so far, all threads, in seconds.
    pub fn cpu_s(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The second field is the name in parentheses and may hold blanks; user and system time are fields 14 and 15.
        let after_name = stat.rsplit_once(')').context("an odd /proc/PID/stat")?.1;
        let ticks: f64 = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().unwrap_or_default())
            .sum();
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Most memory held at once so far, in MiB.
    pub fn peak_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .context("no VmHWM in /proc/PID/status")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1_024.0)
    }

    /// Waits for its end.
    pub fn output(mut self) -> anyhow::Result<String> {
        use std::io::Read as _;
        let mut text = String::new();
        if let Some(stdout) = self.0.stdout.as_mut() {
            stdout.read_to_string(&mut text)?;
        }
        let status = self.0.wait()?;
        anyhow::ensure!(status.success(), "a process ended with {status}");
        Ok(text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// Waits until somebody listens on the port.
pub fn wait_for_port(port: u16) -> anyhow::Result<()> {
    let started = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(30),
            "nothing listens on port {port}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Microseconds since 1970; the same clock in every process of this machine.
pub fn now_us() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as u64)
}

//! What the system says of processes. On systems without `/proc` everything is 0.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the threads of a process.
fn tasks(process: u32) -> Vec<PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    tasks.map(|tasks| tasks.flatten().map(|task| task.path()).collect()).unwrap_or_default()
}

pub fn threads(process: u32) -> usize {
    tasks(process).len()
}

fn children(process: u32) -> Vec<u32> {
    let of_thread = |task: PathBuf| fs::read_to_string(task.join("children")).unwrap_or_default();
    let all: Vec<String> = tasks(process).into_iter().map(of_thread).collect();
    all.iter().flat_map(|text| text.split_whitespace()).filter_map(|id| id.parse().ok()).collect()
}

/// The seconds of processor time of these processes and of their children, those that have ended included. A child
/// that is a process of the list, too, is counted once.
pub fn processor_time(processes: &[u32]) -> f64 {
    let mut all = processes.to_vec();
    all.extend(processes.iter().flat_map(|process| children(*process)));
    all.sort_unstable();
    all.dedup();
    let seconds = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: Option<Vec<f64>> = (11..15).map(|at| fields.get(at)?.parse().ok()).collect();
        Some(ticks?.iter().sum::<f64>() / 100.0)
    };
    all.into_iter().filter_map(seconds).sum()
}

fn status(path: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How often the threads of a process, and of its children, have gone to sleep by themselves.
pub fn wake_ups(process: u32) -> u64 {
    let all = children(process).into_iter().chain([process]).flat_map(tasks);
    all.filter_map(|task| status(&task.join("status"), "voluntary_ctxt_switches:")).sum()
}

/// How many bytes this process has had in memory at most.
pub fn peak_memory() -> u64 {
    status(Path::new("/proc/self/status"), "VmHWM:").unwrap_or(0) << 10
}

//! Restrictions of a machine's disk: a small file system, file modes, file sizes.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::{Checked, Machine};

/// A small file system at a machine's data directory, visible only to commands started
/// through it. Unmounted when dropped.
pub(crate) struct SmallDisk {
    keeper: Child,
    data: PathBuf,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

impl SmallDisk {
    /// Creates one of `kib` KiB and starts the machine's later commands in it; `None` if
    /// the system does not permit it (a container without `CAP_SYS_ADMIN` and without
    /// user namespaces).
    pub(crate) fn under(machine: &mut Machine, kib: u32) -> Checked<Option<Self>> {
        let data = machine.path("data");
        fs::create_dir_all(&data)?;
        for (unshare, nsenter) in [
            (vec!["-m"], vec!["-m"]),
            (
                vec!["-U", "-r", "-m"],
                vec!["-U", "--preserve-credentials", "-m"],
            ),
        ] {
            let script = format!(
                "mount -t tmpfs -o size={kib}k,mode=700 tmpfs '{}' && echo ready && exec cat",
                data.display()
            );
            let mut keeper = Command::new("unshare")
                .args(unshare)
                .args(["sh", "-c", &script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let mut line = String::new();
            BufReader::new(keeper.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
            let room = Self {
                keeper,
                data: data.clone(),
            };
            if line == "ready\n" {
                let id = room.keeper.id().to_string();
                let mut words = vec!["nsenter", "-t", &id];
                words.extend(nsenter);
                words.push("--");
                machine.launch_through(&words);
                return Ok(Some(room));
            }
        }
        Ok(None)
    }

    /// Returns a path inside, as seen from outside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        let data = self.data.strip_prefix("/").unwrap_or(&self.data);
        root.join(data).join(name)
    }

    /// Fills the disk completely.
    pub(crate) fn fill(&self) -> Checked {
        let mut filler = File::create(self.path("filler"))?;
        for size in [1 << 16, 1 << 12, 1] {
            let block = vec![b'.'; size];
            while filler.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Frees the space again.
    pub(crate) fn free(&self) -> Checked {
        Ok(fs::remove_file(self.path("filler"))?)
    }
}

/// Limits the size of files that a running program writes to `bytes`; `None` removes the
/// limit.
#[cfg(target_os = "linux")]
pub(crate) fn limit_file_size(program: Pid, bytes: Option<u64>) -> Checked {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(program), Resource::Fsize, limit)?;
    Ok(())
}

/// Reports that a test is skipped because the system lacks something.
pub(crate) fn skipped(needs: &str) -> Checked {
    Ok(writeln!(std::io::stderr(), "skipped: needs {needs}")?)
}

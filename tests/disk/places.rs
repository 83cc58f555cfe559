//! Places to run in that are smaller, or more closed, than this machine's disk.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, getuid, prlimit};

use crate::support::{Checked, Machine};

/// A file system of its own size under a machine's data directory, which only
/// commands started through it see. Gone when dropped.
pub(crate) struct Room {
    keeper: Child,
    data: PathBuf,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

impl Room {
    /// Makes one of `kib` KiB and starts the machine's later commands in it;
    /// `None` where the system does not let us (a container without
    /// `CAP_SYS_ADMIN` and without user namespaces).
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

    /// A path inside, as seen from outside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        let data = self.data.strip_prefix("/").unwrap_or(&self.data);
        root.join(data).join(name)
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) -> Checked {
        let mut filler = File::create(self.path("filler"))?;
        for size in [1 << 16, 1 << 12, 1] {
            let block = vec![b'.'; size];
            while filler.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn free(&self) -> Checked {
        Ok(fs::remove_file(self.path("filler"))?)
    }
}

/// Takes from the machine's later commands what lets root ignore modes.
pub(crate) fn bound_by_modes(machine: &mut Machine) {
    if getuid().is_root() {
        let less = "--bounding-set=-dac_override,-dac_read_search";
        machine.launch_through(&["setpriv", less, "--"]);
    }
}

/// Lets the files that a running program writes grow to `bytes`, or as they like.
#[cfg(target_os = "linux")]
pub(crate) fn grow_at_most(program: Pid, bytes: Option<u64>) -> Checked {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(program), Resource::Fsize, limit)?;
    Ok(())
}

/// Says that a test needs more than this system gives.
pub(crate) fn skipped(needs: &str) -> Checked {
    Ok(writeln!(std::io::stderr(), "skipped: needs {needs}")?)
}

//! One round at a time for an account, across processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long another round is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the lock is tried meanwhile.
const STEP: Duration = Duration::from_millis(25);

/// The right to carry out a round, until it is dropped. The system frees it
/// when the process dies.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
    /// Whether another round was waited for.
    pub(super) waited: bool,
}

/// Why there is no turn.
#[derive(Debug)]
pub(super) enum NoTurn {
    /// Another round goes on and on.
    Busy,
    /// The lock file.
    File(io::Error),
}

/// Whether somebody carries out a round under the lock on `path` now. One that
/// cannot be asked says no.
#[must_use]
pub fn is_taken(path: &Path) -> bool {
    open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Waits for the lock on `path` for at most two seconds. Dropping the future
/// leaves nothing behind.
pub(super) async fn turn(path: &Path) -> Result<Turn, NoTurn> {
    turn_within(path, PATIENCE).await
}

async fn turn_within(path: &Path, patience: Duration) -> Result<Turn, NoTurn> {
    let file = open(path).map_err(NoTurn::File)?;
    let deadline = Instant::now() + patience;
    let mut waited = false;
    loop {
        match file.try_lock() {
            Ok(()) => {
                return Ok(Turn {
                    _file: file,
                    waited,
                });
            }
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                waited = true;
                sleep(STEP).await;
            }
            Err(TryLockError::WouldBlock) => return Err(NoTurn::Busy),
            Err(TryLockError::Error(error)) => return Err(NoTurn::File(error)),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn a_second_round_waits_a_while_and_gives_up() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("round.lock");
        let first = turn(&path).await.map_err(|e| format!("{e:?}"))?;
        let patience = STEP * 3;
        let began = Instant::now();
        let second = turn_within(&path, patience).await;
        assert!(matches!(second, Err(NoTurn::Busy)), "{second:?}");
        assert!(began.elapsed() >= patience);
        drop(first);
        assert!(turn(&path).await.is_ok(), "freed with the first");
        Ok(())
    }

    #[tokio::test]
    async fn a_second_round_begins_when_the_first_ends() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("round.lock");
        let first = turn(&path).await.map_err(|e| format!("{e:?}"))?;
        let ends = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(turn(&path), ends);
        assert!(second.is_ok_and(|turn| turn.waited));
        assert!(turn(&path).await.is_ok_and(|turn| !turn.waited));
        Ok(())
    }

    #[tokio::test]
    async fn a_lock_file_that_cannot_be_made_is_told() {
        let nowhere = Path::new("/nonexistent/folder/round.lock");
        assert!(matches!(turn(nowhere).await, Err(NoTurn::File(_))));
    }
}

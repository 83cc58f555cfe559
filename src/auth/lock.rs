//! Locks between processes.
//!
//! The operating system holds them, so the death of a process frees them. A
//! lock file holds nothing and is never removed.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::auth::error::AuthError;
use crate::private_file;

/// How long to wait for another process: longer than one exchange with the
/// issuer may take.
pub const LOCK_LIMIT: Duration = Duration::from_secs(40);
/// The pauses between tries.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// An exclusive lock on a file, held until dropped.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock on `path`, making the file where it is missing; waits at
    /// most `limit` for another process. Never blocks the thread.
    ///
    /// # Errors
    ///
    /// [`AuthError::LockBusy`] when another process holds it all that time,
    /// [`AuthError::Lock`] when the file cannot be used.
    pub async fn take(path: &Path, limit: Duration) -> Result<Self, AuthError> {
        let unusable = |source| AuthError::Lock {
            path: path.to_owned(),
            source,
        };
        let file = private_file::open(path).map_err(unusable)?;
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(source)) => return Err(unusable(source)),
                Err(TryLockError::WouldBlock) if began.elapsed() >= limit => {
                    return Err(AuthError::LockBusy {
                        path: path.to_owned(),
                        waited: began.elapsed(),
                    });
                }
                Err(TryLockError::WouldBlock) => {}
            }
            tokio::time::sleep(pause + pause.mul_f64(fastrand::f64())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn a_second_holder_waits_until_the_first_lets_go() -> Result<(), Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("profiles/p.lock");
        let first = FileLock::take(&path, Duration::ZERO).await?;

        let busy = FileLock::take(&path, Duration::from_millis(20)).await;
        assert!(matches!(busy, Err(AuthError::LockBusy { .. })), "{busy:?}");

        let waiting = FileLock::take(&path, Duration::from_secs(10));
        let (second, ()) = tokio::join!(waiting, async { drop(first) });
        second?;
        Ok(())
    }
}

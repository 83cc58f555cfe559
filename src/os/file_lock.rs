//! Locks between processes.
//!
//! The operating system releases them when a process dies. A lock file is empty
//! and never deleted.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

// Follows the paused clock of tests.
use tokio::time::Instant;

use crate::os::private_file;

/// The pause after the first attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// The longest pause between attempts, without its jitter.
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// A lock on a file, held until dropped.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
    waited: bool,
}

/// Why a lock was not acquired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process held the lock for the whole time limit.
    #[error("another process has held the lock {} for {:.1} s", path.display(), waited.as_secs_f32())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// Time waited.
        waited: Duration,
    },
    /// The lock file cannot be created, opened or locked.
    #[error("cannot use the lock file {}", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// Error reported by the system.
        #[source]
        source: io::Error,
    },
}

impl FileLock {
    /// Acquires the exclusive lock on `path`, creating the file if necessary.
    /// Blocks the thread for at most `limit` while another process holds it.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    pub fn take(path: &Path, limit: Duration) -> Result<Self, LockError> {
        Attempts::new(path, limit, File::try_lock)?.block()
    }

    /// Acquires a shared lock on `path`, creating the file if necessary. Blocks
    /// the thread for at most `limit` while another process holds the
    /// exclusive one.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    pub fn share(path: &Path, limit: Duration) -> Result<Self, LockError> {
        Attempts::new(path, limit, File::try_lock_shared)?.block()
    }

    /// Acquires the exclusive lock on `path` like [`FileLock::take`], without
    /// blocking the thread. Dropping the future cancels the attempt.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    pub async fn acquire(path: &Path, limit: Duration) -> Result<Self, LockError> {
        let mut attempts = Attempts::new(path, limit, File::try_lock)?;
        while let Some(pause) = attempts.next()? {
            tokio::time::sleep(pause).await;
        }
        Ok(attempts.lock())
    }

    /// Returns whether another process holds the exclusive lock on `path` now;
    /// `false` if that cannot be determined.
    #[must_use]
    pub fn is_taken(path: &Path) -> bool {
        File::open(path)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Returns whether another process held the lock at the first attempt.
    #[must_use]
    pub const fn waited(&self) -> bool {
        self.waited
    }
}

/// Attempts to acquire one lock.
struct Attempts<'p> {
    path: &'p Path,
    file: File,
    take: fn(&File) -> Result<(), TryLockError>,
    began: Instant,
    limit: Duration,
    pause: Duration,
    waited: bool,
}

impl<'p> Attempts<'p> {
    fn new(
        path: &'p Path,
        limit: Duration,
        take: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, LockError> {
        let file = private_file::open(path).map_err(|source| unusable(path, source))?;
        Ok(Self {
            path,
            file,
            take,
            began: Instant::now(),
            limit,
            pause: FIRST_PAUSE,
            waited: false,
        })
    }

    /// Makes one attempt: `None` when the lock is acquired, else the pause before
    /// the next attempt.
    fn next(&mut self) -> Result<Option<Duration>, LockError> {
        match (self.take)(&self.file) {
            Ok(()) => Ok(None),
            Err(TryLockError::Error(source)) => Err(unusable(self.path, source)),
            Err(TryLockError::WouldBlock) if self.began.elapsed() >= self.limit => {
                Err(LockError::Busy {
                    path: self.path.to_owned(),
                    waited: self.began.elapsed(),
                })
            }
            Err(TryLockError::WouldBlock) => {
                self.waited = true;
                let pause = self.pause + self.pause.mul_f64(fastrand::f64());
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Ok(Some(pause))
            }
        }
    }

    fn block(mut self) -> Result<FileLock, LockError> {
        while let Some(pause) = self.next()? {
            thread::sleep(pause);
        }
        Ok(self.lock())
    }

    fn lock(self) -> FileLock {
        FileLock {
            _file: self.file,
            waited: self.waited,
        }
    }
}

fn unusable(path: &Path, source: io::Error) -> LockError {
    LockError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    type Tested = Result<(), Box<dyn Error>>;

    #[tokio::test(start_paused = true)]
    async fn a_second_holder_waits_until_the_first_is_dropped() -> Tested {
        let home = tempfile::tempdir()?;
        let path = home.path().join("profiles/p.lock");
        let first = FileLock::acquire(&path, Duration::ZERO).await?;
        assert!(!first.waited());

        let limit = Duration::from_millis(20);
        let began = Instant::now();
        let busy = FileLock::acquire(&path, limit).await;
        assert!(matches!(busy, Err(LockError::Busy { .. })), "{busy:?}");
        assert!(began.elapsed() >= limit);

        let waiting = FileLock::acquire(&path, Duration::from_secs(10));
        let (second, ()) = tokio::join!(waiting, async { drop(first) });
        assert!(second?.waited());
        Ok(())
    }

    #[test]
    fn sharing_locks_exclude_only_the_exclusive_one() -> Tested {
        let home = tempfile::tempdir()?;
        let path = home.path().join("p.lock");
        assert!(!FileLock::is_taken(&path), "there is no file");

        let one = FileLock::share(&path, Duration::ZERO)?;
        let other = FileLock::share(&path, Duration::ZERO)?;
        assert!(!FileLock::is_taken(&path));
        assert!(FileLock::take(&path, Duration::ZERO).is_err());

        drop((one, other));
        let alone = FileLock::take(&path, Duration::ZERO)?;
        assert!(FileLock::is_taken(&path));
        assert!(FileLock::share(&path, Duration::ZERO).is_err());
        drop(alone);
        assert!(!FileLock::is_taken(&path));
        Ok(())
    }

    #[test]
    fn a_lock_file_that_cannot_be_created_is_an_error() {
        let nowhere = Path::new("/dev/null/folder/p.lock");
        let failed = FileLock::take(nowhere, Duration::from_secs(10));
        assert!(matches!(failed, Err(LockError::File { .. })), "{failed:?}");
    }
}

//! The devices of a sequence and their network.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use tudone::domain::key::Key;
use tudone::sync::round::{RoundError, RoundReport};
use uuid::Uuid;

use crate::Checked;
use crate::device::Device;
use crate::network::Network;
use crate::server::Server;
use crate::step::{DEVICES, Fate};

/// The most rounds of each device until nothing changes.
const PATIENCE: usize = 40;

pub(crate) struct Fleet {
    pub(crate) network: Rc<RefCell<Network>>,
    pub(crate) devices: Vec<Device>,
}

/// Returns the key of the todo with this number: a UUIDv7.
pub(crate) fn key(number: u32) -> Key {
    Key::new(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number),
    ))
}

pub(crate) fn picked<T>(all: &[T], pick: u8) -> Option<&T> {
    all.get(usize::from(pick).checked_rem(all.len())?)
}

impl Fleet {
    pub(crate) fn new(server: Box<dyn Server>, folder: &Path, on_disk: bool) -> Checked<Self> {
        let network = Rc::new(RefCell::new(Network::new(server)?));
        let devices = (0..DEVICES).map(|number| Device::new(number, &network, folder, on_disk));
        Ok(Self {
            devices: devices.collect::<Checked<_>>()?,
            network,
        })
    }

    pub(crate) fn device(&mut self, number: usize) -> Checked<&mut Device> {
        self.devices
            .get_mut(number)
            .ok_or_else(|| "no such device".into())
    }

    /// Ends the round of a device, or runs one.
    pub(crate) fn sync(&mut self, device: usize) -> Checked {
        let outcome = self.device(device)?.sync()?;
        self.ended(device, Some(outcome))
    }

    /// Lets the next request of a device have this fate.
    pub(crate) fn pass(&mut self, device: usize, fate: Fate) -> Checked {
        let outcome = self.device(device)?.pass(fate)?;
        self.ended(device, outcome)
    }

    /// Fails if the round failed for another reason than the network.
    fn ended(
        &mut self,
        device: usize,
        outcome: Option<Result<RoundReport, RoundError>>,
    ) -> Checked {
        match outcome {
            Some(Err(error @ (RoundError::Store(_) | RoundError::Lock(_) | RoundError::Busy))) => {
                Err(format!("device {device}: {error:?}").into())
            }
            Some(_) => self.device(device)?.check(),
            None => Ok(()),
        }
    }

    /// Purges tombstones. They live longer than any request: what is about to be written
    /// is cut off.
    pub(crate) fn purge(&mut self) -> Checked {
        for device in 0..DEVICES {
            if self.network.borrow().is_about_to_write(device) {
                self.pass(device, Fate::LostBefore)?;
            }
        }
        self.network.borrow_mut().purge()
    }

    /// Syncs all devices without faults until nothing changes.
    pub(crate) fn sync_until_quiet(&mut self) -> Checked {
        for device in 0..DEVICES {
            if self.device(device)?.is_in_round() {
                self.sync(device)?;
            }
        }
        self.network.borrow_mut().clear()?;
        let mut last = None;
        for _ in 0..PATIENCE {
            let mut quiet = true;
            for device in 0..DEVICES {
                let outcome = self.device(device)?.sync()?;
                quiet &= outcome.as_ref().is_ok_and(is_quiet);
                last = Some(format!("{outcome:?}"));
                self.ended(device, Some(outcome))?;
            }
            if quiet {
                return Ok(());
            }
        }
        Err(format!("never quiet: {last:?}").into())
    }

    /// Checks that each device shows the server's rows once everything rejected is
    /// dropped.
    pub(crate) fn check_shown(&mut self) -> Checked {
        let rows = self.network.borrow_mut().rows()?;
        for device in &mut self.devices {
            device.gives_up_to(&rows)?;
        }
        Ok(())
    }
}

/// Returns whether a round changed nothing. A bare backend's list is always read whole.
fn is_quiet(report: &RoundReport) -> bool {
    report.pushed + report.rejected + report.waiting == 0
}

// SPDX-License-Identifier: GPL-2.0-only
//! Uses the devices through the crate pci-driver, which was written for vfio-pci
//! and shares no code with tests/lib or QEMU.
//!
//! Each case opens the device anew. It prints one line per case, and counts.

mod cases;
mod event;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use pci_driver::backends::vfio::{VfioContainer, VfioPciDevice};

const USAGE: &str = "usage: vfio-client [OPTION...] TYPE=UUID...
  TYPE=UUID        an mdev that exists and is not in use, such as mtty-2=...
  --door NAME      the way to the device, for the names of the cases
  --beside GROUP   a group that shares the container with each device
  --only WORD      the cases that have WORD in their names
  --list           only print the names of the cases";

/// The way to a device: its group, in a container with other groups.
struct Door {
    name: String,
    beside: Vec<u32>,
}

/// An mdev and its type.
struct Device {
    kind: &'static cases::Kind,
    name: String,
    path: PathBuf,
}

impl Device {
    fn new(arg: &str) -> Option<Device> {
        let (name, uuid) = arg.split_once('=')?;
        let (parent, _) = name.split_once('-')?;
        Some(Device {
            kind: cases::KINDS.iter().find(|kind| kind.parent == parent)?,
            name: name.to_string(),
            path: Path::new("/sys/bus/mdev/devices").join(uuid),
        })
    }

    /// As the name of the type says: mtty-2 has two.
    fn ports(&self) -> usize {
        match self.name.strip_prefix("mtty-") {
            Some(number) => number.parse().unwrap_or(0),
            None => 0,
        }
    }

    fn group(&self) -> io::Result<u32> {
        let link = fs::read_link(self.path.join("iommu_group"))?;
        link.file_name()
            .and_then(|name| name.to_str()?.parse().ok())
            .ok_or_else(|| io::Error::other("iommu_group is not a link to a number"))
    }

    fn open(&self, door: &Door) -> io::Result<VfioPciDevice> {
        if door.beside.is_empty() {
            return VfioPciDevice::open(&self.path);
        }
        let mut groups = door.beside.clone();
        groups.push(self.group()?);
        VfioPciDevice::open_in_container(&self.path, Arc::new(VfioContainer::new(&groups)?))
    }
}

struct Options {
    door: Door,
    only: String,
    list: bool,
    devices: Vec<Device>,
}

fn options() -> Option<Options> {
    let mut options = Options {
        door: Door {
            name: "group".to_string(),
            beside: Vec::new(),
        },
        only: String::new(),
        list: false,
        devices: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--door" => options.door.name = args.next()?,
            "--beside" => options.door.beside.push(args.next()?.parse().ok()?),
            "--only" => options.only = args.next()?,
            "--list" => options.list = true,
            _ => options.devices.push(Device::new(&arg)?),
        }
    }
    (!options.devices.is_empty()).then_some(options)
}

fn run(case: &cases::Case, device: &Device, door: &Door) -> cases::Outcome {
    let opened = device
        .open(door)
        .map_err(|error| format!("the library does not open the device: {error}"))?;
    (case.run)(&cases::Env {
        device: &opened,
        kind: device.kind,
        ports: device.ports(),
        group: device.group()?,
    })
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let (mut passed, mut failed) = (0, 0);

    for device in &options.devices {
        for case in cases::CASES {
            let name = format!("{}/{}/{}", options.door.name, device.name, case.name);
            if !case.parents.contains(&device.kind.parent) || !name.contains(&options.only) {
                continue;
            }
            if options.list {
                println!("{name}");
                continue;
            }
            match run(case, device, &options.door) {
                Ok(()) => {
                    println!("ok {name}");
                    passed += 1;
                }
                Err(reason) => {
                    println!("FAILED {name}: {reason}");
                    failed += 1;
                }
            }
        }
    }
    if options.list {
        return ExitCode::SUCCESS;
    }
    println!("{passed} passed, {failed} failed, 0 skipped");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

// SPDX-License-Identifier: GPL-2.0-only
//! The cases, each for some kinds of devices. The name is the sentence that it proves.

use std::error::Error;
use std::ptr;

use pci_driver::backends::vfio::{VfioContainer, VfioPciDevice};
use pci_driver::config::caps::{
    MsiCapability, PciPowerManagementCapability, VendorSpecificCapability,
};
use pci_driver::device::PciDevice;
use pci_driver::interrupts::PciInterruptMechanism;
use pci_driver::regions::{OwningPciRegion, PciRegion, Permissions};

use crate::event::Event;

pub type Outcome = Result<(), Box<dyn Error>>;

pub struct Env<'a> {
    pub device: &'a VfioPciDevice,
    pub kind: &'static Kind,
    pub ports: usize,
    pub group: u32,
}

/// Facts about all types of one parent.
pub struct Kind {
    pub parent: &'static str,
    vendor: u16,
    device: u16,
    class: [u8; 3],
}

pub const KINDS: &[Kind] = &[
    Kind {
        parent: "mdpy",
        vendor: 0x1b36,
        device: 0x000f,
        class: [0x03, 0x80, 0x00],
    },
    Kind {
        parent: "mbochs",
        vendor: 0x1234,
        device: 0x1111,
        class: [0x03, 0x80, 0x00],
    },
    Kind {
        parent: "mtty",
        vendor: 0x4348,
        device: 0x3253,
        class: [0x07, 0x00, 0x02],
    },
];

pub struct Case {
    pub name: &'static str,
    pub parents: &'static [&'static str],
    pub run: fn(&Env) -> Outcome,
}

const EACH: &[&str] = &["mdpy", "mbochs", "mtty"];
const DISPLAYS: &[&str] = &["mdpy", "mbochs"];
const WITH_REGISTERS: &[&str] = &["mbochs", "mtty"];
const MDPY: &[&str] = &["mdpy"];
const MBOCHS: &[&str] = &["mbochs"];
const MTTY: &[&str] = &["mtty"];

const PAGE: u64 = 4096;
const NR_BARS: usize = 6;
const PCI_BAR: u64 = 0x10;
const PCI_BAR_IO: u32 = 0x1;
const UART_IER: u64 = 1;
const UART_IER_THRI: u8 = 0x02;
const UART_SCR: u64 = 7;
const DISPI: u64 = 0x500;
const DISPI_ID: u64 = DISPI;
const DISPI_XRES: u64 = DISPI + 2;
const DISPI_ENABLE: u64 = DISPI + 8;

macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            return Err(format!("line {}: not so: {}", line!(), stringify!($condition)).into());
        }
    };
}

macro_rules! check_eq {
    ($seen:expr, $wanted:expr) => {
        match ($seen, $wanted) {
            (seen, wanted) => {
                if seen != wanted {
                    let what = stringify!($seen);
                    let line = line!();
                    return Err(
                        format!("line {line}: {what} is {seen:#x?}, not {wanted:#x?}").into(),
                    );
                }
            }
        }
    };
}

fn bar(env: &Env, index: usize) -> Result<OwningPciRegion, Box<dyn Error>> {
    env.device
        .bar(index)
        .ok_or_else(|| format!("there is no BAR{index}").into())
}

/* ---- config space ---- */

fn config_space_has_the_ids_of_the_device(env: &Env) -> Outcome {
    let config = env.device.config();
    let class = config.class_code();

    check_eq!(config.vendor_id().read()?, env.kind.vendor);
    check_eq!(config.device_id().read()?, env.kind.device);
    check_eq!(config.read_le_u16(0)?, env.kind.vendor);
    // Config space has the least significant byte first.
    check_eq!(config.read_u8(0x0b)?, env.kind.class[0]);
    check_eq!(config.read_u8(0x0a)?, env.kind.class[1]);
    check_eq!(config.read_u8(0x09)?, env.kind.class[2]);
    check_eq!(class.sub_class_code().read()?, env.kind.class[1]);
    check_eq!(config.interrupt_pin().read()?, u8::from(env.ports > 0));
    Ok(())
}

fn config_space_keeps_what_is_written_and_its_ids(env: &Env) -> Outcome {
    let config = env.device.config();
    let command = config.command();

    for line in [0x5a, 0xa5] {
        config.interrupt_line().write(line)?;
        check_eq!(config.interrupt_line().read()?, line);
    }
    check!(!command.bus_master_enable().read()?);
    command.bus_master_enable().write(true)?;
    check!(command.bus_master_enable().read()?);
    config.write_le_u32(0, !0)?;
    check_eq!(config.vendor_id().read()?, env.kind.vendor);
    check_eq!(config.device_id().read()?, env.kind.device);
    Ok(())
}

fn bars_are_as_large_as_config_space_says(env: &Env) -> Outcome {
    let config = env.device.config();

    for index in 0..NR_BARS {
        let offset = PCI_BAR + 4 * index as u64;
        let base = config.read_le_u32(offset)?;
        config.write_le_u32(offset, !0)?;
        let ones = config.read_le_u32(offset)?;
        config.write_le_u32(offset, base)?;
        check_eq!(config.read_le_u32(offset)?, base);

        let flags = if ones & PCI_BAR_IO != 0 { 0x3 } else { 0xf };
        let size = match ones & !flags {
            0 => 0,
            mask => u64::from(!mask) + 1,
        };
        check_eq!(env.device.bar(index).map_or(0, |bar| bar.len()), size);
    }
    check!(env.device.bar(0).is_some());
    check!(env.device.rom().is_none());
    Ok(())
}

fn the_library_finds_the_capabilities(env: &Env) -> Outcome {
    let capabilities = env.device.config().capabilities()?;
    let power = capabilities.of_type::<PciPowerManagementCapability>()?;
    let msi = capabilities.of_type::<MsiCapability>()?;
    let vendor = capabilities.of_type::<VendorSpecificCapability>()?;

    check_eq!(power.count(), 1);
    check_eq!(msi.count(), usize::from(env.kind.parent == "mtty"));
    check_eq!(vendor.count(), usize::from(env.kind.parent == "mdpy"));
    Ok(())
}

/* ---- regions ---- */

/// A mapping and the BAR are the same memory, at the places in `offsets`.
fn compare(bar: &OwningPciRegion, mapped: &dyn PciRegion, start: u64, offsets: &[u64]) -> Outcome {
    for &offset in offsets {
        let value = 0xdead_0000 | (offset as u32 >> 2 & 0xffff);
        mapped.write_le_u32(offset, value)?;
        check_eq!(bar.read_le_u32(start + offset)?, value);
        bar.write_le_u32(start + offset, !value)?;
        check_eq!(mapped.read_le_u32(offset)?, !value);
    }
    Ok(())
}

fn a_mapping_and_the_bar_are_the_same_memory(env: &Env) -> Outcome {
    let bar = bar(env, 0)?;
    let len = bar.len();

    check!(bar.is_mappable());
    let mapped = bar.map(.., Permissions::ReadWrite)?;
    check_eq!(mapped.len() as u64, len);
    compare(&bar, &mapped, 0, &[0, 4, PAGE, len / 2, len - 4])?;

    // A part of it, while the whole is mapped, and after it is not any more.
    let window = bar.map(len - 2 * PAGE..len - PAGE, Permissions::ReadWrite)?;
    check_eq!(window.len() as u64, PAGE);
    compare(&bar, &window, len - 2 * PAGE, &[0, PAGE - 4])?;
    mapped.write_le_u32(len - 2 * PAGE, 0x1234_5678)?;
    drop(mapped);
    check_eq!(window.read_le_u32(0)?, 0x1234_5678);
    Ok(())
}

fn a_mapping_can_be_read_only(env: &Env) -> Outcome {
    let bar = bar(env, 0)?;
    let mapped = bar.map(..PAGE, Permissions::Read)?;

    bar.write_le_u32(8, 0xcafe_f00d)?;
    check_eq!(mapped.read_le_u32(8)?, 0xcafe_f00d);
    Ok(())
}

fn bars_of_registers_are_not_mapped_but_read_and_written(env: &Env) -> Outcome {
    let display = env.kind.parent == "mbochs";
    let bars = if display { 2..3 } else { 0..env.ports };

    for index in bars {
        let bar = bar(env, index)?;
        check!(!bar.is_mappable());
        check!(bar.map(.., Permissions::ReadWrite).is_err());
        if display {
            check_eq!(bar.read_le_u16(DISPI_ID)?, 0xb0c5);
            bar.write_le_u16(DISPI_XRES, 1024)?;
            check_eq!(bar.read_le_u16(DISPI_XRES)?, 1024);
        } else {
            bar.write_u8(UART_SCR, 0x5a)?;
            check_eq!(bar.read_u8(UART_SCR)?, 0x5a);
        }
    }
    Ok(())
}

/* ---- reset ---- */

fn reset_paints_the_gray_ramp(env: &Env) -> Outcome {
    let bar = bar(env, 0)?;
    let mapped = bar.map(.., Permissions::ReadWrite)?;

    // Line 0 is black.
    mapped.write_le_u32(0, 0x00ff_ffff)?;
    env.device.reset()?;
    check_eq!(bar.read_le_u32(0)?, 0);
    check_eq!(mapped.read_le_u32(0)?, 0);
    Ok(())
}

fn reset_turns_the_mode_off(env: &Env) -> Outcome {
    let registers = bar(env, 2)?;
    let xres = registers.read_le_u16(DISPI_XRES)?;

    registers.write_le_u16(DISPI_XRES, xres + 64)?;
    registers.write_le_u16(DISPI_ENABLE, 1)?;
    env.device.reset()?;
    check_eq!(registers.read_le_u16(DISPI_ENABLE)?, 0);
    check_eq!(registers.read_le_u16(DISPI_XRES)?, xres);
    Ok(())
}

fn reset_turns_interrupts_of_ports_off(env: &Env) -> Outcome {
    for index in 0..env.ports {
        let port = bar(env, index)?;
        port.write_u8(UART_IER, UART_IER_THRI)?;
        check_eq!(port.read_u8(UART_IER)?, UART_IER_THRI);
    }
    check!(env.device.config().status().interrupt_status().read()?);
    env.device.reset()?;
    for index in 0..env.ports {
        check_eq!(bar(env, index)?.read_u8(UART_IER)?, 0);
    }
    check!(!env.device.config().status().interrupt_status().read()?);
    Ok(())
}

fn reset_keeps_bus_master_and_the_interrupt_line(env: &Env) -> Outcome {
    let config = env.device.config();

    config.command().bus_master_enable().write(true)?;
    config.interrupt_line().write(0x0b)?;
    env.device.reset()?;
    check!(config.command().bus_master_enable().read()?);
    check_eq!(config.interrupt_line().read()?, 0x0b);
    Ok(())
}

/* ---- interrupts ---- */

fn raise(port: &OwningPciRegion) -> std::io::Result<()> {
    port.write_u8(UART_IER, UART_IER_THRI)
}

fn lower(port: &OwningPciRegion) -> std::io::Result<()> {
    port.write_u8(UART_IER, 0)
}

fn enable(kind: &PciInterruptMechanism, events: &[Event]) -> std::io::Result<()> {
    let fds: Vec<_> = events.iter().map(Event::fd).collect();
    kind.enable(&fds)
}

/// Messages are writes to memory.
fn allow_messages(env: &Env) -> std::io::Result<()> {
    env.device
        .config()
        .command()
        .bus_master_enable()
        .write(true)
}

fn it_has_no_interrupts(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();
    let event = [Event::new()?];

    for kind in [interrupts.intx(), interrupts.msi(), interrupts.msi_x()] {
        check_eq!(kind.max(), 0);
        check!(enable(&kind, &event).is_err());
    }
    Ok(())
}

fn it_has_intx_and_a_message_for_each_port(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();

    check_eq!(interrupts.intx().max(), 1);
    check_eq!(interrupts.msi().max(), env.ports);
    check_eq!(interrupts.msi_x().max(), 0);
    Ok(())
}

fn intx_comes_until_it_is_disabled(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();
    let intx = interrupts.intx();
    let event = [Event::new()?];

    for index in 0..env.ports {
        let port = bar(env, index)?;
        enable(&intx, &event)?;
        check_eq!(event[0].take()?, 0);
        raise(&port)?;
        check_eq!(event[0].take()?, 1);
        check!(env.device.config().status().interrupt_status().read()?);
        lower(&port)?;
        check!(!env.device.config().status().interrupt_status().read()?);

        intx.disable()?;
        raise(&port)?;
        check_eq!(event[0].take()?, 0);
        // The line is still up.
        enable(&intx, &event)?;
        check_eq!(event[0].take()?, 1);
        lower(&port)?;
        intx.disable()?;
    }
    Ok(())
}

fn each_port_sends_its_own_message(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();
    let msi = interrupts.msi();
    let mut events = Vec::new();

    for _ in 0..env.ports {
        events.push(Event::new()?);
    }
    allow_messages(env)?;
    enable(&msi, &events)?;
    for index in 0..env.ports {
        let port = bar(env, index)?;
        for _ in 0..3 {
            raise(&port)?;
            for (other, event) in events.iter().enumerate() {
                check_eq!(event.take()?, u64::from(other == index));
            }
            lower(&port)?;
        }
    }
    msi.disable()?;
    raise(&bar(env, 0)?)?;
    check_eq!(events[0].take()?, 0);
    Ok(())
}

fn interrupts_change_from_intx_to_messages_and_back(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();
    let (intx, msi) = (interrupts.intx(), interrupts.msi());
    let event = [Event::new()?];
    let port = bar(env, 0)?;

    allow_messages(env)?;
    for kind in [&intx, &msi, &intx] {
        enable(kind, &event)?;
        raise(&port)?;
        check_eq!(event[0].take()?, 1);
        lower(&port)?;
        kind.disable()?;
        check_eq!(event[0].take()?, 0);
    }
    Ok(())
}

fn interrupts_come_after_a_reset(env: &Env) -> Outcome {
    let interrupts = env.device.interrupts();
    let msi = interrupts.msi();
    let event = [Event::new()?];
    let port = bar(env, 0)?;

    allow_messages(env)?;
    enable(&msi, &event)?;
    raise(&port)?;
    check_eq!(event[0].take()?, 1);
    env.device.reset()?;
    check_eq!(event[0].take()?, 0);
    raise(&port)?;
    check_eq!(event[0].take()?, 1);
    Ok(())
}

/* ---- the container ---- */

fn memory_is_mapped_for_dma_once_and_unmapped(env: &Env) -> Outcome {
    let iommu = env.device.iommu();
    let len = iommu.alignment();
    // SAFETY: a new mapping, wherever there is room.
    let memory = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    check!(memory != libc::MAP_FAILED);
    let iova = match iommu.valid_iova_ranges().first() {
        Some(range) => range.start.next_multiple_of(len as u64),
        None => return Err("there are no valid IOVAs".into()),
    };
    // SAFETY: the memory stays as long as the process.
    let map = || unsafe { iommu.map(iova, len, memory.cast(), Permissions::ReadWrite) };

    check!(iommu.max_num_mappings() > 0);
    map()?;
    check!(map().is_err());
    iommu.unmap(iova, len)?;
    map()?;
    iommu.unmap(iova, len)?;
    Ok(())
}

fn a_group_in_use_is_not_opened_again(env: &Env) -> Outcome {
    match VfioContainer::new(&[env.group]) {
        Ok(_) => Err("the group was opened a second time".into()),
        Err(error) => {
            check_eq!(error.raw_os_error(), Some(libc::EBUSY));
            Ok(())
        }
    }
}

macro_rules! case {
    ($name:ident, $parents:ident) => {
        Case {
            name: stringify!($name),
            parents: $parents,
            run: $name,
        }
    };
}

pub const CASES: &[Case] = &[
    case!(config_space_has_the_ids_of_the_device, EACH),
    case!(config_space_keeps_what_is_written_and_its_ids, EACH),
    case!(bars_are_as_large_as_config_space_says, EACH),
    case!(the_library_finds_the_capabilities, EACH),
    case!(a_mapping_and_the_bar_are_the_same_memory, DISPLAYS),
    case!(a_mapping_can_be_read_only, DISPLAYS),
    case!(
        bars_of_registers_are_not_mapped_but_read_and_written,
        WITH_REGISTERS
    ),
    case!(reset_paints_the_gray_ramp, MDPY),
    case!(reset_turns_the_mode_off, MBOCHS),
    case!(reset_turns_interrupts_of_ports_off, MTTY),
    case!(reset_keeps_bus_master_and_the_interrupt_line, EACH),
    case!(it_has_no_interrupts, DISPLAYS),
    case!(it_has_intx_and_a_message_for_each_port, MTTY),
    case!(intx_comes_until_it_is_disabled, MTTY),
    case!(each_port_sends_its_own_message, MTTY),
    case!(interrupts_change_from_intx_to_messages_and_back, MTTY),
    case!(interrupts_come_after_a_reset, MTTY),
    case!(memory_is_mapped_for_dma_once_and_unmapped, EACH),
    case!(a_group_in_use_is_not_opened_again, EACH),
];

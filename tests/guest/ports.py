# SPDX-License-Identifier: GPL-2.0-only
"""What lspci and setserial, run in the guest, have to say of the serial cards."""

import re

PORTS = 2
BASE_BAUD = 115200
# Rate and number of bytes, as in uart.c
PACED = 300, 128

# One after the other, as lspci -nnvv prints them. Names are from Debian's
# pci.ids; what is in braces is known from QEMU.
LSPCI = (
    r"{address} Serial controller \[0700\]: \S.* \[4348:3253\] \(rev 10\) "
    r"\(prog-if 02 \[16550\]\)",
    r"Subsystem: \S.* \[4348:3253\]",
    r"Control: I/O\+ Mem[+-] BusMaster[+-] .* DisINTx-",
    r"Status: Cap\+ .* INTx-",
    r"Interrupt: pin A routed to IRQ {irq}",
    r"Region 0: I/O ports at {port1} \[size=8\]",
    r"Region 1: I/O ports at {port2} \[size=8\]",
    r"Capabilities: \[40\] Power Management version 3",
    r"Flags: PMEClk- DSI- D1- D2- AuxCurrent=0mA PME\(D0-,D1-,D2-,D3hot-,D3cold-\)",
    r"Status: D0 NoSoftRst\+ PME-Enable- DSel=0 DScale=0 PME-",
    r"Capabilities: \[48\] MSI: Enable- Count=1/2 Maskable\+ 64bit\+",
    r"Address: 0{{16}}  Data: 0000",
    r"Masking: 00000000  Pending: 00000000",
    r"Kernel driver in use: serial",
)


class Card:
    """A serial card as QEMU has it: where the guest's firmware put it."""

    def __init__(self, name, slot, device):
        self.name = name
        self.address = f"00:{slot}"
        self.irq = device["irq"]
        self.ports = [region["address"] for region in device["regions"]
                      if region["type"] == "io" and region["size"] == 8]


def find_cards(monitor, slots):
    """The cards in their slots, by name."""
    devices = {f"{device['slot']:02x}.{device['function']}": device
               for bus in monitor.command("query-pci") for device in bus["devices"]}
    return [Card(name, slot, devices[slot]) for name, slot in slots.items()]


def look_at_lspci(report, cards, lines):
    """Every line of lspci is as it should be, and none is missing."""
    blocks = re.split(r"\n(?=\S)", "\n".join(lines))
    report.check(len(blocks) == len(cards), f"mtty: lspci lists {len(cards)} cards", str(lines))
    for card, block in zip(cards, blocks):
        got = [line.strip() for line in block.strip().splitlines()]
        wanted = [pattern.format(address=re.escape(card.address), irq=card.irq,
                                 port1=f"{card.ports[0]:04x}", port2=f"{card.ports[1]:04x}")
                  for pattern in LSPCI]
        wrong = [f"'{line}' should match '{pattern}'" for line, pattern in zip(got, wanted)
                 if not re.fullmatch(pattern, line)]
        if len(got) != len(wanted):
            wrong.append(f"{len(got)} lines, not {len(wanted)}: {got}")
        report.check(not wrong, f"mtty: {card.name}: lspci -vv has its ids, class 16550, two regions "
                     "of 8 ports, pin A, power management, two MSI messages with masks",
                     "; ".join(wrong))


def look_at_setserial(report, cards, lines):
    """Each port is a 16550A at the right place."""
    text = "\n".join(lines)
    found = re.findall(r"(/dev/ttyS\d+), Line \d+, UART: (\S+), Port: (0x\w+), IRQ: (\d+)\n"
                       r"\s+Baud_base: (\d+),", text)
    wanted = [(card, port) for card in cards for port in card.ports]
    report.check(len(found) == len(wanted), f"mtty: setserial lists {len(wanted)} ports", text)
    for (card, port), (path, *got) in zip(wanted, found):
        want = ["16550A", f"{port:#06x}", str(card.irq), str(BASE_BAUD)]
        report.check(got == want, f"mtty: {card.name}: setserial has {path} as " +
                     "{} at {}, IRQ {}, base rate {}".format(*want), str(got))


def look_at_pace(report, seconds):
    """Sending took the time that the rate says, at least."""
    rate, count = PACED
    least = count * 10 / rate
    report.check(seconds >= least, f"mtty: paced: {count} bytes at {rate} take {least:.2f} s "
                 "or longer", f"{seconds:.2f} s")

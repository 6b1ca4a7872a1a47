# SPDX-License-Identifier: GPL-2.0-only
"""What firmware shows on mdpy and mbochs before a guest's driver does."""

import os

from display import Display, Picture
from guest import (BOOT_LIMIT, PLAIN, RENDER_NODE, SHOW_LIMIT, STEP_LIMIT, boot_options,
                   device_options, end_guest, look_at_drivers, qemu_command)
from machine import Failure
from screens import EDID_TRACE, SLOTS, Seen, show_by

# In the EDID: a size that no firmware takes by itself, within the limits of mbochs-small
SIZE = (720, 576)
EDID = ",xres={},yres={}".format(*SIZE)
# What a window that shows it has then, and what becomes of it: no mode that a monitor
# has anyway, and one beyond the limits of mbochs-small
RESIZES = [((648, 488), (648, 488)), ((2000, 1500), (800, 600))]
# QEMU has files of SeaBIOS for each of its displays.
ROM = ",romfile=vgabios-bochs-display.bin"
RAMFB = ",ramfb=on"
LOG = "/tmp/firmware.log"
# SeaBIOS says on its debug port what it shows, OVMF on the serial port.
SEABIOS = ["-machine", "pc", "-chardev", f"file,id=log,path={LOG}",
           "-device", "isa-debugcon,iobase=0x402,chardev=log"]
WITH_GL = f"dbus,p2p=yes,gl=on,rendernode={RENDER_NODE}"
OVMF = ["-machine", "pc", "-bios", "/usr/share/ovmf/OVMF.fd"]
FIRMWARE_LIMIT = 900
# The first words of a kernel on its own console, and long before its drivers start
KERNEL_LINE = "Linux version"
# Behind the kernel, and below the memory of the firmware
INITRD = 0x8000000


def pixels_of(path):
    """Size and pixels of a PPM file."""
    with open(path, "rb") as file:
        data = file.read()
    _magic, width, height, _depth, _pixels = data.split(maxsplit=4)
    width, height = int(width), int(height)
    # The first pixel may look like white space.
    return width, height, data[-width * height * 3:]


def rgb_of(picture):
    """The same of what a D-Bus client sees."""
    rgb = bytearray(picture.width * picture.height * 3)
    for channel in range(3):
        rgb[channel::3] = picture.pixels[2 - channel::4]
    return picture.width, picture.height, bytes(rgb)


def from_rgb(width, height, rgb):
    """The other way round, to make a file of it."""
    pixels = bytearray(width * height * 4)
    for channel in range(3):
        pixels[2 - channel::4] = rgb[channel::3]
    return Picture(width, height, "XR24", bytes(pixels), "")


def is_blank(picture):
    _width, _height, pixels = picture
    return pixels == pixels[:3] * (len(pixels) // 3)


def is_text(picture):
    """Text has two colours, black and gray."""
    _width, _height, pixels = picture
    return {pixels[i:i + 3] for i in range(0, len(pixels), 3)} == {b"\0\0\0", b"\xaa\xaa\xaa"}


def ramp(width, height):
    """What mdpy has in its memory at first."""
    return width, height, b"".join(bytes([y * 255 // height]) * (3 * width) for y in range(height))


class Booted(Seen):
    """The display of a machine that has just been switched on."""

    def dump(self, device):
        path = f"/tmp/{device}.ppm"
        self.machine.monitor.command("screendump", filename=path, device=device)
        picture = pixels_of(path)
        os.remove(path)
        return picture

    def mbochs(self, more=""):
        return device_options("mbochs", self.options.mbochs, SLOTS["mbochs"],
                              ",display=on" + more)

    def own_bochs(self):
        return ["-device", f"bochs-display,id=own,addr={SLOTS['mbochs']}{EDID}"]

    def end(self):
        self.machine.stop()
        self.machine = self.report.machine = None

    def take_reference(self, name):
        """What firmware shows on QEMU's own display, which has the id 'own'."""
        last = None

        def settled():
            nonlocal last
            before, last = last, self.dump("own")
            return last == before
        self.machine.wait(settled, SHOW_LIMIT, "the picture settles")
        self.take_screendump("own", self.out(f"boot-{name}-own.png"))
        self.end()
        self.report.check(not is_blank(last), f"{name}: there is something on QEMU's own display")
        return last

    def look_at_firmware(self, name, what, expected, see):
        """The picture is the expected one, once it is complete."""
        seen = None

        def equal():
            nonlocal seen
            seen = see()
            return seen == expected
        try:
            self.machine.wait(equal, SHOW_LIMIT, "")
        except Failure:
            pass
        otherwise = "another picture, {}x{}".format(*seen[:2]) if seen else "nothing is shown"
        if seen:
            width, height, pixels = seen
            self.cards.write_png(from_rgb(width, height, pixels), self.out(f"boot-{name}.png"))
        self.report.check(seen == expected, what, otherwise)

    def see_dmabuf(self):
        picture = self.display.picture()
        return picture and rgb_of(picture)


class Firmware(Booted):
    """Machines with nothing to boot, on whose displays the firmware says so."""

    NAME = "boot-firmware"

    def mdpy(self, more=""):
        return device_options("mdpy", self.options.mdpy, SLOTS["mdpy"], ",display=on" + more)

    def is_done(self, firmware):
        if firmware is OVMF:
            # Its shell awaits a command: the line does not end.
            return b"Shell>" in self.machine.console.rest
        with open(LOG, encoding="latin-1") as file:
            return "No bootable device.\n" in file.read()

    def boot(self, firmware, devices, display="none"):
        self.start(qemu_command(display, 256) + firmware + devices)
        self.machine.wait(lambda: self.is_done(firmware), FIRMWARE_LIMIT,
                          "the firmware finds nothing to boot")

    def reference(self, firmware, devices, name):
        self.report.say(f"{name}: on a display of QEMU's own")
        self.boot(firmware, devices)
        return self.take_reference(name)

    def look_at_dmabuf(self, name, firmware, more, what, expected):
        """By a dma-buf that QEMU hands to a client, in the size of the EDID."""
        self.report.check(expected[:2] == SIZE, f"{name}: it is of the size in the EDID",
                          "{}x{}".format(*expected[:2]))
        show_by(self.options.mbochs, "dmabuf")
        self.report.say(f"{name}: on mbochs")
        self.boot(firmware, self.mbochs(EDID + more), WITH_GL)
        self.display = Display(self.machine, f"pci/0000/{SLOTS['mbochs']}")
        self.look_at_firmware(name, what, expected, self.see_dmabuf)
        self.end()

    def play_seabios(self):
        wanted = self.reference(SEABIOS, self.own_bochs(), "seabios-rom")
        self.look_at_dmabuf("seabios-rom", SEABIOS, ROM,
                            "mbochs: with romfile SeaBIOS shows the same", wanted)
        # A ramfb of its own is the way to see the firmware of a guest that has a mdpy.
        wanted = self.reference(SEABIOS, ["-device", "ramfb,id=own"] + self.mdpy(),
                                "seabios-ramfb")
        show_by(self.options.mbochs, "region")
        self.boot(SEABIOS, self.mbochs(RAMFB))
        self.look_at_firmware(
            "seabios-ramfb", "mbochs: with ramfb=on SeaBIOS shows the same, {}x{}".format(
                *wanted[:2]), wanted, lambda: self.dump("mbochs"))
        self.end()
        self.boot(SEABIOS, self.mdpy(RAMFB))
        self.look_at_firmware(
            "seabios-mdpy", "mdpy: with ramfb=on its own memory is shown, from the beginning",
            ramp(640, 480), lambda: self.dump("mdpy"))
        self.end()

    def play_ovmf(self):
        wanted = self.reference(OVMF, self.own_bochs(), "ovmf")
        self.look_at_dmabuf("ovmf", OVMF, "", "mbochs: OVMF shows the same", wanted)

    def play(self):
        show_by(self.options.mdpy, "region")
        self.play_seabios()
        self.play_ovmf()


class Handover(Booted):
    """A guest whose firmware shows its picture by ramfb, and whose driver by dma-bufs."""

    NAME = "boot-seabios"

    def command(self):
        """Not with -initrd: QEMU puts that where SeaBIOS has the ramfb."""
        command = qemu_command(WITH_GL, 256) + EDID_TRACE
        initramfs = f"{self.options.kernel}/initramfs"
        options = boot_options(
            self.options.kernel, "initramfs", f"firmware=1 sizes={len(RESIZES)} "
            f"initrdmem={INITRD:#x},{os.path.getsize(initramfs)}", PLAIN)
        at = options.index("-initrd")
        options[at:at + 2] = ["-device", f"loader,file={initramfs},addr={INITRD:#x},force-raw=on"]
        return command + options + self.mbochs(RAMFB + EDID)

    def play(self):
        show_by(self.options.mbochs, "dmabuf")
        self.report.say("starting QEMU with a display that needs OpenGL")
        self.start(self.command())
        self.guest.await_line("kernel .*", BOOT_LIMIT, "its kernel boots")
        # The guest's kernel has not touched the display.
        self.take_screendump("mbochs", self.out(f"{self.NAME}-firmware.png"))
        self.report.check(is_text(self.dump("mbochs")), "mbochs: ramfb=on shows the text of "
                          "SeaBIOS until the guest's driver sets a mode", "it is no text")
        self.guest.go_on()
        self.guest.await_line("cards shown", STEP_LIMIT, "its drivers come up, it draws")
        look_at_drivers(self.report, self.guest, {"mbochs": SLOTS["mbochs"]})
        self.display = Display(self.machine, f"pci/0000/{SLOTS['mbochs']}")
        self.look("mbochs", SIZE, "dma-buf", self.take_dmabuf)
        self.guest.go_on()
        for number, (asked, wanted) in enumerate(RESIZES, 1):
            self.resize(self.display, number, asked, wanted)
            self.look("mbochs", wanted, "dma-buf", self.take_dmabuf)
            self.guest.go_on()
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        end_guest(self.report, self.guest, self.machine)


class OvmfHandover(Booted):
    """A guest that OVMF starts, on a display that shows dma-bufs from the beginning."""

    NAME = "boot-ovmf-kernel"

    def boot(self, what, display, devices):
        """OVMF starts a kernel as it is packed, and this one is not quiet about it.

        Without ACPI it would know of no interrupts: only SeaBIOS has other tables of them.
        """
        self.report.say(f"OVMF starts a kernel: on {what}")
        options = boot_options(self.options.kernel, "initramfs", "sizes=0", (OVMF, ""))
        options[options.index("-kernel") + 1] = self.options.image
        at = options.index("-append") + 1
        options[at] = options[at].replace(" quiet ", " ")
        self.start(qemu_command(display, 512) + options + devices)
        self.machine.wait(self.is_started, FIRMWARE_LIMIT, "OVMF starts a kernel")

    def is_started(self):
        _qemu, console = self.logs()
        with open(console, encoding="latin-1") as file:
            return KERNEL_LINE in file.read()

    def play(self):
        self.boot("a display of QEMU's own", "none", self.own_bochs())
        wanted = self.take_reference("ovmf-kernel")
        self.report.check(wanted[:2] == SIZE, "ovmf-kernel: it is of the size in the EDID",
                          "{}x{}".format(*wanted[:2]))
        show_by(self.options.mbochs, "dmabuf")
        self.boot("mbochs", WITH_GL, self.mbochs(EDID))
        self.display = Display(self.machine, f"pci/0000/{SLOTS['mbochs']}")
        self.look_at_firmware("ovmf-kernel-firmware", "mbochs: OVMF shows the same before a "
                              "kernel", wanted, self.see_dmabuf)
        self.guest.await_line("cards shown", BOOT_LIMIT, "its drivers come up, it draws")
        look_at_drivers(self.report, self.guest, {"mbochs": SLOTS["mbochs"]})
        framebuffers = [found[1] for found in self.guest.find(r"framebuffer \d+ (.*)")]
        self.report.check(framebuffers == ["bochs-drmdrmfb"],
                          "mbochs: the guest's driver replaces efifb, which has OVMF's picture",
                          ", ".join(framebuffers))
        self.look("mbochs", SIZE, "dma-buf", self.take_dmabuf)
        self.guest.go_on()
        self.guest.await_line("ready", STEP_LIMIT, "it is done")
        end_guest(self.report, self.guest, self.machine)

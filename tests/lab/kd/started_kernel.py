"""A real kernel's file, made ready to run: its callback list is empty, its dispatcher is known.

What :mod:`pykd_ext.verification` does to it; the file stays where it is, and nothing of it is kept.
"""

from __future__ import annotations

from pathlib import Path

from pykd_ext.target.errors import RegcbError
from pykd_ext.verification.dispatch import drive
from pykd_ext.verification.fields import read_fields
from pykd_ext.verification.kernel_source import ImageFile
from pykd_ext.verification.registrations import register_all
from pykd_ext.verification.room import BOOT_TIME as ROOM_BOOT_TIME
from pykd_ext.verification.room import Room
from pykd_ext.verification.room_target import RoomTarget
from pykd_ext.verification.stand_ins import stand_in_for_windows
from pykd_ext.verification.start import start_list

from ..pe_image import PeImage
from ..profiles import PROFILES, Profile
from ..real_kernel import RealKernel
from ..world import BOOT_TIME

__all__ = ["load_real_kernel"]


def load_real_kernel(path: Path) -> RealKernel:
    """Runs the kernel's own start of its list, and finds its dispatcher. Raises ValueError, in one
    line, for what is no kernel of x86 that the lab has a profile of."""
    try:
        return _load(path, _profile_of(path))
    except RegcbError as error:
        raise ValueError(str(error)) from None


def _load(path: Path, profile: Profile) -> RealKernel:
    room = Room(ImageFile(str(path), profile.nt_base))
    target = RoomTarget(room, None)
    pool = stand_in_for_windows(room, target)
    head = start_list(target)
    writes = {address: room.read(address, size) for address, size in room.written}
    for address in [each for each in writes if room.unsigned(each, 8) == ROOM_BOOT_TIME]:
        writes[address] = BOOT_TIME.to_bytes(8, "little")  # where cookies count from
        writes.pop(address + 4, None)
    registered = register_all(target, pool)
    driven = drive(target, registered, read_fields(target, pool, registered).free)
    image = PeImage(path)
    image.relocate(profile.nt_base)
    return RealKernel(profile, image, head, driven.start, writes)


def _profile_of(path: Path) -> Profile:
    target = RoomTarget(Room(ImageFile(str(path))), None)
    for profile in PROFILES.values():
        is_its = (profile.architecture, profile.build) == (target.architecture, target.build)
        if is_its and profile.architecture == "x86":
            return profile
    raise ValueError(
        f"{path}: a kernel of {target.architecture} {target.build}, and none of a build of x86 "
        "that the lab plays"
    )

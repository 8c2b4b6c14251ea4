"""The lab's registry in memory: what c/keys.c and c/notifications.c lay out, put into paged pool.

Their image is linked like a driver's, so that the linker has counted every pointer in it; only its
data goes into the dump.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .address_space import AddressSpace
from .build import REGISTRY, Build
from .notices import read_notices
from .pe_image import PeImage
from .profiles import Profile
from .truth import KeyTruth, NotificationTruth

__all__ = ["Registry", "load_registry", "write_registry"]

_DATA, _TRUTH = ".data", "Truth"
_DISTANCE = 0x80000  # below the first block of paged pool
_PATH_LENGTH = 128  # KEY_TRUTH.Path, keys.c


class Registry(NamedTuple):
    """The image at its place, and its symbols' VAs.

    ``keys`` are by their names in keys.c, ``notices`` by those of the enumerators and what
    notifications.h adds to them.
    """

    image: PeImage
    symbols: dict[str, int]
    keys: dict[str, KeyTruth]
    notices: dict[str, NotificationTruth]


def load_registry(profile: Profile, built: Build) -> Registry:
    """The registry as it will lie below paged pool; nothing is mapped yet."""
    base = profile.paged_pool - _DISTANCE
    image = PeImage(built.image(REGISTRY))
    image.relocate(base)
    symbols = {name: base + rva for name, rva in built.symbol_rvas(REGISTRY).items()}
    keys = dict(_keys(image, symbols, profile.pointer_size))
    return Registry(image, symbols, keys, read_notices(image, profile.pointer_size))


def write_registry(space: AddressSpace, registry: Registry) -> None:
    """Maps the registry's data and fills it in."""
    image = registry.image
    (data,) = (section for section in image.sections if section.name == _DATA)
    space.map(image.base + data.rva, data.size)
    space.write(image.base + data.rva, bytes(image.data[data.rva : data.rva + data.size]))


def _keys(
    image: PeImage, symbols: dict[str, int], pointer_size: int
) -> Iterator[tuple[str, KeyTruth]]:
    """The KEY_TRUTH records, in the order of their addresses."""
    record = struct.Struct("<2QL5Bx" if pointer_size == 8 else "<2LL5Bx")
    for symbol, address in sorted(symbols.items(), key=lambda each: each[1]):
        if not symbol.startswith(_TRUTH):
            continue
        place = address - image.base
        key, block, process_id, *flags = record.unpack_from(image.data, place)
        upper_cased, deleted, hive_unloaded, virtualised, layer = flags
        path = image.data[place + record.size : place + record.size + 2 * _PATH_LENGTH]
        yield (
            symbol[len(_TRUTH) :],
            KeyTruth(
                address=key,
                key_control_block=block,
                path=path.decode("utf-16-le").rstrip("\0"),
                is_upper_cased=bool(upper_cased),
                process_id=process_id,
                deleted=bool(deleted),
                hive_unloaded=bool(hive_unloaded),
                virtualised=bool(virtualised),
                layer=layer,
            ),
        )

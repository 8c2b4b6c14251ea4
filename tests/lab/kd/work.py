"""Writing a script into the lab's memory: the structures of c/operation.h and c/stage.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..world import World
from .keys import Keys
from .script import ACTS, KINDS, PROTECTED_KEY, Act, Actor, Operation, Work
from .structures import layouts

__all__ = ["CALLBACK_FUNCTIONS", "STAGE", "WorkWriter", "Written"]

STAGE = "stage.sys"

_ACTORS, CALLBACK_FUNCTIONS = 64, 16
_STAGE_CALLS = {"register-callback": "StageRegister", "unregister-callback": "StageUnregister"}
_SYSTEM = 4  # whose handles are a driver's
_DRIVER_TYPE = 4  # IO_TYPE_DRIVER
_SERVICES = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"


class Written(NamedTuple):
    """VAs of a WORK and of its OPERATIONs."""

    address: int
    operations: list[int]


class WorkWriter:
    """``modules``: entries of PsLoadedModuleList by file name, VAs."""

    def __init__(self, world: World, modules: dict[str, int]) -> None:
        self._world = world
        self._modules = modules
        self._drivers: dict[str, int] = {}
        self._protected: list[int] = []  # VAs of key objects
        self._keys = Keys(world)
        self._stage = world.images[STAGE].symbols
        self._layouts = layouts(world.profile.pointer_size)

    def write(self, work: Work) -> Written:
        """Writes the operations of a thread."""
        return self._write_work(work.operations, work.rounds, work.process_id)

    def _write_work(self, wanted: Sequence[Operation], rounds: int, process_id: int) -> Written:
        world, space = self._world, self._world.space
        layout, size = self._layouts.work, self._layouts.operation.size
        place = world.nonpaged.allocate(layout.size, b"LabW")
        array = world.nonpaged.allocate(size * len(wanted), b"LabO")
        operations = [array + index * size for index in range(len(wanted))]
        space.write_pointer(place + layout.at["Operations"], array)
        space.write_unsigned(place + layout.at["Count"], 4, len(wanted))
        space.write_unsigned(place + layout.at["Rounds"], 4, rounds)
        for address, operation in zip(operations, wanted):
            self._write_operation(address, operation, process_id)
        return Written(place, operations)

    def actor(self, number: int) -> int:
        """The VA of an ACTOR in the driver's memory."""
        return self._stage["g_Actors"] + number * self._layouts.actor.size

    def write_actors(self, actors: Sequence[Actor]) -> None:
        """Tells the callbacks of stage.sys what to do. Raises ValueError for too many."""
        if len(actors) > _ACTORS:
            raise ValueError(f"{len(actors)} actors: stage.sys has {_ACTORS} actors")
        world, space = self._world, self._world.space
        at = self._layouts.actor.at
        for number, actor in enumerate(actors):
            place = self.actor(number)
            buffer, length = world.nonpaged.text(actor.altitude, b"LabN", terminated=False)
            space.write_unicode_string(place + at["Altitude"], buffer, length, length)
            if actor.acts:
                space.write_pointer(place + at["Acts"], self._write_acts(actor.acts))
            space.write_unsigned(place + at["Count"], 4, len(actor.acts))
            space.write_unsigned(place + at["AtLoad"], 4, int(actor.at_load))

    def _write_acts(self, acts: Sequence[Act]) -> int:
        space, layout = self._world.space, self._layouts.act
        array = self._world.nonpaged.allocate(layout.size * len(acts), b"LabA")
        for index, act in enumerate(acts):
            argument = 0
            if act.operations:
                argument = self._write_work(act.operations, 1, _SYSTEM).address
            elif act.kind in ("register", "unregister"):
                argument = self.actor(act.actor)
            place = array + index * layout.size
            words = {"NotifyClass": act.notify_class, "Kind": ACTS.index(act.kind),
                     "Status": act.status, "Times": act.times}  # fmt: skip
            for name, value in words.items():
                space.write_unsigned(place + layout.at[name], 4, value)
            space.write_pointer(place + layout.at["Argument"], argument)
        return array

    def _write_operation(self, place: int, operation: Operation, process_id: int) -> None:
        world, space, at = self._world, self._world.space, self._layouts.operation.at
        space.write_unsigned(place + at["Kind"], 4, KINDS[operation.kind])
        space.write_unsigned(place + at["Access"], 4, operation.access)
        if operation.key:
            body = self._keys.body(operation.key, process_id)
            space.write_pointer(place + at["Key"], body)
            if operation.key == PROTECTED_KEY:
                self._protect(body)
        if operation.kind.endswith("-driver"):
            space.write_pointer(place + at["Data"], self._driver(operation.name))
        elif operation.kind in _STAGE_CALLS:
            space.write_pointer(place + at["Key"], self.actor(operation.actor))
            space.write_pointer(place + at["Data"], self._stage[_STAGE_CALLS[operation.kind]])
        elif operation.kind == "init-callbacks":
            space.write_pointer(place + at["Data"], world.nt("CmpInitCallbacks"))
        elif operation.data:
            data = world.nonpaged.allocate(len(operation.data), b"LabD")
            space.write(data, operation.data)
            space.write_pointer(place + at["Data"], data)
        buffer, length = world.nonpaged.text(operation.name, b"LabN", terminated=False)
        space.write_unicode_string(place + at["Name"], buffer, length, length)
        space.write_unsigned(place + at["DataSize"], 4, len(operation.data))
        space.write_unsigned(place + at["DataType"], 4, operation.type)

    def _protect(self, body: int) -> None:
        """Tells the stand-in for regprotect, on builds before 8, of a key object."""
        slots = self._world.images["regprotect.sys"].symbols.get("g_ProtectedKeys")
        if slots is not None and body not in self._protected:
            size = self._world.profile.pointer_size
            self._world.space.write_pointer(slots + len(self._protected) * size, body)
            self._protected.append(body)

    def _driver(self, file_name: str) -> int:
        if file_name not in self._drivers:
            self._drivers[file_name] = self._write_driver(file_name)
        return self._drivers[file_name]

    def _write_driver(self, file_name: str) -> int:
        world, space = self._world, self._world.space
        image = world.images[file_name].image
        layout, size = self._layouts.driver, world.offsets.size("_DRIVER_OBJECT")
        driver = world.nonpaged.allocate(layout.size + size, b"Driv")
        path = world.nonpaged.allocate(0x10, b"LabN")
        text = _SERVICES + file_name.removesuffix(".sys")
        buffer, length = world.nonpaged.text(text, b"LabN", terminated=False)
        space.write_unicode_string(path, buffer, length, length)
        space.write_pointer(driver + layout.at["LoadedModule"], self._modules[file_name])
        space.write_pointer(driver + layout.at["RegistryPath"], path)
        world.fill(
            driver + layout.at["Object"],
            "_DRIVER_OBJECT",
            Type=_DRIVER_TYPE,
            Size=size,
            DriverStart=image.base,
            DriverSize=image.size,
            DriverSection=self._modules[file_name],
        )
        return driver

"""Making one dump, from a profile's name to the file and the truth about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable

from .build import build
from .callback_blocks import PlacedCallback, write_callbacks
from .containers import CONTAINERS, write_container
from .damages import apply_damages, parse_damages
from .debugger_data import write_debugger_data
from .dump_writer import DUMP_TYPES, write_dump
from .handles import write_handles
from .loaded_modules import UNLOADED, image_path, write_loaded_modules, write_unloaded_drivers
from .processes import Processes, write_processes
from .processor import write_processor
from .profiles import profile_named
from .registrations import registrations
from .registry import write_registry
from .running import in_bugcheck
from .scene import Scene
from .shared_data import write_shared_data
from .stop import stop_at
from .truth import CallbackTruth, KeyTruth, Truth, UnloadedTruth
from .world import BOOT_TIME, World

__all__ = ["make_dump"]

DEFAULT_CALLBACKS = 4


def make_dump(
    path: str | Path,
    profile: str = "x64-19041",
    dump_type: int | str = 1,
    callbacks: int = DEFAULT_CALLBACKS,
    damage: Sequence[str] = (),
    size: int | None = None,
    stopped_in: str | None = None,
    stopped_at: int | None = None,
    bug_check: tuple[int, ...] | None = None,
    also: Callable[[World, Processes], None] | None = None,
) -> Truth:
    """Writes a dump to ``path`` and returns what is in it.

    ``dump_type`` is one of DUMP_TYPES, or of CONTAINERS for an image of memory, whose suffix
    ``path`` then has.

    ``damage`` names what `damages` lists. With ``size`` (bytes, a power of two) the machine has
    that much memory, and the file is sparse. ``stopped_in`` names the notification of which the
    current thread is telling a callback (see :func:`find_notice`), ``stopped_at`` that callback by
    its index, otherwise the last that is not internal. With ``bug_check``, a code and its
    parameters, that thread died of what the callback did. ``also`` writes more into the machine
    before its file is. Raises ValueError for what does not exist or does not go together.
    """
    chosen = profile_named(profile)
    if dump_type not in DUMP_TYPES and dump_type not in CONTAINERS:
        raise ValueError(f"no dump type {dump_type}; there are {(*DUMP_TYPES, *CONTAINERS)}")
    built = build(chosen)
    damages = parse_damages(damage)
    wanted = registrations(chosen, callbacks)
    world = World(chosen, built, wanted, size)
    modules = write_loaded_modules(world)
    write_unloaded_drivers(world)
    processes = write_processes(world)
    write_shared_data(world)
    placed = write_callbacks(world, wanted, isolated=any(each.damage.of_pages for each in damages))
    write_registry(world.space, world.registry)
    keys = write_handles(world, processes)
    stop = None if stopped_in is None else stop_at(world, placed, stopped_in, stopped_at)
    if bug_check is not None:
        world.bug_check = (*bug_check, 0, 0, 0, 0)[:5]
    running = in_bugcheck(world, processes)
    if stop is not None:
        running = stop.running(world, processes, crashed=bug_check is not None)
    processor = write_processor(world, processes, running)
    write_debugger_data(world, processor)
    scene = Scene(Path(path), world, placed, modules, processes.threads, built.symbols)
    truth = _truth(scene, keys, dump_type)
    if stop is not None:
        truth = replace(truth, stop=stop.truth)
    done = apply_damages(scene, damages, after_writing=False)
    if also is not None:
        also(world, processes)
    if isinstance(dump_type, str):
        write_container(scene.path, dump_type, world, processor)
    else:
        write_dump(scene.path, world, processor, running, dump_type)
    done += apply_damages(scene, damages, after_writing=True)
    return replace(truth, damage=done, symbols=str(scene.symbols))


def _truth(scene: Scene, keys: dict[str, KeyTruth], dump_type: int | str) -> Truth:
    world, profile = scene.world, scene.world.profile
    head = "CmpCallBackVector" if profile.has_vector else "CallbackListHead"
    last = None
    if not profile.has_vector:
        last = world.space.unsigned(world.nt("CmpCallbackCookie"), 8)
    return Truth(
        path=str(scene.path),
        profile=profile.name,
        architecture=profile.architecture,
        build=profile.build,
        dump_type=dump_type,
        symbols=str(scene.symbols),
        nt_base=profile.nt_base,
        list_head=world.nt(head),
        module_list=world.nt("PsLoadedModuleList"),
        count=len(scene.callbacks),
        last_cookie=last,
        boot_time=BOOT_TIME,
        callbacks=[_callback_truth(world, each) for each in scene.callbacks],
        keys=keys,
        unloaded=[
            UnloadedTruth(
                each.name, profile.driver_base + each.start, profile.driver_base + each.end
            )
            for each in UNLOADED
        ],
    )


def _callback_truth(world: World, placed: PlacedCallback) -> CallbackTruth:
    registration = placed.registration
    return CallbackTruth(
        address=placed.address,
        altitude=None if world.profile.has_vector else registration.altitude,
        altitude_buffer=placed.altitude_buffer,
        function=placed.function,
        function_name=registration.function,
        owner=registration.owner,
        owner_path=image_path(registration.owner),
        owner_base=placed.owner.base,
        owner_size=placed.owner.image.size,
        context=placed.context,
        cookie=placed.cookie,
        registration=registration.ordinal,
        active_uses=registration.active_uses,
        internal=registration.internal,
        object_contexts=0 if world.profile.has_vector else registration.object_contexts,
        slot=placed.slot,
    )

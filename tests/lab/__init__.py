"""The lab: small Windows kernels made here, and their crash dumps, for tests and for people.

From C sources it builds an nt-like kernel and drivers with PDBs, lays them out in memory as Windows
does, and writes dumps. ``python -m tests.lab --help`` is the same for the command line.
"""

from __future__ import annotations

from .bad_inputs import BAD_INPUTS, make_bad_input
from .damages import DAMAGES
from .make import make_dump
from .profiles import PROFILES
from .truth import CallbackTruth, KeyTruth, NotificationTruth, Truth

__all__ = [
    "BAD_INPUTS",
    "DAMAGES",
    "PROFILES",
    "CallbackTruth",
    "KeyTruth",
    "NotificationTruth",
    "Truth",
    "make_bad_input",
    "make_dump",
]

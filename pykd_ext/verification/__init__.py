"""The kernel proves the layout: its own registering and dispatching code, run in an emulator.

``room.py`` is the closed room: memory that was put there, no file, no system call, bounded in
instructions, time and pool. ``processors.py`` is the table of architectures, ``stand_ins.py`` what
the code meets in place of the rest of Windows. ``start.py`` makes the list an empty one,
``registrations.py`` and ``vector.py`` register and see where everything lands, ``dispatch.py``
drives the dispatcher, and ``verify.py`` holds what was seen against the tables.

The only room that knows Unicorn, an optional extra: ``pip install regcb[verify]``.
"""

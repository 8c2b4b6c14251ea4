"""The live lab: a running kernel that a debugger attaches to over the KD protocol.

By hand, then in a debugger ``com:ipport=5599,port=127.0.0.1``::

    python -m tests.lab kd --port 5599

Its first line on standard output is JSON: ``port`` (KD), ``control`` (see :mod:`.control`),
``symbols`` (the folder with the PDBs), and the ``callbacks`` that are registered. It waits for a
debugger, stopped, and ends with it.

In a test of the engine (tests/engine/live.py)::

    with live_target(script) as target:
        done = target.run(engine, INSIDE / "something.py")  # pykd is attached in it
        done = target.regcb(engine, "list")  # or this; a target serves one debugger, once

In ``something.py``, and from outside while it runs, the target says of itself::

    from tests.engine.inside import live
    live.clear()   # counts start from nothing
    live.counts()  # {"ReadVirtualMemory": 12, ..., "stop": 3}
    live.state()   # what the caller of every operation got, and which breakpoints are set

What happens is a :class:`.script.Script`: threads of processes with registry operations, in rounds,
and what the 16 callbacks of stage.sys do meanwhile (return a status, overrule, ask the registry
themselves, in an APC too, wait, end the thread, register each other). Without one, regedit.exe
creates, opens and writes keys, some of which regprotect refuses.

Nothing is random: threads change at the end of an operation and where a callback waits, so a script
goes the same way every time.
"""

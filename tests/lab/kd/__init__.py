"""The live lab: a running kernel that a debugger attaches to over the KD protocol.

By hand, then in a debugger ``com:ipport=5599,port=127.0.0.1``::

    python -m tests.lab kd --port 5599

Its first line on standard output is JSON: ``port`` (KD), ``control`` (see :mod:`.control`) and
``symbols`` (the folder with the PDBs). It waits for a debugger, stopped, and ends with it.

In a test of the engine::

    with live_target() as target:
        done = engine.run(SCRIPT, str(target.port), target.symbols)
        target.counts()  # {"ReadVirtualMemory": 12, ..., "stop": 3}

What happens in it is a :class:`.script.Script`: threads of processes with registry operations, in
rounds. Without one, regedit.exe creates, opens and writes keys, some of which regprotect refuses.
"""

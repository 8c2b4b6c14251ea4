"""What regcb holds against a person's own Windows: ``python -m tests.real FOLDER``.

The suite meets the kernels that the lab compiles; Microsoft's own cannot be published. Whoever has
some (on Windows: ``C:\\Windows\\System32`` and a folder of dumps) runs every reader over them here,
and gets a table of what held. It reads files as bytes, runs kernels in the emulator alone, writes
nothing, and says nothing that would give a file away but its name.
"""

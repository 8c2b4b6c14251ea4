"""Microsoft's debugger engine on Linux: pykd and dbgeng on Windows Python 3.9, under Wine.

``python -m tests.engine --help`` is the same for the command line. Everything is downloaded from
PyPI, once; nothing of it is in the repository.
"""

"""The real engine on Linux: pykd with Microsoft's dbgeng, on Windows Python 3.9, under Wine.

``python -m tests.engine --help`` installs and runs it by hand; ``conftest.py`` gives it to tests.
"""

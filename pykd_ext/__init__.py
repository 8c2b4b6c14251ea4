"""regcb: Windows registry callbacks, in WinDbg through pykd and in crash dumps."""

__version__ = "0.1.0"

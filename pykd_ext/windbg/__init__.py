"""What WinDbg loads by itself, without Python: regcb in the debugger's JavaScript, and what makes
the debugger find it. ``regcb install`` writes it out."""

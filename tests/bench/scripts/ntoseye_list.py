"""``ntoseye_list.py DUMP``: the registry callbacks by ntoseye's own scripting, which has no command
for them. For Windows 7 to 11, x64, with the kernel's PDB (NTOSEYE_PDB_SERVERS)."""

from __future__ import annotations

import sys

import ntoseye

debugger = ntoseye.attach("dmp", connect=sys.argv[1])
memory = debugger.memory
head = debugger.symbols["nt!CallbackListHead"]
entry = memory.read_u64(head)
while entry != head:
    function = memory.read_u64(entry + 0x28)
    length, buffer = memory.read_u16(entry + 0x30), memory.read_u64(entry + 0x38)
    altitude = bytes(memory.read(buffer, length)).decode("utf-16-le")
    print(altitude, debugger.symbols.nearest(function), hex(memory.read_u64(entry + 0x18)))
    entry = memory.read_u64(entry)
debugger.close()

/* What the kernel tells its debugger by itself: int 2Dh, the service in eax (ReactOS and public
 * debuggers' sources agree on the numbers). */
#pragma once
#include "ntdef.h"

enum { BREAKPOINT_PRINT = 1, BREAKPOINT_LOAD_SYMBOLS = 3, BREAKPOINT_UNLOAD_SYMBOLS = 4 };

typedef struct _KD_SYMBOLS_INFO {
    PVOID BaseOfDll, ProcessId;
    ULONG CheckSum, SizeOfImage;
} KD_SYMBOLS_INFO;

/* The kernel goes on behind the int3. */
static inline VOID DebugService(ULONG Service, const VOID *Argument1, const VOID *Argument2) {
    __asm__ volatile("int $0x2d; int3"
                     : "+a"(Service)
                     : "c"(Argument1), "d"(Argument2)
                     : "memory");
}

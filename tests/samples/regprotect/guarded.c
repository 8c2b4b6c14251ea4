#include "guarded.h"

#include <string.h>
#include <windows.h>

#define PAGE_BYTES 0x1000u

static void *AllocateBefore(size_t Size, size_t Alignment)
{
    size_t Rounded = (Size + Alignment - 1) / Alignment * Alignment;
    size_t Pages = (Rounded + PAGE_BYTES - 1) / PAGE_BYTES;
    unsigned char *Base;

    Base = VirtualAlloc(NULL, (Pages + 1) * PAGE_BYTES, MEM_RESERVE, PAGE_NOACCESS);
    if (Base == NULL) {
        return NULL;
    }
    if (Pages != 0 && VirtualAlloc(Base, Pages * PAGE_BYTES, MEM_COMMIT, PAGE_READWRITE) == NULL) {
        return NULL;
    }
    memset(Base, 0xCC, Pages * PAGE_BYTES);
    return Base + Pages * PAGE_BYTES - Rounded;
}

void *GuardedAllocate(size_t Size)
{
    return AllocateBefore(Size, 8);
}

void *GuardedCopy(const void *Data, size_t Size)
{
    void *Copy = AllocateBefore(Size, 1);

    if (Copy != NULL) {
        memcpy(Copy, Data, Size);
    }
    return Copy;
}

void GuardedFree(void *Memory)
{
    MEMORY_BASIC_INFORMATION Region;

    /* Decommitted and not released: the address is not given out again, and stays unreadable. */
    if (Memory != NULL && VirtualQuery(Memory, &Region, sizeof(Region)) != 0) {
        VirtualFree(Region.AllocationBase, Region.RegionSize, MEM_DECOMMIT);
    }
}

void *GuardedNowhere(void)
{
    return AllocateBefore(0, 1);
}

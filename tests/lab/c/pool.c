/* Paged pool, as plain as it can be: a pointer that moves up, and blocks marked free.
 *
 * Every block has the POOL_HEADER of public PDBs: sizes in units of its own size, and a tag.
 */
#include "nt.h"
#include "pool_header.h"

UCHAR *MmPagedPoolStart = NULL, *MmPagedPoolEnd = NULL;

PVOID NTAPI ExAllocatePoolWithTag(ULONG PoolType, SIZE_T Size, ULONG Tag) {
    SIZE_T Total = (Size + POOL_UNIT + POOL_UNIT - 1) & ~(SIZE_T)(POOL_UNIT - 1);
    POOL_HEADER *Header = (POOL_HEADER *)MmPagedPoolStart;
    if (PoolType != PagedPool || MmPagedPoolStart + Total > MmPagedPoolEnd)
        return NULL;
    MmPagedPoolStart += Total;
    Header->PoolIndex = Header->PreviousSize = 0;
    Header->BlockSize = Total / POOL_UNIT;
    Header->PoolType = POOL_IN_USE_TYPE;
    Header->PoolTag = Tag;
    return Header + 1;
}

VOID NTAPI ExFreePoolWithTag(PVOID Block, ULONG Tag) {
    POOL_HEADER *Header = (POOL_HEADER *)Block - 1;
    if (Header->PoolTag != Tag)
        KiBugCheckData[0] = 0xC2; /* BAD_POOL_CALLER */
    Header->PoolType = 0;
}

/* Paged pool, as plain as it can be: a pointer that moves up, and blocks marked free.
 *
 * Every block has the POOL_HEADER of public PDBs: sizes in units of its own size, and a tag.
 */
#include "nt.h"

typedef struct _POOL_HEADER {
#ifdef _WIN64
    UCHAR PreviousSize, PoolIndex, BlockSize, PoolType;
#else
    USHORT PreviousSize : 9, PoolIndex : 7, BlockSize : 9, PoolType : 7;
#endif
    ULONG PoolTag;
#ifdef _WIN64
    PVOID ProcessBilled;
#endif
} POOL_HEADER;

#define POOL_UNIT sizeof(POOL_HEADER)
#define POOL_IN_USE_TYPE 3 /* PagedPool and the in-use bit, Vista and later */

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

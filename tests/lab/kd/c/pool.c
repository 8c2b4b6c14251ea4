/* Pool for a kernel that runs: blocks are given out again, by their size. */
#include "live.h"
#include "pool_header.h"

#define BAD_POOL_CALLER 0xC2

UCHAR *MmPagedPoolStart = NULL, *MmPagedPoolEnd = NULL;
static ULONG_PTR PoolLock;
static SINGLE_LIST_ENTRY FreeBlocks[256]; /* by BlockSize */

VOID NTAPI KeBugCheckEx(ULONG Code, ULONG_PTR First, ULONG_PTR Second, ULONG_PTR Third,
                        ULONG_PTR Fourth);

static POOL_HEADER *NewBlock(ULONG Units) {
    POOL_HEADER *Header = (POOL_HEADER *)MmPagedPoolStart;
    if (MmPagedPoolStart + Units * POOL_UNIT > MmPagedPoolEnd)
        return NULL;
    MmPagedPoolStart += Units * POOL_UNIT;
    return Header;
}

PVOID NTAPI ExAllocatePoolWithTag(ULONG PoolType, SIZE_T Size, ULONG Tag) {
    SIZE_T Units = (Size + POOL_UNIT - 1) / POOL_UNIT + 1;
    POOL_HEADER *Header;
    (void)PoolType; /* there is one */
    if (Units >= 256)
        return NULL;
    Acquire(&PoolLock);
    SINGLE_LIST_ENTRY *Free = FreeBlocks[Units].Next;
    if (Free) {
        FreeBlocks[Units].Next = Free->Next;
        Header = (POOL_HEADER *)Free - 1;
    } else {
        Header = NewBlock(Units);
    }
    Release(&PoolLock);
    if (!Header)
        return NULL;
    Header->PreviousSize = Header->PoolIndex = 0;
    Header->BlockSize = Units;
    Header->PoolType = POOL_IN_USE_TYPE;
    Header->PoolTag = Tag;
    return memset(Header + 1, 0, (Units - 1) * POOL_UNIT);
}

VOID NTAPI ExFreePoolWithTag(PVOID Block, ULONG Tag) {
    POOL_HEADER *Header = (POOL_HEADER *)Block - 1;
    BOOLEAN IsOther = Tag && Header->PoolTag != Tag; /* a real kernel's dispatcher names none */
    if (IsOther || Header->PoolType != POOL_IN_USE_TYPE)
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block, Header->PoolTag, Tag);
    Header->PoolType = 0;
    Acquire(&PoolLock);
    SINGLE_LIST_ENTRY *Free = Block;
    Free->Next = FreeBlocks[Header->BlockSize].Next;
    FreeBlocks[Header->BlockSize].Next = Free;
    Release(&PoolLock);
}

/* What is in front of every block of pool, as public PDBs have it: sizes in units of its own. */
#pragma once
#include "ntdef.h"

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

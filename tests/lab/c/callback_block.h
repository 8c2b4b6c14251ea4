/* One registered callback, as it lies in paged pool. */
#pragma once
#include "nt.h"

#define TAG_BLOCK 0x62634D43    /* 'CMcb' */
#define TAG_ALTITUDE 0x61634D43 /* 'CMca' */
#define UNREGISTER_PENDING ((LONG)0x80000000)
#define INTERNAL_CALLBACK 1

typedef struct _CALLBACK_BLOCK {
    LIST_ENTRY CallbackListEntry;
#if defined(_WIN64) && LAB_BUILD < 7600
    PVOID Unknown; /* Vista x64 puts Function at +0x30 */
#endif
    LONG PreCallListCount;
    ULONG Flags;
    CM_COOKIE Cookie;
    PVOID CallerContext;
    PEX_CALLBACK_FUNCTION Function;
    UNICODE_STRING Altitude;
    LIST_ENTRY ObjectContextListHead;
} CALLBACK_BLOCK;

static inline CALLBACK_BLOCK *BlockOf(LIST_ENTRY *Entry) {
    return CONTAINING_RECORD(Entry, CALLBACK_BLOCK, CallbackListEntry);
}

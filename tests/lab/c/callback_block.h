/* One registered callback, as it lies in paged pool. */
#pragma once
#include "nt.h"
#include "offsets.h"

#define TAG_BLOCK 0x62634D43    /* 'CMcb' */
#define TAG_ALTITUDE 0x61634D43 /* 'CMca' */
#define TAG_MUTEX 0x20204D43    /* 'CM  ' */
#define MUTEX_SIZE (7 * sizeof(PVOID) + 4) /* a FAST_MUTEX: 0x20 bytes on x86 */
#define UNREGISTER_PENDING ((LONG)0x80000000)
#define INTERNAL_CALLBACK 1

typedef struct _CALLBACK_BLOCK {
    CALLBACK_BLOCK_MEMBERS /* of this profile: profiles.py */
} CALLBACK_BLOCK;

static inline CALLBACK_BLOCK *BlockOf(LIST_ENTRY *Entry) {
    return CONTAINING_RECORD(Entry, CALLBACK_BLOCK, CallbackListEntry);
}

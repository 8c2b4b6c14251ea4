/* What the files of the kernel that runs share. offsets.h is written for the build it claims to be:
 * OFFSET_<type>_<field>. */
#pragma once
#include "callback_block.h"
#include "offsets.h"

#define FIELD(type, object, offset) (*(type *)((UCHAR *)(object) + (offset)))

#define STATUS_CALLBACK_BYPASS ((NTSTATUS)0xC0000503)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY;

/* KPCR.Prcb.CurrentThread */
static inline PVOID KeGetCurrentThread(VOID) {
    PVOID Thread;
    __asm__ volatile("movq %%gs:0x188, %0" : "=r"(Thread));
    return Thread;
}

/* Locks of a kernel whose machine changes threads at YIELD_PROCESSOR alone. */
static inline VOID Acquire(volatile ULONG_PTR *Lock) {
    while (__sync_lock_test_and_set(Lock, 1))
        YIELD_PROCESSOR();
}

static inline VOID Release(volatile ULONG_PTR *Lock) {
    __sync_lock_release(Lock);
}

PVOID memset(PVOID Target, int Value, SIZE_T Count);
PVOID memcpy(PVOID Target, const VOID *Source, SIZE_T Count);

extern LIST_ENTRY CallbackListHead;
extern ULONG CmpCallBackCount;
extern ULONG_PTR CmpCallbackListLock;

NTSTATUS CmpCallCallBacksEx(ULONG NotifyClass, PVOID Information, PVOID ExInformation,
                            BOOLEAN IsPre, ULONG PostClass, PVOID Object, LIST_ENTRY *Calls);
NTSTATUS CmPostCallbackNotification(ULONG PostClass, PVOID Object, NTSTATUS Status,
                                    PVOID PreInformation, LIST_ENTRY *Calls);

/* The configuration manager's calls of its callbacks, Vista and later. offsets.h is written for
 * the build that the kernel claims to be: OFFSET_<type>_<field>. */
#pragma once
#include "callback_block.h"
#include "offsets.h"

#define STATUS_CALLBACK_BYPASS ((NTSTATUS)0xC0000503)

/* One callback in one operation, in pool with the tag CMci. */
typedef struct _CALLBACK_CALL {
    LIST_ENTRY OperationEntry; /* its head lies on the stack of the system service */
#if LAB_BUILD < 7600
    LIST_ENTRY BlockEntry;
    CALLBACK_BLOCK *Block;
    PVOID CallContext, Thread;
#else
    SINGLE_LIST_ENTRY ThreadEntry; /* in ETHREAD.CmCallbackListHead */
    CALLBACK_BLOCK *Block;
    PVOID CallContext;
#ifdef _WIN64
    PVOID Reserved;
#endif
#endif
} CALLBACK_CALL;
#if LAB_BUILD < 7600
_Static_assert(sizeof(CALLBACK_CALL) == 7 * sizeof(PVOID), "");
#else
_Static_assert(sizeof(CALLBACK_CALL) == (sizeof(PVOID) == 8 ? 0x30 : 0x14), "");
#endif

/* Up to 1607 one function does it all, from 1703 on one that knows of extended arguments. */
#if LAB_BUILD >= 15063
NTSTATUS NTAPI CmpCallCallBacksEx(ULONG NotifyClass, PVOID Information, PVOID ExInformation,
                                  BOOLEAN IsPre, ULONG PostClass, PVOID Object, LIST_ENTRY *Calls);
#else
NTSTATUS NTAPI CmpCallCallBacks(ULONG NotifyClass, PVOID Information, BOOLEAN IsPre,
                                ULONG PostClass, PVOID Object, LIST_ENTRY *Calls);
#endif

/* The contexts that a callback has left, for this operation and for a key; see call_contexts.c. */
VOID NTAPI CmpCallbackFillObjectContext(ULONG NotifyClass, PVOID Information, CM_COOKIE *Cookie);
VOID NTAPI CmpCallbackFetchCallContext(ULONG NotifyClass, PVOID Information, PVOID *CallContext);

/* Which callbacks a thread is in: from Windows 7 on a list of the thread's, and a count of the block's.
 */
#pragma once
#include "call_callbacks.h"

static inline SINGLE_LIST_ENTRY *ThreadCalls(VOID) {
    return &FIELD(SINGLE_LIST_ENTRY, KeGetCurrentThread(), OFFSET_ETHREAD_CmCallbackListHead);
}

static inline VOID Reference(CALLBACK_BLOCK *Block) {
    __sync_fetch_and_add(&Block->PreCallListCount, 1);
}

static inline VOID Dereference(CALLBACK_BLOCK *Block) {
    __sync_fetch_and_sub(&Block->PreCallListCount, 1);
}

static inline VOID EnterCallback(CALLBACK_CALL *Call) {
    Call->ThreadEntry.Next = ThreadCalls()->Next;
    ThreadCalls()->Next = &Call->ThreadEntry;
}

/* Out of the innermost, which is that call's. */
static inline VOID LeaveCallback(CALLBACK_CALL *Call) {
    (void)Call;
    if (ThreadCalls()->Next)
        ThreadCalls()->Next = ThreadCalls()->Next->Next;
}

static inline BOOLEAN IsInCallback(const CALLBACK_BLOCK *Block) {
    for (SINGLE_LIST_ENTRY *Call = ThreadCalls()->Next; Call; Call = Call->Next)
        if (CONTAINING_RECORD(Call, CALLBACK_CALL, ThreadEntry)->Block == Block)
            return TRUE;
    return FALSE;
}

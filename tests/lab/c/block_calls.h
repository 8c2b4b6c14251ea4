/* Which callbacks a thread is in, on Vista: the block has a list of its calls, with their threads. */
#pragma once
#include "call_callbacks.h"

static inline VOID Reference(CALLBACK_BLOCK *Block) {
    (void)Block;
}

static inline VOID Dereference(CALLBACK_BLOCK *Block) {
    (void)Block;
}

static inline VOID EnterCallback(CALLBACK_CALL *Call) {
    LIST_ENTRY *Head = &Call->Block->ThreadListHead;
    Call->Thread = KeGetCurrentThread();
    Call->BlockEntry.Flink = Head;
    Call->BlockEntry.Blink = Head->Blink;
    Head->Blink->Flink = &Call->BlockEntry;
    Head->Blink = &Call->BlockEntry;
}

static inline VOID LeaveCallback(CALLBACK_CALL *Call) {
    Call->BlockEntry.Blink->Flink = Call->BlockEntry.Flink;
    Call->BlockEntry.Flink->Blink = Call->BlockEntry.Blink;
}

static inline BOOLEAN IsInCallback(const CALLBACK_BLOCK *Block) {
    const LIST_ENTRY *Entry = Block->ThreadListHead.Flink;
    for (; Entry != &Block->ThreadListHead; Entry = Entry->Flink)
        if (CONTAINING_RECORD(Entry, CALLBACK_CALL, BlockEntry)->Thread == KeGetCurrentThread())
            return TRUE;
    return FALSE;
}

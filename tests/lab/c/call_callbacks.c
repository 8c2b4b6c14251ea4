/* Calling the callbacks, for a kernel that is only looked at: nobody calls this in a dump.
 *
 * A kernel that runs has ../kd/c/call_callbacks.c in its place.
 */
#include "callback_block.h"

extern LIST_ENTRY CallbackListHead;
extern ULONG CmpCallBackCount;
CALLBACK_BLOCK *NTAPI CmListGetNextElement(LIST_ENTRY *Head, LIST_ENTRY **Next);

/* Tells the callbacks, highest altitude first, until one refuses. */
PAGED_CODE_SECTION NTSTATUS NTAPI CmpCallCallBacksEx(ULONG NotifyClass, PVOID Argument) {
    NTSTATUS Status = STATUS_SUCCESS;
    LIST_ENTRY *Next = NULL;
    CALLBACK_BLOCK *Block;
    if (!CmpCallBackCount)
        return Status;
    while (NT_SUCCESS(Status) && (Block = CmListGetNextElement(&CallbackListHead, &Next)) != NULL) {
        if (Block->PreCallListCount < 0)
            continue;
        __sync_fetch_and_add(&Block->PreCallListCount, 1);
        Status = Block->Function(Block->CallerContext, (PVOID)(ULONG_PTR)NotifyClass, Argument);
        __sync_fetch_and_sub(&Block->PreCallListCount, 1);
    }
    return Status;
}

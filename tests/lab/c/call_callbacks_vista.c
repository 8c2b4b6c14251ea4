/* Calling the registry callbacks, before Windows 7: nobody calls this in a dump. */
#include "callback_block.h"

extern LIST_ENTRY CallbackListHead;
CALLBACK_BLOCK *NTAPI CmListGetNextElement(LIST_ENTRY *Head, LIST_ENTRY **Next);

/* Tells the callbacks, highest altitude first, until one refuses. */
PAGED_CODE_SECTION NTSTATUS NTAPI CmpCallCallBacks(ULONG NotifyClass, PVOID Argument) {
    NTSTATUS Status = STATUS_SUCCESS;
    LIST_ENTRY *Next = NULL;
    CALLBACK_BLOCK *Block;
    while (NT_SUCCESS(Status) && (Block = CmListGetNextElement(&CallbackListHead, &Next)) != NULL)
        Status = Block->Function(Block->CallerContext, (PVOID)(ULONG_PTR)NotifyClass, Argument);
    return Status;
}

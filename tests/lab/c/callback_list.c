/* The configuration manager's callback list, Vista and later.
 *
 * Written from the published facts about CmRegisterCallbackEx: the list is kept in descending order
 * of altitude, a cookie is the boot time plus an ordinal, and the altitude's text has a pool block
 * of its own without a terminator.
 */
#include "callback_block.h"

CM_DATA LIST_ENTRY CallbackListHead = {&CallbackListHead, &CallbackListHead};
CM_DATA ULONG CmpCallBackCount = 0;
CM_DATA ULONG_PTR CmpCallbackListLock = 0;
CM_DATA ULONG_PTR CmpContextListLock = 0;
CM_DATA CM_COOKIE CmpCallbackCookie = 0;
static WCHAR LegacyAltitudeText[] = {'4', '2', '5', '0', '0', '0'};
UNICODE_STRING CmLegacyAltitude = {12, 12, LegacyAltitudeText};

PAGED_CODE_SECTION VOID NTAPI CmpInitCallbacks(VOID) {
    CallbackListHead.Flink = CallbackListHead.Blink = &CallbackListHead;
    CmpCallBackCount = 0;
    CmpCallbackCookie = SHARED_SYSTEM_TIME;
}

/* Links Block before the first entry that compares lower, after its equals. */
PAGED_CODE_SECTION NTSTATUS NTAPI CmpInsertCallbackInListByAltitude(CALLBACK_BLOCK *Block,
                                                                    BOOLEAN MayDuplicate) {
    LIST_ENTRY *Entry = CallbackListHead.Flink;
    Block->Cookie = ++CmpCallbackCookie;
    for (; Entry != &CallbackListHead; Entry = Entry->Flink) {
        LONG Order = RtlCompareAltitudes(&BlockOf(Entry)->Altitude, &Block->Altitude);
        if (Order == 0 && !MayDuplicate)
            return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        if (Order < 0)
            break;
    }
    Block->CallbackListEntry.Flink = Entry;
    Block->CallbackListEntry.Blink = Entry->Blink;
    Entry->Blink->Flink = &Block->CallbackListEntry;
    Entry->Blink = &Block->CallbackListEntry;
    COUNT(CmpCallBackCount, 1);
    return STATUS_SUCCESS;
}

static VOID CmpFreeCallback(CALLBACK_BLOCK *Block) {
    ExFreePoolWithTag(Block->Altitude.Buffer, TAG_ALTITUDE);
#if LAB_BUILD < 7600
    ExFreePoolWithTag(Block->Mutex, TAG_MUTEX);
#endif
    ExFreePoolWithTag(Block, TAG_BLOCK);
}

PAGED_CODE_SECTION static CALLBACK_BLOCK *CmpAllocateCallback(const UNICODE_STRING *Altitude) {
    CALLBACK_BLOCK *Block = ExAllocatePoolWithTag(PagedPool, sizeof(*Block), TAG_BLOCK);
    if (!Block)
        return NULL;
    Block->Altitude.Buffer = ExAllocatePoolWithTag(PagedPool, Altitude->Length, TAG_ALTITUDE);
    if (!Block->Altitude.Buffer) {
        ExFreePoolWithTag(Block, TAG_BLOCK);
        return NULL;
    }
#if LAB_BUILD < 7600
    Block->Mutex = ExAllocatePoolWithTag(PagedPool, MUTEX_SIZE, TAG_MUTEX);
    if (!Block->Mutex) {
        ExFreePoolWithTag(Block->Altitude.Buffer, TAG_ALTITUDE);
        ExFreePoolWithTag(Block, TAG_BLOCK);
        return NULL;
    }
    *(volatile LONG *)Block->Mutex = 1; /* at rest */
#endif
    Block->Altitude.Length = Block->Altitude.MaximumLength = Altitude->Length;
    for (USHORT Index = 0; Index < Altitude->Length / 2; Index++)
        Block->Altitude.Buffer[Index] = Altitude->Buffer[Index];
    return Block;
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmpRegisterCallbackInternal(
    PEX_CALLBACK_FUNCTION Function, const UNICODE_STRING *Altitude, PVOID Context,
    BOOLEAN MayDuplicate, ULONG Flags, CM_COOKIE *Cookie) {
    CALLBACK_BLOCK *Block = CmpAllocateCallback(Altitude);
    if (!Block)
        return STATUS_INSUFFICIENT_RESOURCES;
#if LAB_BUILD < 7600
    Block->ThreadListHead.Flink = Block->ThreadListHead.Blink = &Block->ThreadListHead;
#else
    Block->PreCallListCount = 0;
#endif
#if LAB_BUILD >= 15063 /* before, this padding is left as the pool had it */
    Block->Flags = Flags;
#endif
    Block->CallerContext = Context;
    Block->Function = Function;
    Block->ObjectContextListHead.Flink = Block->ObjectContextListHead.Blink =
        &Block->ObjectContextListHead;
    NTSTATUS Status = CmpInsertCallbackInListByAltitude(Block, MayDuplicate);
    if (NT_SUCCESS(Status))
        *Cookie = Block->Cookie;
    else
        CmpFreeCallback(Block);
    return Status;
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmRegisterCallback(PEX_CALLBACK_FUNCTION Function, PVOID Context,
                                                     CM_COOKIE *Cookie) {
    return CmpRegisterCallbackInternal(Function, &CmLegacyAltitude, Context, TRUE, 0, Cookie);
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmRegisterCallbackEx(PEX_CALLBACK_FUNCTION Function,
                                                       const UNICODE_STRING *Altitude, PVOID Driver,
                                                       PVOID Context, CM_COOKIE *Cookie,
                                                       PVOID Reserved) {
    if (!Driver) /* only tested, never stored */
        return STATUS_INVALID_PARAMETER_3;
    if (Reserved)
        return STATUS_INVALID_PARAMETER_6;
    return CmpRegisterCallbackInternal(Function, Altitude, Context, FALSE, 0, Cookie);
}

#if LAB_BUILD >= 15063
PAGED_CODE_SECTION NTSTATUS NTAPI CmRegisterInternalCallback(PEX_CALLBACK_FUNCTION Function,
                                                             const UNICODE_STRING *Altitude,
                                                             PVOID Context, CM_COOKIE *Cookie) {
    return CmpRegisterCallbackInternal(Function, Altitude, Context, FALSE, INTERNAL_CALLBACK,
                                       Cookie);
}
#endif

/* The block after *Next (the first for NULL), NULL at the end. */
PAGED_CODE_SECTION CALLBACK_BLOCK *NTAPI CmListGetNextElement(LIST_ENTRY *Head, LIST_ENTRY **Next) {
    LIST_ENTRY *Entry = *Next ? *Next : Head->Flink;
    if (Entry == Head)
        return NULL;
    *Next = Entry->Flink;
    return BlockOf(Entry);
}

static BOOLEAN IsInUse(volatile CALLBACK_BLOCK *Block) {
#if LAB_BUILD < 7600
    return Block->ThreadListHead.Flink != &Block->ThreadListHead;
#else
    return (Block->PreCallListCount & ~UNREGISTER_PENDING) != 0;
#endif
}

/* Takes the block off the list once nobody is in the callback; before Windows 8 at once, and waits
 * then. */
static VOID CmpRemoveCallback(CALLBACK_BLOCK *Block) {
#if LAB_BUILD >= 9200
    if (Block->PreCallListCount)
        __sync_fetch_and_or(&Block->PreCallListCount, UNREGISTER_PENDING);
    while (IsInUse(Block))
        YIELD_PROCESSOR();
#endif
    Block->CallbackListEntry.Blink->Flink = Block->CallbackListEntry.Flink;
    Block->CallbackListEntry.Flink->Blink = Block->CallbackListEntry.Blink;
    while (IsInUse(Block))
        YIELD_PROCESSOR();
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmUnRegisterCallback(CM_COOKIE Cookie) {
    LIST_ENTRY *Next = NULL;
    CALLBACK_BLOCK *Block;
    while ((Block = CmListGetNextElement(&CallbackListHead, &Next)) != NULL) {
        if (Block->Cookie != Cookie)
            continue;
        CmpRemoveCallback(Block);
        CmpFreeCallback(Block);
        COUNT(CmpCallBackCount, -1);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

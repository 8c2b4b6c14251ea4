/* Calling the registry callbacks, from the published facts about Windows 10 1703 and later.
 *
 * Down the altitudes before an operation, up again after it; a refusal turns round where it is. A
 * callback stays in use from its pre-notification to the end of its post-notification, and what a
 * callback itself asks of the registry begins below it.
 */
#include "live.h"
#include "registry_information.h"

#define TAG_CALL 0x69634D43 /* 'CMci' */

/* One callback in one operation. */
typedef struct _CALLBACK_CALL {
    LIST_ENTRY OperationEntry;
    SINGLE_LIST_ENTRY ThreadEntry;
    CALLBACK_BLOCK *Block;
    PVOID CallContext;
    PVOID Reserved;
} CALLBACK_CALL;
_Static_assert(sizeof(CALLBACK_CALL) == 0x30, "");

static SINGLE_LIST_ENTRY *ThreadCalls(VOID) {
    return &FIELD(SINGLE_LIST_ENTRY, KeGetCurrentThread(), OFFSET_ETHREAD_CmCallbackListHead);
}

/* Where an operation of this thread starts: behind the callback that it is in. */
static LIST_ENTRY *CmpFirstCallback(VOID) {
    SINGLE_LIST_ENTRY *Innermost = ThreadCalls()->Next;
    if (!Innermost)
        return &CallbackListHead;
    return &CONTAINING_RECORD(Innermost, CALLBACK_CALL, ThreadEntry)->Block->CallbackListEntry;
}

/* The next callback that is not being unregistered, in use; NULL at the end. */
static CALLBACK_BLOCK *CmpReferenceNextCallback(LIST_ENTRY *Entry) {
    CALLBACK_BLOCK *Found = NULL;
    Acquire(&CmpCallbackListLock);
    for (Entry = Entry->Flink; Entry != &CallbackListHead; Entry = Entry->Flink) {
        if (BlockOf(Entry)->PreCallListCount >= 0) {
            Found = BlockOf(Entry);
            __sync_fetch_and_add(&Found->PreCallListCount, 1);
            break;
        }
    }
    Release(&CmpCallbackListLock);
    return Found;
}

/* Where a pre-notification keeps its CallContext (wdm.h). */
static PVOID *CmpCallContextOf(ULONG NotifyClass, PVOID Information) {
    static const UCHAR Offsets[] = {
        [RegNtPreDeleteKey] = 0x08,         [RegNtPreSetValueKey] = 0x28,
        [RegNtPreDeleteValueKey] = 0x10,    [RegNtPreSetInformationKey] = 0x20,
        [RegNtPreRenameKey] = 0x10,         [RegNtPreEnumerateKey] = 0x28,
        [RegNtPreEnumerateValueKey] = 0x28, [RegNtPreQueryKey] = 0x28,
        [RegNtPreQueryValueKey] = 0x30,     [RegNtPreKeyHandleClose] = 0x08,
        [RegNtPreCreateKeyEx] = 0x50,       [RegNtPreOpenKeyEx] = 0x50,
        [RegNtPreFlushKey] = 0x08,
    };
    return &FIELD(PVOID, Information, Offsets[NotifyClass]);
}

static VOID CmpEndCall(CALLBACK_CALL *Call) {
    __sync_fetch_and_sub(&Call->Block->PreCallListCount, 1);
    ExFreePoolWithTag(Call, TAG_CALL);
}

static NTSTATUS CmpCallPostCallbacks(ULONG PostClass, REG_POST_OPERATION_INFORMATION *Information,
                                     LIST_ENTRY *Calls) {
    while (Calls->Blink != Calls) {
        CALLBACK_CALL *Call = CONTAINING_RECORD(Calls->Blink, CALLBACK_CALL, OperationEntry);
        Calls->Blink = Call->OperationEntry.Blink;
        Calls->Blink->Flink = Calls;
        Information->CallContext = Call->CallContext;
        Call->ThreadEntry.Next = ThreadCalls()->Next;
        ThreadCalls()->Next = &Call->ThreadEntry;
        NTSTATUS Status = Call->Block->Function(Call->Block->CallerContext,
                                                (PVOID)(ULONG_PTR)PostClass, Information);
        ThreadCalls()->Next = Call->ThreadEntry.Next;
        if (Status == STATUS_CALLBACK_BYPASS)
            Information->Status = Information->ReturnStatus;
        CmpEndCall(Call);
    }
    return Information->ReturnStatus;
}

PAGED_CODE_SECTION NTSTATUS CmPostCallbackNotification(ULONG PostClass, PVOID Object,
                                                       NTSTATUS Status, PVOID PreInformation,
                                                       LIST_ENTRY *Calls) {
    REG_POST_OPERATION_INFORMATION Information = {
        .Object = Object,
        .Status = Status,
        .PreInformation = PreInformation,
        .ReturnStatus = Status,
    };
    CmpCallCallBacksEx(PostClass, &Information, NULL, FALSE, PostClass, Object, Calls);
    return Information.ReturnStatus;
}

/* What the caller of a refused operation gets: those above may have thought better of it. */
static NTSTATUS CmpRefuse(ULONG NotifyClass, PVOID PreInformation, NTSTATUS Status,
                          ULONG PostClass, PVOID Object, LIST_ENTRY *Calls) {
    if (Status == STATUS_CALLBACK_BYPASS)
        Status = STATUS_SUCCESS;
    if (NotifyClass == RegNtPreCreateKeyEx || NotifyClass == RegNtPreOpenKeyEx)
        Object = NT_SUCCESS(Status)
                     ? *((REG_CREATE_KEY_INFORMATION_V1 *)PreInformation)->ResultObject
                     : NULL;
    Status = CmPostCallbackNotification(PostClass, Object, Status, PreInformation, Calls);
    return NT_SUCCESS(Status) ? STATUS_CALLBACK_BYPASS : Status;
}

PAGED_CODE_SECTION NTSTATUS CmpCallCallBacksEx(ULONG NotifyClass, PVOID Information,
                                               PVOID ExInformation, BOOLEAN IsPre, ULONG PostClass,
                                               PVOID Object, LIST_ENTRY *Calls) {
    CALLBACK_BLOCK *Block;
    LIST_ENTRY *Entry;
    NTSTATUS Status;
    if (!IsPre)
        return CmpCallPostCallbacks(PostClass, Information, Calls);
    if (!CmpCallBackCount)
        return STATUS_SUCCESS;
    Entry = CmpFirstCallback();
    while ((Block = CmpReferenceNextCallback(Entry)) != NULL) {
        CALLBACK_CALL *Call = ExAllocatePoolWithTag(PagedPool, sizeof(*Call), TAG_CALL);
        if (!Call)
            return STATUS_INSUFFICIENT_RESOURCES;
        Entry = &Block->CallbackListEntry;
        Call->Block = Block;
        Call->OperationEntry.Flink = Calls;
        Call->OperationEntry.Blink = Calls->Blink;
        Calls->Blink->Flink = &Call->OperationEntry;
        Calls->Blink = &Call->OperationEntry;
        Call->ThreadEntry.Next = ThreadCalls()->Next;
        ThreadCalls()->Next = &Call->ThreadEntry;
        Status = Block->Function(Block->CallerContext, (PVOID)(ULONG_PTR)NotifyClass,
                                 Block->Flags & INTERNAL_CALLBACK ? ExInformation : Information);
        ThreadCalls()->Next = Call->ThreadEntry.Next;
        if (NT_SUCCESS(Status) || NotifyClass == RegNtPreKeyHandleClose) {
            PVOID *CallContext = CmpCallContextOf(NotifyClass, Information);
            Call->CallContext = *CallContext;
            *CallContext = NULL;
            continue;
        }
        Calls->Blink = Call->OperationEntry.Blink;
        Calls->Blink->Flink = Calls;
        CmpEndCall(Call);
        return CmpRefuse(NotifyClass, Information, Status, PostClass, Object, Calls);
    }
    return STATUS_SUCCESS;
}

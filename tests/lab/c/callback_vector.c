/* The configuration manager's callback vector, XP and Server 2003: no list, no altitudes. */
#include "nt.h"

#define CALLBACK_SLOTS 100
#define TAG_ROUTINE 0x62726243 /* 'Cbrb' */
#define TAG_BLOCK 0x62634D43   /* 'CMcb' */
#define REFERENCES (2 * sizeof(PVOID) - 1) /* the cached reference count of an EX_FAST_REF */

typedef struct _EX_CALLBACK_ROUTINE_BLOCK {
    ULONG_PTR RundownProtect;
    PEX_CALLBACK_FUNCTION Function;
    PVOID Context;
} EX_CALLBACK_ROUTINE_BLOCK;

typedef struct _CALLBACK_BLOCK {
    CM_COOKIE Cookie;
    LIST_ENTRY ThreadListHead;
    PVOID Mutex; /* in a block of its own with the same tag */
    PVOID CallerContext;
} CALLBACK_BLOCK;
#define MUTEX_SIZE (7 * sizeof(PVOID) + 4) /* a FAST_MUTEX: 0x20 bytes on x86 */

CM_DATA ULONG_PTR CmpCallBackVector[CALLBACK_SLOTS] = {0};
CM_DATA ULONG CmpCallBackCount = 0;

PAGED_CODE_SECTION VOID NTAPI CmpInitCallbacks(VOID) {
    for (ULONG Slot = 0; Slot < CALLBACK_SLOTS; Slot++)
        CmpCallBackVector[Slot] = 0;
    CmpCallBackCount = 0;
}

static EX_CALLBACK_ROUTINE_BLOCK *RoutineOf(ULONG Slot) {
    return (EX_CALLBACK_ROUTINE_BLOCK *)(CmpCallBackVector[Slot] & ~(ULONG_PTR)REFERENCES);
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmRegisterCallback(PEX_CALLBACK_FUNCTION Function, PVOID Context,
                                                     CM_COOKIE *Cookie) {
    ULONG Slot = 0;
    while (Slot < CALLBACK_SLOTS && CmpCallBackVector[Slot])
        Slot++;
    if (Slot == CALLBACK_SLOTS)
        return STATUS_INSUFFICIENT_RESOURCES;
    CALLBACK_BLOCK *Block = ExAllocatePoolWithTag(PagedPool, sizeof(*Block), TAG_BLOCK);
    EX_CALLBACK_ROUTINE_BLOCK *Routine =
        ExAllocatePoolWithTag(PagedPool, sizeof(*Routine), TAG_ROUTINE);
    if (!Block || !Routine)
        return STATUS_INSUFFICIENT_RESOURCES;
    Block->Mutex = ExAllocatePoolWithTag(PagedPool, MUTEX_SIZE, TAG_BLOCK);
    if (!Block->Mutex)
        return STATUS_INSUFFICIENT_RESOURCES;
    *(volatile LONG *)Block->Mutex = 1; /* at rest */
    Block->ThreadListHead.Flink = Block->ThreadListHead.Blink = &Block->ThreadListHead;
    *Cookie = Block->Cookie = SHARED_SYSTEM_TIME;
    Block->CallerContext = Context;
    Routine->RundownProtect = 0;
    Routine->Function = Function;
    Routine->Context = Block;
    CmpCallBackVector[Slot] = (ULONG_PTR)Routine | REFERENCES;
    COUNT(CmpCallBackCount, 1);
    return STATUS_SUCCESS;
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmUnRegisterCallback(CM_COOKIE Cookie) {
    for (ULONG Slot = 0; Slot < CALLBACK_SLOTS; Slot++) {
        EX_CALLBACK_ROUTINE_BLOCK *Routine = RoutineOf(Slot);
        if (!Routine || ((CALLBACK_BLOCK *)Routine->Context)->Cookie != Cookie)
            continue;
        CmpCallBackVector[Slot] = 0;
        ExFreePoolWithTag(((CALLBACK_BLOCK *)Routine->Context)->Mutex, TAG_BLOCK);
        ExFreePoolWithTag(Routine->Context, TAG_BLOCK);
        ExFreePoolWithTag(Routine, TAG_ROUTINE);
        COUNT(CmpCallBackCount, -1);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

/* A callback that a thread is in: on the stack of who calls it. */
typedef struct _CALLBACK_THREAD {
    LIST_ENTRY Entry;
    PVOID Thread;
} CALLBACK_THREAD;

/* FALSE where the thread is in the callback already: it is not told of what it asks for itself. */
static BOOLEAN EnterCallback(CALLBACK_BLOCK *Block, CALLBACK_THREAD *Call) {
    LIST_ENTRY *Head = &Block->ThreadListHead, *Entry = Head->Flink;
    Call->Thread = KeGetCurrentThread();
    for (; Entry != Head; Entry = Entry->Flink)
        if (CONTAINING_RECORD(Entry, CALLBACK_THREAD, Entry)->Thread == Call->Thread)
            return FALSE;
    Call->Entry.Flink = Head;
    Call->Entry.Blink = Head->Blink;
    Head->Blink->Flink = &Call->Entry;
    Head->Blink = &Call->Entry;
    return TRUE;
}

static VOID LeaveCallback(CALLBACK_THREAD *Call) {
    Call->Entry.Blink->Flink = Call->Entry.Flink;
    Call->Entry.Flink->Blink = Call->Entry.Blink;
}

/* Tells the callbacks, in slot order, until one refuses. */
PAGED_CODE_SECTION NTSTATUS NTAPI CmpCallCallBacks(ULONG NotifyClass, PVOID Argument) {
    for (ULONG Slot = 0; Slot < CALLBACK_SLOTS; Slot++) {
        EX_CALLBACK_ROUTINE_BLOCK *Routine = RoutineOf(Slot);
        CALLBACK_THREAD Call;
        if (!Routine || !EnterCallback(Routine->Context, &Call))
            continue;
        NTSTATUS Status = Routine->Function(((CALLBACK_BLOCK *)Routine->Context)->CallerContext,
                                            (PVOID)(ULONG_PTR)NotifyClass, Argument);
        LeaveCallback(&Call);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return STATUS_SUCCESS;
}

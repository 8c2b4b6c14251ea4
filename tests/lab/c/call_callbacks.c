/* Calling the registry callbacks, Vista and later.
 *
 * Written from what a real Vista SP2 and a real 7 SP1 did, call for call (tests/lab/tests), and
 * from the published facts about later builds: down the altitudes before an operation, up again after it; a refusal
 * turns round where it is. A callback is in use, and on its thread's list, from before its
 * pre-notification to the end of its post-notification, or until it refuses.
 */
#if LAB_BUILD < 7600
#include "block_calls.h"
#else
#include "thread_calls.h"
#endif
#include "notification_types.h"

#define TAG_CALL 0x69634D43 /* 'CMci' */

extern LIST_ENTRY CallbackListHead;
extern ULONG_PTR CmpCallbackListLock;
NTSTATUS NTAPI VrpRegistryCallback(PVOID Context, PVOID NotifyClass, PVOID Argument);

#if LAB_BUILD < 9200
/* What an operation of this thread begins behind: the lowest callback that the thread is in. */
static LIST_ENTRY *CmpCallbacksBegin(VOID) {
    LIST_ENTRY *Entry = CallbackListHead.Blink;
    while (Entry != &CallbackListHead && !IsInCallback(BlockOf(Entry)))
        Entry = Entry->Blink;
    return Entry;
}

static BOOLEAN IsCalled(const CALLBACK_BLOCK *Block) {
    (void)Block;
    return TRUE; /* one that is being unregistered is off the list */
}
#else
/* The same, by the innermost callback. */
static LIST_ENTRY *CmpCallbacksBegin(VOID) {
    SINGLE_LIST_ENTRY *Innermost = ThreadCalls()->Next;
    if (!Innermost)
        return &CallbackListHead;
    return &CONTAINING_RECORD(Innermost, CALLBACK_CALL, ThreadEntry)->Block->CallbackListEntry;
}

static BOOLEAN IsCalled(const CALLBACK_BLOCK *Block) {
    return Block->PreCallListCount >= 0;
}
#endif

/* The callback behind Entry that is to be told, in use; NULL at the end. */
static CALLBACK_BLOCK *CmpReferenceNextCallback(LIST_ENTRY *Entry) {
    CALLBACK_BLOCK *Found = NULL;
    Acquire(&CmpCallbackListLock);
    if (!Entry)
        Entry = CmpCallbacksBegin();
    for (Entry = Entry->Flink; Entry != &CallbackListHead; Entry = Entry->Flink) {
        if (IsCalled(BlockOf(Entry))) {
            Found = BlockOf(Entry);
            Reference(Found);
            break;
        }
    }
    Release(&CmpCallbackListLock);
    return Found;
}

static VOID CmpBeginCall(CALLBACK_CALL *Call, CALLBACK_BLOCK *Block, LIST_ENTRY *Calls) {
    Call->Block = Block;
    Call->CallContext = NULL;
    EnterCallback(Call);
    Call->OperationEntry.Flink = Calls;
    Call->OperationEntry.Blink = Calls->Blink;
    Calls->Blink->Flink = &Call->OperationEntry;
    Calls->Blink = &Call->OperationEntry;
}

/* The last call of the operation's list, which is taken off it. */
static CALLBACK_CALL *CmpRemoveLastCall(LIST_ENTRY *Calls) {
    CALLBACK_CALL *Call = CONTAINING_RECORD(Calls->Blink, CALLBACK_CALL, OperationEntry);
    Calls->Blink = Call->OperationEntry.Blink;
    Calls->Blink->Flink = Calls;
    return Call;
}

static VOID CmpEndCall(CALLBACK_CALL *Call) {
    LeaveCallback(Call);
    Dereference(Call->Block);
    ExFreePoolWithTag(Call, TAG_CALL);
}

/* What the callbacks above a refusal are told: those that are asked last may think better of it. */
static VOID CmpDescribeRefusal(REG_POST_OPERATION_INFORMATION *Post, NTSTATUS Status,
                               ULONG PostClass, PVOID Object, PVOID Information) {
    Post->Object = Object;
    if (PostClass == RegNtPostCreateKeyEx || PostClass == RegNtPostOpenKeyEx) {
        if (Status == STATUS_CALLBACK_BYPASS)
            Post->Object = *((REG_CREATE_KEY_INFORMATION_V1 *)Information)->ResultObject;
        else if (LAB_BUILD >= 7600)
            Post->Object = NULL;
    }
    Post->Status = Post->ReturnStatus = Status == STATUS_CALLBACK_BYPASS ? STATUS_SUCCESS : Status;
    Post->PreInformation = Information;
    Post->CallContext = Post->ObjectContext = Post->Reserved = NULL;
}

/* Shapes that other compilers give this code; see ../code_shapes.py. */
#ifdef LAB_COLD_PARTS
#define LAB_COLD __asm__ volatile("/* lab cold */")
#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)
#else
#define LAB_COLD
#define UNLIKELY(condition) (condition)
#endif

static inline NTSTATUS CmpCallFunction(const CALLBACK_BLOCK *Block, ULONG NotifyClass,
                                       PVOID Argument) {
    PVOID Class = (PVOID)(ULONG_PTR)NotifyClass;
#ifdef LAB_DEVIRTUALISED
    if (Block->Function == VrpRegistryCallback)
        return VrpRegistryCallback(Block->CallerContext, Class, Argument);
#endif
    return Block->Function(Block->CallerContext, Class, Argument);
}

#if LAB_BUILD >= 15063
/* An internal callback gets the extended structure, if there is one, which begins with a pointer to
 * the other. */
static inline PVOID ArgumentOf(const CALLBACK_BLOCK *Block, PVOID ExInformation,
                               PVOID Information) {
    if (UNLIKELY(ExInformation)) {
        LAB_COLD;
        if (Block->Flags & INTERNAL_CALLBACK) {
            LAB_COLD;
            return ExInformation;
        }
    }
    return Information;
}

PAGED_CODE_SECTION NTSTATUS NTAPI CmpCallCallBacksEx(ULONG NotifyClass, PVOID Information,
                                                     PVOID ExInformation, BOOLEAN IsPre,
                                                     ULONG PostClass, PVOID Object,
                                                     LIST_ENTRY *Calls)
#else
#define ArgumentOf(Block, ExInformation, Information) (Information)

PAGED_CODE_SECTION NTSTATUS NTAPI CmpCallCallBacks(ULONG NotifyClass, PVOID Information,
                                                   BOOLEAN IsPre, ULONG PostClass, PVOID Object,
                                                   LIST_ENTRY *Calls)
#endif
{
    REG_POST_OPERATION_INFORMATION Refusal, *Post = Information;
    NTSTATUS Refused = STATUS_SUCCESS;
#if LAB_BUILD >= 15063
    PVOID ExRefusal[4] = {NULL};
#endif
    NTSTATUS Status = STATUS_SUCCESS;
    BOOLEAN IsRefused = FALSE;
    CALLBACK_BLOCK *Block = NULL;
    CALLBACK_CALL *Call;
    if (IsPre) {
        while ((Block = CmpReferenceNextCallback(Block ? &Block->CallbackListEntry : NULL))) {
            Call = ExAllocatePoolWithTag(PagedPool, sizeof(*Call), TAG_CALL);
            if (UNLIKELY(!Call)) {
                LAB_COLD;
                Dereference(Block);
                Status = STATUS_INSUFFICIENT_RESOURCES;
                IsRefused = TRUE;
                break;
            }
            CmpBeginCall(Call, Block, Calls);
            CmpCallbackFillObjectContext(NotifyClass, Information, &Block->Cookie);
            Status = CmpCallFunction(Block, NotifyClass,
                                     ArgumentOf(Block, ExInformation, Information));
            if (NotifyClass == RegNtPreKeyHandleClose)
                Status = STATUS_SUCCESS;
            if (UNLIKELY(!NT_SUCCESS(Status))) {
                LAB_COLD;
                CmpEndCall(CmpRemoveLastCall(Calls));
                IsRefused = TRUE;
                break;
            }
            CmpCallbackFetchCallContext(NotifyClass, Information, &Call->CallContext);
        }
        if (!IsRefused)
            return Status;
        Post = &Refusal;
        Refused = Status;
        CmpDescribeRefusal(Post, Status, PostClass, Object, Information);
        NotifyClass = PostClass;
#if LAB_BUILD >= 15063
        ExRefusal[0] = Post;
        ExInformation = ExInformation ? ExRefusal : NULL;
#endif
    }
    while (Calls->Flink != Calls) {
        Call = CmpRemoveLastCall(Calls);
        Block = Call->Block;
        Post->CallContext = Call->CallContext;
        CmpCallbackFillObjectContext(NotifyClass, Post, &Block->Cookie);
        Status = CmpCallFunction(Block, NotifyClass, ArgumentOf(Block, ExInformation, Post));
        if (Status == STATUS_CALLBACK_BYPASS)
            Post->Status = Post->ReturnStatus;
        CmpEndCall(Call);
    }
    if (!IsRefused || LAB_BUILD < 7600) /* nobody changes what Vista's caller gets */
        return Refused;
    return NT_SUCCESS(Post->ReturnStatus) ? STATUS_CALLBACK_BYPASS : Post->ReturnStatus;
}

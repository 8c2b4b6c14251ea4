/* A driver with 16 registry callbacks that do as they are told, each at up to four altitudes. */
#include "stage.h"
#include "nt.h"
#include "notification_types.h"

#define STAGE_ACTORS 64
#define STAGE_CALLS 256

#define TAG_CONTEXT 0x43677453 /* 'StgC' */
#define DRIVER_VIOLATION 0x121 /* bugcodes.h */

#define CALL_CONTEXT(information) (((REG_SET_VALUE_KEY_INFORMATION *)(information))->CallContext)

#define STATUS_CALLBACK_BYPASS ((NTSTATUS)0xC0000503)
#define ALWAYS 0xFFFFFFFF

VOID NTAPI KeBugCheckEx(ULONG Code, ULONG_PTR First, ULONG_PTR Second, ULONG_PTR Third,
                        ULONG_PTR Fourth);
NTSTATUS KiServiceInternal(OPERATION *Operation);
VOID KiDeliverApc(WORK *Work);
VOID PsTerminateSystemThread(VOID);
VOID ZwYieldExecution(VOID);

extern ACTOR g_Actors[STAGE_ACTORS];
CALLED g_Calls[STAGE_CALLS] = {0}; /* a ring */
ULONG g_CallCount = 0;
ULONG g_Posts = 0;   /* told of the end of an operation with a context */
ULONG g_Orphans = 0; /* of one that no context was allocated for */
ULONG g_LastPost = 0; /* the Status that it ended with */
static PVOID g_DriverObject = NULL;

static VOID Record(ACTOR *Actor, ULONG NotifyClass) {
    CALLED *Called = &g_Calls[__sync_fetch_and_add(&g_CallCount, 1) % STAGE_CALLS];
    Called->Actor = (ULONG)(Actor - g_Actors);
    Called->NotifyClass = NotifyClass;
    Called->Thread = KeGetCurrentThread();
}

PAGED_CODE_SECTION NTSTATUS StageRegister(ACTOR *Actor) {
    return CmRegisterCallbackEx(Actor->Function, &Actor->Altitude, g_DriverObject, Actor,
                                &Actor->Cookie, NULL);
}

PAGED_CODE_SECTION NTSTATUS StageUnregister(ACTOR *Actor) {
    return CmUnRegisterCallback(Actor->Cookie);
}

PAGED_CODE_SECTION static VOID Perform(WORK *Work) {
    for (ULONG Index = 0; Index < Work->Count; Index++)
        KiServiceInternal(&Work->Operations[Index]);
}

PAGED_CODE_SECTION static VOID FreeContext(PVOID *Context) {
    if (*Context)
        ExFreePoolWithTag(*Context, TAG_CONTEXT);
    *Context = NULL;
}

/* As a careful driver does: what is allocated before is freed after. */
PAGED_CODE_SECTION static VOID Context(ULONG NotifyClass, PVOID Information) {
    REG_POST_OPERATION_INFORMATION *Post = Information;
    if (NotifyClass == RegNtPreSetValueKey) {
        CALL_CONTEXT(Information) = ExAllocatePoolWithTag(PagedPool, sizeof(ULONG), TAG_CONTEXT);
        return;
    }
    g_LastPost = Post->Status;
    __sync_fetch_and_add(Post->CallContext ? &g_Posts : &g_Orphans, 1);
    FreeContext(&Post->CallContext);
}

/* TRUE when the act decides what the callback returns. */
PAGED_CODE_SECTION static BOOLEAN Act(const ACT *What, PVOID Information, NTSTATUS *Status) {
    switch (What->Kind) {
    case ACT_RETURN:
        *Status = What->Status;
        if (!NT_SUCCESS(*Status) && What->NotifyClass == RegNtPreSetValueKey)
            FreeContext(&CALL_CONTEXT(Information)); /* nobody will tell of the end */
        return TRUE;
    case ACT_OVERRULE:
        ((REG_POST_OPERATION_INFORMATION *)Information)->ReturnStatus = What->Status;
        *Status = STATUS_CALLBACK_BYPASS;
        return TRUE;
    case ACT_PERFORM:
        Perform(What->Argument);
        break;
    case ACT_APC:
        KiDeliverApc(What->Argument);
        break;
    case ACT_YIELD:
        ZwYieldExecution();
        break;
    case ACT_END_THREAD:
        PsTerminateSystemThread();
        break;
    case ACT_REGISTER:
        StageRegister(What->Argument);
        break;
    case ACT_UNREGISTER:
        StageUnregister(What->Argument);
        break;
    case ACT_CRASH:
        *Status = *(volatile NTSTATUS *)0x10;
        break;
    case ACT_BUG_CHECK:
        KeBugCheckEx(DRIVER_VIOLATION, What->NotifyClass, 0, 0, 0);
        break;
    case ACT_CHANGE:
        ((REG_POST_OPERATION_INFORMATION *)Information)->ReturnStatus = What->Status;
        break;
    case ACT_CONTEXT:
        Context(What->NotifyClass, Information);
        break;
    }
    return FALSE;
}

PAGED_CODE_SECTION static NTSTATUS Play(ACTOR *Actor, ULONG NotifyClass, PVOID Information) {
    NTSTATUS Status = STATUS_SUCCESS;
    Record(Actor, NotifyClass);
    for (ULONG Index = 0; Index < Actor->Count; Index++) {
        ACT *What = &Actor->Acts[Index];
        if (What->NotifyClass != NotifyClass || !What->Times)
            continue;
        if (What->Times != ALWAYS)
            What->Times--;
        if (Act(What, Information, &Status))
            break;
    }
    return Status;
}

#define CALLBACK_NUMBER(number)                                                                  \
    PAGED_CODE_SECTION NTSTATUS NTAPI StageCallback##number(PVOID Context, PVOID NotifyClass,    \
                                                            PVOID Information) {                 \
        return Play(Context, (ULONG)(ULONG_PTR)NotifyClass, Information);                        \
    }
CALLBACK_NUMBER(0) CALLBACK_NUMBER(1) CALLBACK_NUMBER(2) CALLBACK_NUMBER(3)
CALLBACK_NUMBER(4) CALLBACK_NUMBER(5) CALLBACK_NUMBER(6) CALLBACK_NUMBER(7)
CALLBACK_NUMBER(8) CALLBACK_NUMBER(9) CALLBACK_NUMBER(10) CALLBACK_NUMBER(11)
CALLBACK_NUMBER(12) CALLBACK_NUMBER(13) CALLBACK_NUMBER(14) CALLBACK_NUMBER(15)

#define ACTOR_NUMBER(number) {.Function = StageCallback##number}
#define ACTOR_OF_EACH                                                                            \
    ACTOR_NUMBER(0), ACTOR_NUMBER(1), ACTOR_NUMBER(2), ACTOR_NUMBER(3), ACTOR_NUMBER(4),         \
    ACTOR_NUMBER(5), ACTOR_NUMBER(6), ACTOR_NUMBER(7), ACTOR_NUMBER(8), ACTOR_NUMBER(9),         \
    ACTOR_NUMBER(10), ACTOR_NUMBER(11), ACTOR_NUMBER(12), ACTOR_NUMBER(13), ACTOR_NUMBER(14),    \
    ACTOR_NUMBER(15)
ACTOR g_Actors[STAGE_ACTORS] = {ACTOR_OF_EACH, ACTOR_OF_EACH, ACTOR_OF_EACH, ACTOR_OF_EACH};

PAGED_CODE_SECTION VOID NTAPI DriverUnload(DRIVER_OBJECT *DriverObject) {
    (void)DriverObject;
    for (ULONG Index = 0; Index < STAGE_ACTORS; Index++)
        StageUnregister(&g_Actors[Index]);
}

INIT_SECTION NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *DriverObject, PVOID RegistryPath) {
    (void)RegistryPath;
    g_DriverObject = DriverObject;
    DriverObject->DriverUnload = DriverUnload;
    for (ULONG Index = 0; Index < STAGE_ACTORS; Index++)
        if (g_Actors[Index].AtLoad)
            StageRegister(&g_Actors[Index]);
    return STATUS_SUCCESS;
}

#include "reghook.h"

#include "keypath.h"
#include "operation.h"

typedef enum _REG_HOOK_STATE {
    RegHookStopped,
    RegHookChanging,  /* being registered or unregistered; calls are let through */
    RegHookRunning    /* Cookie and Policy are valid */
} REG_HOOK_STATE;

typedef struct _REG_HOOK {
    volatile LONG State;
    LARGE_INTEGER Cookie;
    const PROTECT_POLICY *Policy;
} REG_HOOK;

static REG_HOOK RegHook;

PAGED_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
DecidePath(
    _In_ const PROTECT_POLICY *Policy,
    _In_ const REG_OPERATION *Operation,
    _In_ PCUNICODE_STRING KeyPath)
{
    NTSTATUS Status;

    PAGED_CODE();

    Status = DecideOperation(Policy, Operation->Class, KeyPath, Operation->RequestorMode,
                             Operation->DesiredAccess);
    if (!NT_SUCCESS(Status)) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL,
                   "regprotect: refused %wZ, notify class %d, status 0x%08lX\n",
                   KeyPath, Operation->Class, Status);
    }
    return Status;
}

/* A rename touches two keys: the one that goes, and the one that comes to be. */
PAGED_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
DecideNewName(
    _In_ const PROTECT_POLICY *Policy,
    _In_ const REG_OPERATION *Operation,
    _In_ PCUNICODE_STRING KeyPath)
{
    UNICODE_STRING NewPath;
    NTSTATUS Status;

    PAGED_CODE();

    if (Operation->NewName == NULL || Operation->NewName->Length == 0) {
        return STATUS_SUCCESS;
    }
    Status = BuildSiblingPath(KeyPath, Operation->NewName, &NewPath);
    if (NT_SUCCESS(Status)) {
        Status = DecidePath(Policy, Operation, &NewPath);
        FreeKeyPath(&NewPath);
    }
    return Status;
}

/*
 * What cannot be named cannot be judged, and is refused with the reason why: a caller must not get
 * past the protection by exhausting the paged pool.
 */
PAGED_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
JudgeOperation(_In_ REG_HOOK *Hook, _In_ const REG_OPERATION *Operation)
{
    UNICODE_STRING KeyPath;
    NTSTATUS Status;

    PAGED_CODE();

    Status = BuildKeyPath(&Hook->Cookie, Operation->RootObject, Operation->Name, &KeyPath);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = DecidePath(Hook->Policy, Operation, &KeyPath);
    if (NT_SUCCESS(Status)) {
        Status = DecideNewName(Hook->Policy, Operation, &KeyPath);
    }
    FreeKeyPath(&KeyPath);
    return Status;
}

PAGED_CODE_SEG
_Use_decl_annotations_
NTSTATUS
NTAPI
RegisterCallback(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    REG_HOOK *Hook = CallbackContext;
    /* An enumerator in a pointer: the upper half is not part of it. */
    REG_NOTIFY_CLASS Class = (REG_NOTIFY_CLASS)(ULONG)(ULONG_PTR)Argument1;
    REG_OPERATION Operation;

    PAGED_CODE();

    /* The first calls can come before CmRegisterCallbackEx has returned the cookie. */
    if (ReadAcquire(&Hook->State) != RegHookRunning || Argument2 == NULL) {
        return STATUS_SUCCESS;
    }
    if (!DescribeOperation(Class, Argument2, &Operation) ||
        !OperationIsGuarded(Class, Operation.RequestorMode, Operation.DesiredAccess)) {
        return STATUS_SUCCESS;
    }
    return JudgeOperation(Hook, &Operation);
}

PAGED_CODE_SEG
_Use_decl_annotations_
NTSTATUS
StartRegHook(
    PDRIVER_OBJECT DriverObject,
    PCUNICODE_STRING Altitude,
    const PROTECT_POLICY *Policy)
{
    NTSTATUS Status;

    PAGED_CODE();

    if (InterlockedCompareExchange(&RegHook.State, RegHookChanging, RegHookStopped) !=
        RegHookStopped) {
        return STATUS_ALREADY_REGISTERED;
    }
    RegHook.Policy = Policy;
    Status = CmRegisterCallbackEx(RegisterCallback, Altitude, DriverObject, &RegHook,
                                  &RegHook.Cookie, NULL);
    WriteRelease(&RegHook.State, NT_SUCCESS(Status) ? RegHookRunning : RegHookStopped);
    return Status;
}

PAGED_CODE_SEG
_Use_decl_annotations_
VOID
StopRegHook(VOID)
{
    NTSTATUS Status;

    PAGED_CODE();

    if (InterlockedCompareExchange(&RegHook.State, RegHookChanging, RegHookRunning) !=
        RegHookRunning) {
        return;
    }
    /* It fails only when the registration is gone already, which some other driver has then done. */
    Status = CmUnRegisterCallback(RegHook.Cookie);
    if (!NT_SUCCESS(Status)) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_WARNING_LEVEL,
                   "regprotect: CmUnRegisterCallback returned 0x%08lX\n", Status);
    }
    WriteRelease(&RegHook.State, RegHookStopped);
}

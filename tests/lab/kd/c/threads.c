/* What the threads of the lab run: their operations, in rounds. */
#include "live.h"
#include "debug_service.h"
#include "operation.h"
#include "notification_types.h"

#define KERNEL_MODE 0
#define THREAD_TERMINATED 4 /* KTHREAD_STATE */

ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, const char *Text, ...);
NTSTATUS IopLoadDriver(DRIVER *Driver);
NTSTATUS IopUnloadDriver(DRIVER *Driver);
NTSTATUS NtSetValueKey(PVOID, UNICODE_STRING *, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NtDeleteValueKey(PVOID, UNICODE_STRING *);
NTSTATUS NtDeleteKey(PVOID);
NTSTATUS NtFlushKey(PVOID);
NTSTATUS NtRenameKey(PVOID, UNICODE_STRING *);
NTSTATUS NtEnumerateKey(PVOID, ULONG, ULONG, PVOID, ULONG, ULONG *);
NTSTATUS NtQueryKey(PVOID, ULONG, PVOID, ULONG, ULONG *);
NTSTATUS NtQueryValueKey(PVOID, UNICODE_STRING *, ULONG, PVOID, ULONG, ULONG *);
NTSTATUS NtCreateKey(PVOID, UNICODE_STRING *, ULONG);
NTSTATUS NtOpenKeyEx(PVOID, UNICODE_STRING *, ULONG);
NTSTATUS NtClose(PVOID);

/* Never comes back: the machine takes a terminated thread off its processor. */
__attribute__((noinline)) VOID PspExitThread(VOID) {
    FIELD(UCHAR, KeGetCurrentThread(), OFFSET_KTHREAD_State) = THREAD_TERMINATED;
    for (;;)
        YIELD_PROCESSOR();
}

/* Tells the debugger; the machine begins anew then (KD_REBOOT of ReactOS's windbgkd.h). */
__attribute__((noinline)) VOID HalReturnToFirmware(VOID) {
    const UNICODE_STRING NoName = {0, 0, NULL};
    const KD_SYMBOLS_INFO Reboot = {.BaseOfDll = (PVOID)-1};
    DebugService(BREAKPOINT_UNLOAD_SYMBOLS, &NoName, &Reboot);
}

/* The caller of every system service. */
__attribute__((noinline)) NTSTATUS KiSystemServiceCopyEnd(OPERATION *Operation) {
    ULONG Result = 0;
    PVOID Key = Operation->Key;
    UNICODE_STRING *Name = &Operation->Name;
    switch (Operation->Kind) {
    case RegNtPreDeleteKey:
        return NtDeleteKey(Key);
    case RegNtPreSetValueKey:
        return NtSetValueKey(Key, Name, 0, Operation->DataType, Operation->Data,
                             Operation->DataSize);
    case RegNtPreDeleteValueKey:
        return NtDeleteValueKey(Key, Name);
    case RegNtPreRenameKey:
        return NtRenameKey(Key, Name);
    case RegNtPreEnumerateKey:
        return NtEnumerateKey(Key, Operation->Access, 0, Operation->Data, Operation->DataSize,
                              &Result);
    case RegNtPreQueryKey:
        return NtQueryKey(Key, Operation->Access, Operation->Data, Operation->DataSize, &Result);
    case RegNtPreQueryValueKey:
        return NtQueryValueKey(Key, Name, 2, Operation->Data, Operation->DataSize, &Result);
    case RegNtPreKeyHandleClose:
        return NtClose(Key);
    case RegNtPreCreateKeyEx:
        return NtCreateKey(Key, Name, Operation->Access);
    case RegNtPreOpenKeyEx:
        return NtOpenKeyEx(Key, Name, Operation->Access);
    case RegNtPreFlushKey:
        return NtFlushKey(Key);
    case OPERATION_LOAD_DRIVER:
        return IopLoadDriver(Operation->Data);
    case OPERATION_UNLOAD_DRIVER:
        return IopUnloadDriver(Operation->Data);
    case OPERATION_PRINT:
        return (NTSTATUS)DbgPrintEx(0, 0, "%wZ", Name);
    case OPERATION_EXIT_THREAD:
        PspExitThread();
        break;
    case OPERATION_CALL:
        return ((NTSTATUS(*)(PVOID))Operation->Data)(Key);
    case OPERATION_REBOOT:
        HalReturnToFirmware();
        break;
    }
    return STATUS_INVALID_PARAMETER;
}

static VOID Perform(OPERATION *Operation) {
    Operation->Status = KiSystemServiceCopyEnd(Operation);
    Operation->Count++;
}

/* A system service that a driver asks for, by a Zw function. */
__attribute__((noinline)) NTSTATUS KiServiceInternal(OPERATION *Operation) {
    UCHAR *PreviousMode = &FIELD(UCHAR, KeGetCurrentThread(), OFFSET_KTHREAD_PreviousMode);
    UCHAR Before = *PreviousMode;
    *PreviousMode = KERNEL_MODE;
    Perform(Operation);
    *PreviousMode = Before;
    return Operation->Status;
}

/* What an APC does, on top of what its thread was doing. */
__attribute__((noinline)) VOID KiDeliverApc(WORK *Work) {
    for (ULONG Index = 0; Index < Work->Count; Index++)
        KiServiceInternal(&Work->Operations[Index]);
}

VOID PsTerminateSystemThread(VOID) {
    PspExitThread();
}

__attribute__((noinline)) VOID ZwYieldExecution(VOID) {
    YIELD_PROCESSOR();
}

__attribute__((noinline)) VOID PspUserThreadStartup(WORK *Work) {
    for (ULONG Round = 0; !Work->Rounds || Round < Work->Rounds; Round++) {
        for (ULONG Index = 0; Index < Work->Count; Index++) {
            Perform(&Work->Operations[Index]);
            YIELD_PROCESSOR();
        }
    }
    PspExitThread();
}

#ifdef __x86_64__
VOID KiStartUserThread(VOID);
/* What a thread of user mode begins in: the machine frame on top of its stack leads a debugger on
   to who made the system service. The thread is started 0x28 bytes below it (new_threads.py). */
__asm__(".text\n"
        ".globl KiStartUserThread\n"
        ".def KiStartUserThread; .scl 2; .type 32; .endef\n"
        ".seh_proc KiStartUserThread\n"
        "KiStartUserThread:\n"
        ".seh_pushframe\n"
        ".seh_stackalloc 0x28\n"
        ".seh_endprologue\n"
        "call PspUserThreadStartup\n"
        "int3\n"
        ".seh_endproc\n");
#endif

/* The rest of the lab's ntoskrnl.exe: what debuggers look for by name, and a little to stand on.
 *
 * Compiled without -g, so that the linker writes public symbols alone, as in Microsoft's PDBs. The
 * Python side fills the data in; see ../world.py.
 */
#include "nt.h"

#define TEXT_OF(x) #x
#define STRING(x) TEXT_OF(x)

/* wdbgexts.h: KDDEBUGGER_DATA64; dbgkd: DBGKD_GET_VERSION64. */
UCHAR KdDebuggerDataBlock[0x3A0] = {1};
UCHAR KdVersionBlock[0x28] = {1};

LIST_ENTRY PsLoadedModuleList = {&PsLoadedModuleList, &PsLoadedModuleList};
LIST_ENTRY PsActiveProcessHead = {&PsActiveProcessHead, &PsActiveProcessHead};
PVOID PsInitialSystemProcess = NULL;
PVOID PspCidTable = NULL;
ULONG NtBuildNumber = 0xF0000000 | LAB_BUILD;
char NtBuildLab[] = STRING(LAB_BUILD) "." LAB_BRANCH;
ULONG CmNtCSDVersion = 0;
PVOID KiProcessorBlock[64] = {NULL};
ULONG_PTR KiBugCheckData[5] = {0};
ULONG KeTimeIncrement = 156250;
ULONG KeNumberProcessors = 1;
PVOID MmUnloadedDrivers = NULL;
ULONG MmLastUnloadedDriver = 0;
ULONG_PTR MmNumberOfPhysicalPages = 0, MmLowestPhysicalPage = 0, MmHighestPhysicalPage = 0;
PVOID MmHighestUserAddress = NULL, MmSystemRangeStart = NULL;
ULONG_PTR MmUserProbeAddress = 0;
PVOID ObTypeIndexTable[16] = {NULL};
UCHAR ObHeaderCookie = 0x5A;
PVOID KeLoaderBlock = NULL;
PVOID PspCreateProcessNotifyRoutine[8] = {NULL}, PspCreateThreadNotifyRoutine[8] = {NULL},
      PspLoadImageNotifyRoutine[8] = {NULL};
LIST_ENTRY KeBugCheckCallbackListHead = {&KeBugCheckCallbackListHead, &KeBugCheckCallbackListHead};
LIST_ENTRY KeBugCheckReasonCallbackListHead = {&KeBugCheckReasonCallbackListHead,
                                               &KeBugCheckReasonCallbackListHead};

/* Processor 0's KPCR. A section of its own, behind all others: lld 14 gives every address in the
 * last section with public symbols to the last of them. */
__attribute__((section("INITKDBG"))) UCHAR KiInitialPCR[LAB_PCR_SIZE] = {1};

__attribute__((noinline)) VOID NTAPI DbgBreakPointWithStatus(ULONG Status) {
    (void)Status;
    __debugbreak();
}

__attribute__((noinline)) VOID NTAPI KeBugCheckEx(ULONG Code, ULONG_PTR First, ULONG_PTR Second,
                                                  ULONG_PTR Third, ULONG_PTR Fourth) {
    KiBugCheckData[0] = Code;
    KiBugCheckData[1] = First;
    KiBugCheckData[2] = Second;
    KiBugCheckData[3] = Third;
    KiBugCheckData[4] = Fourth;
    for (;;)
        DbgBreakPointWithStatus(3);
}

__attribute__((noinline)) VOID NTAPI PspSystemThreadStartup(VOID(NTAPI *StartRoutine)(PVOID),
                                                            PVOID StartContext) {
    StartRoutine(StartContext);
    KeBugCheckEx(0xE2, 0, 0, 0, 0);
}

/* ntoskrnl's own two callbacks: registry tracing, and the virtual registry of silos. */
#define MaxRegNtNotifyClass 51
ULONG EtwpRegTraceEvents[MaxRegNtNotifyClass] = {0};

PAGED_CODE_SECTION NTSTATUS NTAPI EtwpRegTraceCallback(PVOID Context, PVOID NotifyClass,
                                                       PVOID Argument) {
    ULONG Class = (ULONG)(ULONG_PTR)NotifyClass;
    (void)Context, (void)Argument;
    if (Class < MaxRegNtNotifyClass)
        __sync_fetch_and_add(&EtwpRegTraceEvents[Class], 1);
    return STATUS_SUCCESS;
}

ULONG VrpNumActiveSilos = 0;

PAGED_CODE_SECTION NTSTATUS NTAPI VrpRegistryCallback(PVOID Context, PVOID NotifyClass,
                                                      PVOID Argument) {
    (void)Context, (void)NotifyClass;
    return VrpNumActiveSilos && !Argument ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

__attribute__((noinline)) VOID NTAPI KiIdleLoop(VOID) {
    for (;;)
        YIELD_PROCESSOR();
}

INIT_SECTION VOID NTAPI KiSystemStartup(PVOID LoaderBlock) {
    KeLoaderBlock = LoaderBlock;
    CmpInitCallbacks();
    KiIdleLoop();
}

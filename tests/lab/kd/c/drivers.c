/* Loading and unloading drivers whose images are in memory already. */
#include "live.h"
#include "debug_service.h"
#include "operation.h"

#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)

typedef NTSTATUS(NTAPI *PDRIVER_INITIALIZE)(DRIVER_OBJECT *DriverObject,
                                            UNICODE_STRING *RegistryPath);

/* Of public PDBs (10240), as it has been since XP; the rest is not needed here. */
typedef struct _KLDR_DATA_TABLE_ENTRY {
    LIST_ENTRY InLoadOrderLinks;
    PVOID ExceptionTable;
    ULONG ExceptionTableSize;
    PVOID GpValue, NonPagedDebugInfo, DllBase;
    PDRIVER_INITIALIZE EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName, BaseDllName;
    ULONG Flags;
    USHORT LoadCount, SignatureInfo;
    PVOID SectionPointer;
    ULONG CheckSum;
} KLDR_DATA_TABLE_ENTRY;

extern LIST_ENTRY PsLoadedModuleList;
static ULONG_PTR PsLoadedModuleLock;

static VOID TellDebugger(ULONG Service, const KLDR_DATA_TABLE_ENTRY *Entry) {
    KD_SYMBOLS_INFO Symbols = {
        .BaseOfDll = Entry->DllBase,
        .ProcessId = (PVOID)-1,
        .CheckSum = Entry->CheckSum,
        .SizeOfImage = Entry->SizeOfImage,
    };
    DebugService(Service, &Entry->FullDllName, &Symbols);
}

static VOID LinkModule(LIST_ENTRY *Entry) {
    Acquire(&PsLoadedModuleLock);
    Entry->Flink = &PsLoadedModuleList;
    Entry->Blink = PsLoadedModuleList.Blink;
    Entry->Blink->Flink = Entry;
    PsLoadedModuleList.Blink = Entry;
    Release(&PsLoadedModuleLock);
}

static VOID UnlinkModule(LIST_ENTRY *Entry) {
    Acquire(&PsLoadedModuleLock);
    Entry->Blink->Flink = Entry->Flink;
    Entry->Flink->Blink = Entry->Blink;
    Release(&PsLoadedModuleLock);
}

PAGED_CODE_SECTION NTSTATUS IopLoadDriver(DRIVER *Driver) {
    KLDR_DATA_TABLE_ENTRY *Entry = Driver->LoadedModule;
    LinkModule(&Entry->InLoadOrderLinks);
    TellDebugger(BREAKPOINT_LOAD_SYMBOLS, Entry);
    NTSTATUS Status = Entry->EntryPoint(&Driver->Object, Driver->RegistryPath);
    if (!NT_SUCCESS(Status)) {
        TellDebugger(BREAKPOINT_UNLOAD_SYMBOLS, Entry);
        UnlinkModule(&Entry->InLoadOrderLinks);
    }
    return Status;
}

PAGED_CODE_SECTION NTSTATUS IopUnloadDriver(DRIVER *Driver) {
    if (!Driver->Object.DriverUnload)
        return STATUS_INVALID_DEVICE_REQUEST;
    Driver->Object.DriverUnload(&Driver->Object);
    TellDebugger(BREAKPOINT_UNLOAD_SYMBOLS, Driver->LoadedModule);
    UnlinkModule(&Driver->LoadedModule->InLoadOrderLinks);
    return STATUS_SUCCESS;
}

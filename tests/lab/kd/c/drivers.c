/* Loading and unloading drivers whose images are in memory already. */
#include "live.h"
#include "debug_service.h"
#include "operation.h"

#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)

typedef NTSTATUS(NTAPI *PDRIVER_INITIALIZE)(DRIVER_OBJECT *DriverObject,
                                            UNICODE_STRING *RegistryPath);

extern LIST_ENTRY PsLoadedModuleList;
static ULONG_PTR PsLoadedModuleLock;

static VOID TellDebugger(ULONG Service, PVOID Entry) {
    KD_SYMBOLS_INFO Symbols = {
        .BaseOfDll = FIELD(PVOID, Entry, OFFSET_KLDR_DATA_TABLE_ENTRY_DllBase),
        .ProcessId = (PVOID)-1,
        .CheckSum = FIELD(ULONG, Entry, OFFSET_KLDR_DATA_TABLE_ENTRY_CheckSum),
        .SizeOfImage = FIELD(ULONG, Entry, OFFSET_KLDR_DATA_TABLE_ENTRY_SizeOfImage),
    };
    DebugService(Service, &FIELD(UNICODE_STRING, Entry, OFFSET_KLDR_DATA_TABLE_ENTRY_FullDllName),
                 &Symbols);
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
    PVOID Entry = Driver->LoadedModule;
    PDRIVER_INITIALIZE Initialize =
        FIELD(PDRIVER_INITIALIZE, Entry, OFFSET_KLDR_DATA_TABLE_ENTRY_EntryPoint);
    LinkModule(Entry);
    TellDebugger(BREAKPOINT_LOAD_SYMBOLS, Entry);
    NTSTATUS Status = Initialize(&Driver->Object, Driver->RegistryPath);
    if (!NT_SUCCESS(Status)) {
        TellDebugger(BREAKPOINT_UNLOAD_SYMBOLS, Entry);
        UnlinkModule(Entry);
    }
    return Status;
}

PAGED_CODE_SECTION NTSTATUS IopUnloadDriver(DRIVER *Driver) {
    if (!Driver->Object.DriverUnload)
        return STATUS_INVALID_DEVICE_REQUEST;
    Driver->Object.DriverUnload(&Driver->Object);
    TellDebugger(BREAKPOINT_UNLOAD_SYMBOLS, Driver->LoadedModule);
    UnlinkModule(Driver->LoadedModule);
    return STATUS_SUCCESS;
}

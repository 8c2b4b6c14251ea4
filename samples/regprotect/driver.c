#include "config.h"
#include "reghook.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD DriverUnload;

static REGPROTECT_CONFIG DriverConfig;

PAGED_CODE_SEG
_Use_decl_annotations_
static VOID
NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    PAGED_CODE();

    StopRegHook();
    FreeConfig(&DriverConfig);
}

INIT_CODE_SEG
_Use_decl_annotations_
NTSTATUS
NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    PAGED_CODE();

    Status = LoadConfig(RegistryPath, &DriverConfig);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = StartRegHook(DriverObject, &DriverConfig.Altitude, &DriverConfig.Policy);
    if (!NT_SUCCESS(Status)) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "regprotect: no callback at altitude %wZ: 0x%08lX\n",
                   &DriverConfig.Altitude, Status);
        FreeConfig(&DriverConfig);
        return Status;
    }
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}

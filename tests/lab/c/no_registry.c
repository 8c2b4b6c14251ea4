/* What samples/regprotect imports of the configuration manager, where there is no registry.
 *
 * A kernel that runs has ../kd/c/ in its place.
 */
#include "nt.h"

#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define KernelMode 0

ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, const char *Format, ...) {
    (void)ComponentId, (void)Level, (void)Format;
    return STATUS_SUCCESS;
}

UCHAR NTAPI ExGetPreviousMode(VOID) {
    return KernelMode;
}

NTSTATUS NTAPI ZwOpenKey(PVOID *KeyHandle, ULONG DesiredAccess, PVOID ObjectAttributes) {
    (void)DesiredAccess, (void)ObjectAttributes;
    *KeyHandle = NULL;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NTAPI ZwQueryValueKey(PVOID KeyHandle, const UNICODE_STRING *ValueName, ULONG Class,
                               PVOID Information, ULONG Length, ULONG *ResultLength) {
    (void)KeyHandle, (void)ValueName, (void)Class, (void)Information, (void)Length;
    *ResultLength = 0;
    return STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI ZwClose(PVOID Handle) {
    return Handle ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(LONGLONG *Cookie, PVOID Object, ULONG_PTR *ObjectId,
                                          const UNICODE_STRING **ObjectName, ULONG Flags) {
    (void)Cookie, (void)ObjectId, (void)Flags;
    *ObjectName = NULL;
    return Object ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_INVALID_PARAMETER;
}

VOID NTAPI CmCallbackReleaseKeyObjectIDEx(const UNICODE_STRING *ObjectName) {
    ExFreePoolWithTag((PVOID)ObjectName, 0x624E4D43 /* 'CMNb' */);
}

/* A driver with one registry callback.
 *
 * CALLBACK names it, ALTITUDE is a wide string (absent: CmRegisterCallback, without altitude),
 * LINKAGE is empty or `static`.
 */
#include "ntdef.h"

static LONGLONG g_Cookie;
static PVOID g_ProtectedKeys[8];

static BOOLEAN IsProtected(PVOID Key) {
    for (ULONG Index = 0; Index < 8; Index++)
        if (g_ProtectedKeys[Index] == Key)
            return TRUE;
    return FALSE;
}

PAGED_CODE_SECTION LINKAGE NTSTATUS NTAPI CALLBACK(PVOID CallbackContext, PVOID Argument1,
                                                   PVOID Argument2) {
    if ((ULONG)(ULONG_PTR)Argument1 == RegNtPreSetValueKey && CallbackContext &&
        IsProtected(*(PVOID *)Argument2))
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

PAGED_CODE_SECTION VOID NTAPI DriverUnload(DRIVER_OBJECT *DriverObject) {
    CmUnRegisterCallback(g_Cookie);
    DriverObject->DriverUnload = NULL;
}

/* A pointer, so that the image has relocations: lld 14 gives every address in the last section of an
 * image to the last public symbol there, and that section has to be .reloc. */
PEX_CALLBACK_FUNCTION g_Callback = CALLBACK;

INIT_SECTION NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *DriverObject, PVOID RegistryPath) {
    (void)RegistryPath;
    DriverObject->DriverUnload = DriverUnload;
#ifdef ALTITUDE
    static WCHAR Text[] = ALTITUDE;
    UNICODE_STRING Altitude = {sizeof(Text) - 2, sizeof(Text), Text};
    return CmRegisterCallbackEx(g_Callback, &Altitude, DriverObject, g_ProtectedKeys, &g_Cookie, NULL);
#else
    return CmRegisterCallback(g_Callback, g_ProtectedKeys, &g_Cookie);
#endif
}

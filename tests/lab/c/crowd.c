/* A driver with 64 registry callbacks, for long lists. */
#include "ntdef.h"

#define CROWD(number)                                                                            \
    PAGED_CODE_SECTION NTSTATUS NTAPI CrowdCallback##number(PVOID Context, PVOID NotifyClass,    \
                                                            PVOID Argument) {                    \
        return NotifyClass && Context == Argument ? 0x1##number : STATUS_SUCCESS;                \
    }
#define EIGHT(tens)                                                                              \
    CROWD(tens##0) CROWD(tens##1) CROWD(tens##2) CROWD(tens##3)                                  \
    CROWD(tens##4) CROWD(tens##5) CROWD(tens##6) CROWD(tens##7)

EIGHT(0) EIGHT(1) EIGHT(2) EIGHT(3) EIGHT(4) EIGHT(5) EIGHT(6) EIGHT(7)

/* A pointer, so that the image has relocations: lld 14 gives every address in the last section of an
 * image to the last public symbol there, and that section has to be .reloc. */
PEX_CALLBACK_FUNCTION g_Callback = CALLBACK;

INIT_SECTION NTSTATUS NTAPI DriverEntry(PVOID DriverObject, PVOID RegistryPath) {
    (void)RegistryPath;
    static LONGLONG Cookie;
#ifdef ALTITUDE
    static WCHAR Text[] = ALTITUDE;
    UNICODE_STRING Altitude = {sizeof(Text) - 2, sizeof(Text), Text};
    return CmRegisterCallbackEx(g_Callback, &Altitude, DriverObject, NULL, &Cookie, NULL);
#else
    (void)DriverObject;
    return CmRegisterCallback(g_Callback, NULL, &Cookie);
#endif
}

/* What samples/regprotect imports beyond the callbacks: strings, and a registry with nothing in it.
 *
 * Names fold as ASCII does; that is all that the lab's own names need.
 */
#include "nt.h"

#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define KernelMode 0

PVOID memset(PVOID Target, int Value, SIZE_T Count) {
    volatile UCHAR *Byte = Target;
    while (Count--)
        *Byte++ = (UCHAR)Value;
    return Target;
}

PVOID memcpy(PVOID Target, const VOID *Source, SIZE_T Count) {
    volatile UCHAR *Byte = Target;
    const UCHAR *From = Source;
    while (Count--)
        *Byte++ = *From++;
    return Target;
}

static WCHAR Upcase(WCHAR Character) {
    return Character >= 'a' && Character <= 'z' ? Character - 0x20 : Character;
}

BOOLEAN NTAPI RtlPrefixUnicodeString(const UNICODE_STRING *Prefix, const UNICODE_STRING *String,
                                     BOOLEAN IgnoreCase) {
    if (Prefix->Length > String->Length)
        return FALSE;
    for (USHORT Index = 0; Index < Prefix->Length / 2; Index++) {
        WCHAR One = Prefix->Buffer[Index], Other = String->Buffer[Index];
        if (One != Other && !(IgnoreCase && Upcase(One) == Upcase(Other)))
            return FALSE;
    }
    return TRUE;
}

BOOLEAN NTAPI RtlEqualUnicodeString(const UNICODE_STRING *First, const UNICODE_STRING *Second,
                                    BOOLEAN IgnoreCase) {
    return First->Length == Second->Length && RtlPrefixUnicodeString(First, Second, IgnoreCase);
}

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

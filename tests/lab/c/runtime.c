/* Memory and strings, as far as samples/regprotect imports them.
 *
 * Names fold as ASCII does; that is all that the lab's own names need.
 */
#include "nt.h"

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

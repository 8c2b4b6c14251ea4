/* CmCallbackGetKeyObjectIDEx: what a key object is called. */
#include "live.h"

#define TAG_NAME 0x624E4D43 /* 'CMNb' */
#define KEY_BODY_TYPE 0x6B793032

PAGED_CODE_SECTION NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(LONGLONG *Cookie, PVOID Object,
                                                             ULONG_PTR *ObjectId,
                                                             const UNICODE_STRING **ObjectName,
                                                             ULONG Flags) {
    (void)Cookie, (void)Flags;
    *ObjectName = NULL;
    if (!Object || FIELD(ULONG, Object, OFFSET_CM_KEY_BODY_Type) != KEY_BODY_TYPE)
        return STATUS_INVALID_PARAMETER;
    PVOID Kcb = FIELD(PVOID, Object, OFFSET_CM_KEY_BODY_KeyControlBlock);
    if (ObjectId)
        *ObjectId = (ULONG_PTR)Kcb;
    UNICODE_STRING *Full = FIELD(UNICODE_STRING *, Kcb, OFFSET_CM_KEY_CONTROL_BLOCK_FullKCBName);
    if (!Full)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    UNICODE_STRING *Copy =
        ExAllocatePoolWithTag(PagedPool, sizeof(*Copy) + Full->Length, TAG_NAME);
    if (!Copy)
        return STATUS_INSUFFICIENT_RESOURCES;
    Copy->Length = Copy->MaximumLength = Full->Length;
    Copy->Buffer = (WCHAR *)(Copy + 1);
    memcpy(Copy->Buffer, Full->Buffer, Full->Length);
    *ObjectName = Copy;
    return STATUS_SUCCESS;
}

VOID NTAPI CmCallbackReleaseKeyObjectIDEx(const UNICODE_STRING *ObjectName) {
    ExFreePoolWithTag((PVOID)ObjectName, TAG_NAME);
}

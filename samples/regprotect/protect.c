#include "protect.h"

/*
 * A handle with any of these can change the key. MAXIMUM_ALLOWED may come to include them. Generic
 * rights are mapped before the notification is sent; they are here for whoever calls the function
 * with an unmapped mask.
 */
#define KEY_WRITE_ACCESS                                                                   \
    (KEY_SET_VALUE | KEY_CREATE_SUB_KEY | KEY_CREATE_LINK | DELETE | WRITE_DAC |           \
     WRITE_OWNER | MAXIMUM_ALLOWED | GENERIC_WRITE | GENERIC_ALL)

typedef enum _PROTECT_SCOPE {
    ProtectNothing,
    ProtectKeyAndBelow,
    ProtectKeyAndAncestors  /* and below: the operation moves or replaces the whole subtree */
} PROTECT_SCOPE;

typedef enum _PATH_RELATION {
    PathElsewhere,
    PathSameOrBelow,
    PathAbove
} PATH_RELATION;

PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static PROTECT_SCOPE
ScopeOfOperation(_In_ REG_NOTIFY_CLASS Class, _In_ ACCESS_MASK DesiredAccess)
{
    PAGED_CODE();

    switch (Class) {
    case RegNtPreOpenKeyEx:
        return (DesiredAccess & KEY_WRITE_ACCESS) != 0 ? ProtectKeyAndBelow : ProtectNothing;

    case RegNtPreCreateKeyEx:
    case RegNtPreSetValueKey:
    case RegNtPreDeleteValueKey:
    case RegNtPreDeleteKey:
    case RegNtPreSetKeySecurity:
        return ProtectKeyAndBelow;

    /*
     * Not the ancestors: a user's hive is loaded and unloaded at logon and logoff, and a protected
     * key inside it must not keep the user out.
     */
    case RegNtPreLoadKey:
    case RegNtPreUnLoadKey:
        return ProtectKeyAndBelow;

    case RegNtPreRenameKey:
    case RegNtPreRestoreKey:
    case RegNtPreReplaceKey:
        return ProtectKeyAndAncestors;

    default:
        return ProtectNothing;
    }
}

/*
 * Moves the first component of Rest to Component; FALSE when none is left. Backslashes at either
 * end and runs of them separate nothing: "\A\\B\" is A, B, so that no spelling escapes the
 * comparison.
 */
PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static BOOLEAN
NextComponent(_Inout_ PUNICODE_STRING Rest, _Out_ PUNICODE_STRING Component)
{
    USHORT Count = (USHORT)(Rest->Length / sizeof(WCHAR));
    USHORT Start = 0;
    USHORT End;

    PAGED_CODE();

    while (Start < Count && Rest->Buffer[Start] == L'\\') {
        Start++;
    }
    End = Start;
    while (End < Count && Rest->Buffer[End] != L'\\') {
        End++;
    }

    Component->Buffer = Rest->Buffer + Start;
    Component->Length = (USHORT)((End - Start) * sizeof(WCHAR));
    Component->MaximumLength = Component->Length;
    Rest->Buffer += End;
    Rest->Length = (USHORT)((Count - End) * sizeof(WCHAR));
    return Component->Length != 0;
}

PAGED_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static PATH_RELATION
RelatePath(_In_ PCUNICODE_STRING Path, _In_ PCUNICODE_STRING Key)
{
    UNICODE_STRING PathRest = *Path;
    UNICODE_STRING KeyRest = *Key;
    UNICODE_STRING PathComponent;
    UNICODE_STRING KeyComponent;

    PAGED_CODE();

    while (NextComponent(&KeyRest, &KeyComponent)) {
        if (!NextComponent(&PathRest, &PathComponent)) {
            return PathAbove;
        }
        if (!RtlEqualUnicodeString(&PathComponent, &KeyComponent, TRUE)) {
            return PathElsewhere;
        }
    }
    return PathSameOrBelow;
}

PAGED_CODE_SEG
_Use_decl_annotations_
BOOLEAN
OperationIsGuarded(REG_NOTIFY_CLASS Class, KPROCESSOR_MODE RequestorMode, ACCESS_MASK DesiredAccess)
{
    PAGED_CODE();

    return RequestorMode != KernelMode &&
           ScopeOfOperation(Class, DesiredAccess) != ProtectNothing;
}

PAGED_CODE_SEG
_Use_decl_annotations_
NTSTATUS
DecideOperation(
    const PROTECT_POLICY *Policy,
    REG_NOTIFY_CLASS Class,
    PCUNICODE_STRING KeyPath,
    KPROCESSOR_MODE RequestorMode,
    ACCESS_MASK DesiredAccess)
{
    BOOLEAN AncestorsToo;
    ULONG Index;

    PAGED_CODE();

    if (!OperationIsGuarded(Class, RequestorMode, DesiredAccess)) {
        return STATUS_SUCCESS;
    }
    AncestorsToo = ScopeOfOperation(Class, DesiredAccess) == ProtectKeyAndAncestors;

    for (Index = 0; Index < Policy->KeyCount; Index++) {
        PATH_RELATION Relation = RelatePath(KeyPath, &Policy->Keys[Index]);

        if (Relation == PathSameOrBelow || (Relation == PathAbove && AncestorsToo)) {
            return Policy->DenyStatus;
        }
    }
    return STATUS_SUCCESS;
}

#include "operation.h"

PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static BOOLEAN
IsAbsoluteName(_In_opt_ PCUNICODE_STRING Name)
{
    PAGED_CODE();

    return Name != NULL && Name->Length >= sizeof(WCHAR) && Name->Buffer[0] == L'\\';
}

/* A name that may be absolute, in which case the root is of no account. */
PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static VOID
SetTarget(
    _Inout_ REG_OPERATION *Operation,
    _In_opt_ PVOID RootObject,
    _In_opt_ PCUNICODE_STRING Name)
{
    PAGED_CODE();

    Operation->RootObject = IsAbsoluteName(Name) ? NULL : RootObject;
    Operation->Name = Name;
}

/*
 * REG_CREATE_KEY_INFORMATION and REG_OPEN_KEY_INFORMATION are one structure. Windows 7 and later
 * send its V1; the version number tells, not the system's. RemainingName is below RootObject even
 * if it were to start with a backslash; CompleteName may be absolute.
 */
PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static VOID
DescribeCreateOrOpen(
    _Inout_ REG_OPERATION *Operation,
    _In_ const REG_CREATE_KEY_INFORMATION_V1 *Information)
{
    PAGED_CODE();

    Operation->DesiredAccess = Information->DesiredAccess;
    if (Information->Version == 0) {
        SetTarget(Operation, Information->RootObject, Information->CompleteName);
        return;
    }

    /* A driver that opens with OBJ_FORCE_ACCESS_CHECK asks to be treated as its user. */
    Operation->RequestorMode = Information->CheckAccessMode;
    if (Information->RootObject == NULL) {
        SetTarget(Operation, NULL, Information->CompleteName);
    } else {
        Operation->RootObject = Information->RootObject;
        Operation->Name = Information->RemainingName;
    }
}

PAGED_CODE_SEG
_Use_decl_annotations_
BOOLEAN
DescribeOperation(REG_NOTIFY_CLASS Class, PVOID Information, REG_OPERATION *Operation)
{
    PAGED_CODE();

    RtlZeroMemory(Operation, sizeof(*Operation));
    Operation->Class = Class;
    Operation->RequestorMode = ExGetPreviousMode();

    switch (Class) {
    case RegNtPreCreateKeyEx:
    case RegNtPreOpenKeyEx:
        DescribeCreateOrOpen(Operation, Information);
        return TRUE;

    case RegNtPreSetValueKey:
        Operation->RootObject = ((PREG_SET_VALUE_KEY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreDeleteValueKey:
        Operation->RootObject = ((PREG_DELETE_VALUE_KEY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreDeleteKey:
        Operation->RootObject = ((PREG_DELETE_KEY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreRenameKey: {
        PREG_RENAME_KEY_INFORMATION Rename = Information;

        Operation->RootObject = Rename->Object;
        Operation->NewName = Rename->NewName;
        return TRUE;
    }

    case RegNtPreSetKeySecurity:
        Operation->RootObject = ((PREG_SET_KEY_SECURITY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreLoadKey: {
        PREG_LOAD_KEY_INFORMATION Load = Information;

        SetTarget(Operation, Load->Object, Load->KeyName);
        return TRUE;
    }

    case RegNtPreUnLoadKey:
        Operation->RootObject = ((PREG_UNLOAD_KEY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreRestoreKey:
        Operation->RootObject = ((PREG_RESTORE_KEY_INFORMATION)Information)->Object;
        return TRUE;

    case RegNtPreReplaceKey:
        Operation->RootObject = ((PREG_REPLACE_KEY_INFORMATION)Information)->Object;
        return TRUE;

    default:
        return FALSE;
    }
}

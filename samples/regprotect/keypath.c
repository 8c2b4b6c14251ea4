#include "keypath.h"

static const UNICODE_STRING NoName = {0, 0, NULL};

PAGED_CODE_SEG
_IRQL_requires_max_(APC_LEVEL)
static VOID
AppendText(_Inout_ PUNICODE_STRING Path, _In_ PCUNICODE_STRING Text)
{
    PAGED_CODE();

    if (Text->Length != 0) {
        RtlCopyMemory((PUCHAR)Path->Buffer + Path->Length, Text->Buffer, Text->Length);
        Path->Length = (USHORT)(Path->Length + Text->Length);
    }
}

/* Parent '\' Name, or Parent alone when Name is empty. */
PAGED_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(APC_LEVEL)
static NTSTATUS
JoinNames(
    _In_ PCUNICODE_STRING Parent,
    _In_ PCUNICODE_STRING Name,
    _Out_ PUNICODE_STRING Path)
{
    static const UNICODE_STRING Separator = RTL_CONSTANT_STRING(L"\\");
    ULONG Size = (ULONG)Parent->Length + Name->Length;

    PAGED_CODE();

    *Path = NoName;
    if (Name->Length != 0) {
        Size += Separator.Length;
    }
    if (Size > UNICODE_STRING_MAX_BYTES) {
        return STATUS_NAME_TOO_LONG;
    }
    if (Size == 0) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }

    /* Not ExAllocatePool2, which is Windows 10 2004 and later. */
    Path->Buffer = ExAllocatePoolUninitialized(PagedPool, Size, REGPROTECT_POOL_TAG);
    if (Path->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Path->MaximumLength = (USHORT)Size;

    AppendText(Path, Parent);
    if (Name->Length != 0) {
        AppendText(Path, &Separator);
        AppendText(Path, Name);
    }
    return STATUS_SUCCESS;
}

PAGED_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(APC_LEVEL)
static NTSTATUS
CopyAbsoluteName(_In_ PCUNICODE_STRING Name, _Out_ PUNICODE_STRING Path)
{
    PAGED_CODE();

    *Path = NoName;
    if (Name->Length < sizeof(WCHAR) || Name->Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    return JoinNames(Name, &NoName, Path);
}

/*
 * CmCallbackGetKeyObjectIDEx and not CmCallbackGetKeyObjectID: the latter goes on giving the old
 * name of a key that was renamed, as long as a handle to it is open, and its string cannot be held.
 */
PAGED_CODE_SEG
_Use_decl_annotations_
NTSTATUS
BuildKeyPath(
    PLARGE_INTEGER Cookie,
    PVOID RootObject,
    PCUNICODE_STRING Name,
    PUNICODE_STRING Path)
{
    PCUNICODE_STRING RootPath = NULL;
    NTSTATUS Status;

    PAGED_CODE();

    if (Name == NULL) {
        Name = &NoName;
    }
    if (RootObject == NULL) {
        return CopyAbsoluteName(Name, Path);
    }

    *Path = NoName;
    Status = CmCallbackGetKeyObjectIDEx(Cookie, RootObject, NULL, &RootPath, 0);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = JoinNames(RootPath, Name, Path);
    CmCallbackReleaseKeyObjectIDEx(RootPath);
    return Status;
}

PAGED_CODE_SEG
_Use_decl_annotations_
NTSTATUS
BuildSiblingPath(PCUNICODE_STRING KeyPath, PCUNICODE_STRING Name, PUNICODE_STRING Path)
{
    UNICODE_STRING Parent = *KeyPath;
    USHORT Count = (USHORT)(KeyPath->Length / sizeof(WCHAR));

    PAGED_CODE();

    while (Count != 0 && Parent.Buffer[Count - 1] != L'\\') {
        Count--;
    }
    if (Count != 0) {
        Count--;  /* JoinNames puts it back */
    }
    Parent.Length = (USHORT)(Count * sizeof(WCHAR));
    return JoinNames(&Parent, Name, Path);
}

PAGED_CODE_SEG
_Use_decl_annotations_
VOID
FreeKeyPath(PUNICODE_STRING Path)
{
    PAGED_CODE();

    if (Path->Buffer != NULL) {
        ExFreePoolWithTag(Path->Buffer, REGPROTECT_POOL_TAG);
        *Path = NoName;
    }
}

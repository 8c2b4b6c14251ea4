#include "config.h"

static const UNICODE_STRING DefaultAltitude = RTL_CONSTANT_STRING(L"140000");
static const UNICODE_STRING DefaultKeys[] = {
    RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\SOFTWARE\\RegProtect"),
};

INIT_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
OpenKey(_In_opt_ HANDLE Root, _In_ PCUNICODE_STRING Name, _Out_ PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;

    PAGED_CODE();

    InitializeObjectAttributes(&Attributes, (PUNICODE_STRING)Name,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwOpenKey(Key, KEY_QUERY_VALUE, &Attributes);
}

INIT_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
OpenParameters(_In_ PCUNICODE_STRING RegistryPath, _Out_ PHANDLE Parameters)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Parameters");
    HANDLE Service;
    NTSTATUS Status;

    PAGED_CODE();

    Status = OpenKey(NULL, RegistryPath, &Service);
    if (NT_SUCCESS(Status)) {
        Status = OpenKey(Service, &Name, Parameters);
        ZwClose(Service);
    }
    return Status;
}

/*
 * The value in paged pool, for the caller to free, or NULL with STATUS_SUCCESS when there is none.
 * STATUS_INVALID_PARAMETER when it is of another type.
 */
INIT_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
ReadValue(
    _In_ HANDLE Key,
    _In_ PCUNICODE_STRING Name,
    _In_ ULONG Type,
    _Outptr_result_maybenull_ PKEY_VALUE_PARTIAL_INFORMATION *Value)
{
    KEY_VALUE_PARTIAL_INFORMATION Header;
    PKEY_VALUE_PARTIAL_INFORMATION Buffer;
    ULONG Size;
    NTSTATUS Status;

    PAGED_CODE();

    *Value = NULL;
    Status = ZwQueryValueKey(Key, (PUNICODE_STRING)Name, KeyValuePartialInformation, &Header,
                             sizeof(Header), &Size);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_OVERFLOW) {
        return Status;
    }

    Buffer = ExAllocatePoolUninitialized(PagedPool, Size, REGPROTECT_POOL_TAG);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ZwQueryValueKey(Key, (PUNICODE_STRING)Name, KeyValuePartialInformation, Buffer, Size,
                             &Size);
    if (NT_SUCCESS(Status) && Buffer->Type != Type) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Buffer, REGPROTECT_POOL_TAG);
        return Status;
    }
    *Value = Buffer;
    return STATUS_SUCCESS;
}

/* Digits, with at most one dot among them: 140000, 140000.5. The kernel itself takes any text. */
INIT_CODE_SEG
static BOOLEAN
IsAltitude(_In_ PCUNICODE_STRING Text)
{
    ULONG Count = Text->Length / (ULONG)sizeof(WCHAR);
    BOOLEAN SeenDot = FALSE;
    ULONG Index;

    PAGED_CODE();

    for (Index = 0; Index < Count; Index++) {
        WCHAR Character = Text->Buffer[Index];

        if (Character == L'.' && !SeenDot && Index != 0) {
            SeenDot = TRUE;
        } else if (Character < L'0' || Character > L'9') {
            return FALSE;
        }
    }
    return Count != 0;
}

INIT_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
ReadAltitude(_In_ HANDLE Parameters, _Inout_ REGPROTECT_CONFIG *Config)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Altitude");
    PKEY_VALUE_PARTIAL_INFORMATION Value;
    UNICODE_STRING Text;
    ULONG Count;
    NTSTATUS Status;

    PAGED_CODE();

    Status = ReadValue(Parameters, &Name, REG_SZ, &Value);
    if (!NT_SUCCESS(Status) || Value == NULL) {
        return Status;
    }
    Config->AltitudeValue = Value;

    Text.Buffer = (PWCHAR)Value->Data;
    Count = Value->DataLength / (ULONG)sizeof(WCHAR);
    while (Count != 0 && Text.Buffer[Count - 1] == UNICODE_NULL) {
        Count--;
    }
    if (Count > UNICODE_STRING_MAX_BYTES / sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    Text.Length = (USHORT)(Count * sizeof(WCHAR));
    Text.MaximumLength = Text.Length;
    if (!IsAltitude(&Text)) {
        return STATUS_INVALID_PARAMETER;
    }
    Config->Altitude = Text;
    return STATUS_SUCCESS;
}

/*
 * A success would not refuse anything. STATUS_CALLBACK_BYPASS would make the kernel report success
 * for an operation that nobody did, and hand out a key object that nobody made.
 */
INIT_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
ReadStatus(_In_ HANDLE Parameters, _Inout_ REGPROTECT_CONFIG *Config)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Status");
    PKEY_VALUE_PARTIAL_INFORMATION Value;
    NTSTATUS DenyStatus = STATUS_SUCCESS;
    NTSTATUS Status;

    PAGED_CODE();

    Status = ReadValue(Parameters, &Name, REG_DWORD, &Value);
    if (!NT_SUCCESS(Status) || Value == NULL) {
        return Status;
    }
    if (Value->DataLength == sizeof(DenyStatus)) {
        RtlCopyMemory(&DenyStatus, Value->Data, sizeof(DenyStatus));
    }
    ExFreePoolWithTag(Value, REGPROTECT_POOL_TAG);

    if (NT_SUCCESS(DenyStatus) || DenyStatus == STATUS_CALLBACK_BYPASS) {
        return STATUS_INVALID_PARAMETER;
    }
    Config->Policy.DenyStatus = DenyStatus;
    return STATUS_SUCCESS;
}

/*
 * The next text between Cursor and End, and Cursor behind it; FALSE when none is left. A
 * REG_MULTI_SZ is whatever its writer made it: the last NUL, or both, may be missing.
 */
INIT_CODE_SEG
static BOOLEAN
NextText(_Inout_ PWCHAR *Cursor, _In_ PWCHAR End, _Out_ PWCHAR *Text)
{
    PAGED_CODE();

    while (*Cursor < End && **Cursor == UNICODE_NULL) {
        (*Cursor)++;
    }
    *Text = *Cursor;
    while (*Cursor < End && **Cursor != UNICODE_NULL) {
        (*Cursor)++;
    }
    return *Cursor != *Text;
}

/*
 * Count characters at Text as a key to protect; FALSE when they are not the path of a key below
 * \REGISTRY.
 */
INIT_CODE_SEG
static BOOLEAN
ParseKey(_In_reads_(Count) PWCHAR Text, _In_ SIZE_T Count, _Out_ PUNICODE_STRING Key)
{
    static const UNICODE_STRING Root = RTL_CONSTANT_STRING(L"\\REGISTRY\\");
    SIZE_T Index;

    PAGED_CODE();

    if (Count > UNICODE_STRING_MAX_BYTES / sizeof(WCHAR)) {
        return FALSE;
    }
    Key->Buffer = Text;
    Key->Length = (USHORT)(Count * sizeof(WCHAR));
    Key->MaximumLength = Key->Length;
    if (!RtlPrefixUnicodeString(&Root, Key, TRUE)) {
        return FALSE;
    }
    for (Index = Root.Length / sizeof(WCHAR); Index < Count; Index++) {
        if (Text[Index] != L'\\') {
            return TRUE;
        }
    }
    return FALSE;
}

INIT_CODE_SEG
static ULONG
CountTexts(_In_ PWCHAR Cursor, _In_ PWCHAR End)
{
    ULONG Count = 0;
    PWCHAR Text;

    PAGED_CODE();

    while (NextText(&Cursor, End, &Text)) {
        Count++;
    }
    return Count;
}

INIT_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
ReadProtectedKeys(_In_ HANDLE Parameters, _Inout_ REGPROTECT_CONFIG *Config)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"ProtectedKeys");
    PKEY_VALUE_PARTIAL_INFORMATION Value;
    PUNICODE_STRING Keys;
    PWCHAR Cursor;
    PWCHAR End;
    PWCHAR Text;
    ULONG Count;
    ULONG Index;
    NTSTATUS Status;

    PAGED_CODE();

    Status = ReadValue(Parameters, &Name, REG_MULTI_SZ, &Value);
    if (!NT_SUCCESS(Status) || Value == NULL) {
        return Status;
    }
    Config->ProtectedKeysValue = Value;

    Cursor = (PWCHAR)Value->Data;
    End = Cursor + Value->DataLength / sizeof(WCHAR);
    Count = CountTexts(Cursor, End);
    if (Count == 0) {
        Config->Policy.KeyCount = 0;
        return STATUS_SUCCESS;
    }

    Keys = ExAllocatePoolUninitialized(PagedPool, Count * sizeof(*Keys), REGPROTECT_POOL_TAG);
    if (Keys == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Config->KeyArray = Keys;
    for (Index = 0; Index < Count; Index++) {
        (VOID)NextText(&Cursor, End, &Text);
        if (!ParseKey(Text, (SIZE_T)(Cursor - Text), &Keys[Index])) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    Config->Policy.Keys = Keys;
    Config->Policy.KeyCount = Count;
    return STATUS_SUCCESS;
}

INIT_CODE_SEG
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS
ReadParameters(_In_ HANDLE Parameters, _Inout_ REGPROTECT_CONFIG *Config)
{
    NTSTATUS Status;

    PAGED_CODE();

    Status = ReadAltitude(Parameters, Config);
    if (NT_SUCCESS(Status)) {
        Status = ReadStatus(Parameters, Config);
    }
    if (NT_SUCCESS(Status)) {
        Status = ReadProtectedKeys(Parameters, Config);
    }
    return Status;
}

INIT_CODE_SEG
_Use_decl_annotations_
NTSTATUS
LoadConfig(PCUNICODE_STRING RegistryPath, REGPROTECT_CONFIG *Config)
{
    HANDLE Parameters;
    NTSTATUS Status;

    PAGED_CODE();

    RtlZeroMemory(Config, sizeof(*Config));
    Config->Altitude = DefaultAltitude;
    Config->Policy.DenyStatus = STATUS_ACCESS_DENIED;
    Config->Policy.Keys = DefaultKeys;
    Config->Policy.KeyCount = ARRAYSIZE(DefaultKeys);

    Status = OpenParameters(RegistryPath, &Parameters);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ReadParameters(Parameters, Config);
    ZwClose(Parameters);
    if (!NT_SUCCESS(Status)) {
        FreeConfig(Config);
    }
    return Status;
}

PAGED_CODE_SEG
_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID
FreeValue(_Inout_ PVOID *Value)
{
    PAGED_CODE();

    if (*Value != NULL) {
        ExFreePoolWithTag(*Value, REGPROTECT_POOL_TAG);
        *Value = NULL;
    }
}

PAGED_CODE_SEG
_Use_decl_annotations_
VOID
FreeConfig(REGPROTECT_CONFIG *Config)
{
    PAGED_CODE();

    Config->Policy.KeyCount = 0;
    FreeValue(&Config->KeyArray);
    FreeValue(&Config->ProtectedKeysValue);
    FreeValue(&Config->AltitudeValue);
}

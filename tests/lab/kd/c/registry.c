/* The registry's system services, as far as callbacks see them. There is no hive behind them: what
 * no callback refuses succeeds. A handle is the address of the key object. */
#include "live.h"
#include "operation.h"
#include "notification_types.h"

#define REG_OPENED_EXISTING_KEY 2
#define WRITE_DAC 0x40000

UCHAR NTAPI ExGetPreviousMode(VOID) {
    return FIELD(UCHAR, KeGetCurrentThread(), OFFSET_KTHREAD_PreviousMode);
}

#if LAB_BUILD >= 15063
#define CALL_CALLBACKS(NotifyClass, Information, ...)                                              \
    CmpCallCallBacksEx(NotifyClass, Information, NULL, __VA_ARGS__)
#else
#define CALL_CALLBACKS CmpCallCallBacks
#endif

/* Tells the callbacks what became of an operation; what its caller gets. */
PAGED_CODE_SECTION static NTSTATUS CmPostCallbackNotification(ULONG PostClass, PVOID Object,
                                                              NTSTATUS Status,
                                                              PVOID PreInformation,
                                                              LIST_ENTRY *Calls) {
    REG_POST_OPERATION_INFORMATION Information = {
        .Object = Object,
        .Status = Status,
        .PreInformation = PreInformation,
        .ReturnStatus = Status,
    };
    CALL_CALLBACKS(PostClass, &Information, FALSE, PostClass, Object, Calls);
    return Information.ReturnStatus;
}

/* What the callbacks say of an operation before it begins: nobody is asked where there are none. */
static NTSTATUS Ask(ULONG NotifyClass, ULONG PostClass, PVOID Information, PVOID Key,
                    LIST_ENTRY *Calls) {
    if (!CmpCallBackCount)
        return STATUS_SUCCESS;
    return CALL_CALLBACKS(NotifyClass, Information, TRUE, PostClass, Key, Calls);
}

/* Tells the callbacks before and after an operation that always succeeds. */
static NTSTATUS Notify(ULONG NotifyClass, ULONG PostClass, PVOID Information, PVOID Key) {
    LIST_ENTRY Calls = {&Calls, &Calls};
    NTSTATUS Status = Ask(NotifyClass, PostClass, Information, Key, &Calls);
    if (Status == STATUS_CALLBACK_BYPASS)
        return STATUS_SUCCESS;
    if (!NT_SUCCESS(Status))
        return Status;
    return CmPostCallbackNotification(PostClass, Key, STATUS_SUCCESS, Information, &Calls);
}

PAGED_CODE_SECTION NTSTATUS NtSetValueKey(PVOID Key, UNICODE_STRING *ValueName, ULONG TitleIndex,
                                          ULONG Type, PVOID Data, ULONG DataSize) {
    REG_SET_VALUE_KEY_INFORMATION Information = {
        .Object = Key,
        .ValueName = ValueName,
        .TitleIndex = TitleIndex,
        .Type = Type,
        .Data = Data,
        .DataSize = DataSize,
    };
    return Notify(RegNtPreSetValueKey, RegNtPostDeleteKey + RegNtPreSetValueKey, &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtDeleteValueKey(PVOID Key, UNICODE_STRING *ValueName) {
    REG_DELETE_VALUE_KEY_INFORMATION Information = {.Object = Key, .ValueName = ValueName};
    return Notify(RegNtPreDeleteValueKey, RegNtPostDeleteKey + RegNtPreDeleteValueKey,
                  &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtDeleteKey(PVOID Key) {
    REG_DELETE_KEY_INFORMATION Information = {.Object = Key};
    return Notify(RegNtPreDeleteKey, RegNtPostDeleteKey, &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtFlushKey(PVOID Key) {
    REG_FLUSH_KEY_INFORMATION Information = {.Object = Key};
    return Notify(RegNtPreFlushKey, RegNtPostFlushKey, &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtRenameKey(PVOID Key, UNICODE_STRING *NewName) {
    REG_RENAME_KEY_INFORMATION Information = {.Object = Key, .ValueName = NewName};
    return Notify(RegNtPreRenameKey, RegNtPostDeleteKey + RegNtPreRenameKey, &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtEnumerateKey(PVOID Key, ULONG Index, ULONG Class, PVOID Buffer,
                                           ULONG Length, ULONG *ResultLength) {
    REG_ENUMERATE_KEY_INFORMATION Information = {
        .Object = Key,
        .Index = Index,
        .KeyInformationClass = Class,
        .KeyInformation = Buffer,
        .Length = Length,
        .ResultLength = ResultLength,
    };
    return Notify(RegNtPreEnumerateKey, RegNtPostDeleteKey + RegNtPreEnumerateKey, &Information,
                  Key);
}

PAGED_CODE_SECTION NTSTATUS NtQueryKey(PVOID Key, ULONG Class, PVOID Buffer, ULONG Length,
                                       ULONG *ResultLength) {
    REG_QUERY_KEY_INFORMATION Information = {
        .Object = Key,
        .KeyInformationClass = Class,
        .KeyInformation = Buffer,
        .Length = Length,
        .ResultLength = ResultLength,
    };
    return Notify(RegNtPreQueryKey, RegNtPostDeleteKey + RegNtPreQueryKey, &Information, Key);
}

PAGED_CODE_SECTION NTSTATUS NtQueryValueKey(PVOID Key, UNICODE_STRING *ValueName, ULONG Class,
                                            PVOID Buffer, ULONG Length, ULONG *ResultLength) {
    REG_QUERY_VALUE_KEY_INFORMATION Information = {
        .Object = Key,
        .ValueName = ValueName,
        .KeyValueInformationClass = Class,
        .KeyValueInformation = Buffer,
        .Length = Length,
        .ResultLength = ResultLength,
    };
    return Notify(RegNtPreQueryValueKey, RegNtPostDeleteKey + RegNtPreQueryValueKey, &Information,
                  Key);
}

/* The name of a key to open or create is below Root, which stands for what it will be. */
PAGED_CODE_SECTION static NTSTATUS CmpParseKey(PVOID Root, UNICODE_STRING *Name, ULONG Access,
                                               BOOLEAN IsCreate, PVOID *Result) {
    ULONG Disposition = REG_OPENED_EXISTING_KEY;
    REG_CREATE_KEY_INFORMATION_V1 Information = {
        .CompleteName = Name,
        .RootObject = Root,
        .DesiredAccess = Access,
        .Disposition = &Disposition,
        .ResultObject = Result,
        .Version = 1,
        .RemainingName = Name,
        .CheckAccessMode = ExGetPreviousMode(),
    };
    LIST_ENTRY Calls = {&Calls, &Calls};
    ULONG NotifyClass = IsCreate ? RegNtPreCreateKeyEx : RegNtPreOpenKeyEx;
    NTSTATUS Status = Ask(NotifyClass, NotifyClass + 1, &Information, NULL, &Calls);
    if (Status == STATUS_CALLBACK_BYPASS)
        return STATUS_SUCCESS;
    if (!NT_SUCCESS(Status))
        return Status;
    /* No key's descriptor lets a user change it: the kernel's own refusal. */
    if (ExGetPreviousMode() && Access & WRITE_DAC) {
        Status = STATUS_ACCESS_DENIED;
    } else {
        *Result = Root;
        Information.GrantedAccess = Access;
    }
    return CmPostCallbackNotification(NotifyClass + 1, *Result, Status, &Information, &Calls);
}

PAGED_CODE_SECTION NTSTATUS NtCreateKey(PVOID Root, UNICODE_STRING *Name, ULONG Access) {
    PVOID Result = NULL;
    return CmpParseKey(Root, Name, Access, TRUE, &Result);
}

PAGED_CODE_SECTION NTSTATUS NtOpenKeyEx(PVOID Root, UNICODE_STRING *Name, ULONG Access) {
    PVOID Result = NULL;
    return CmpParseKey(Root, Name, Access, FALSE, &Result);
}

/* Closing the last handle deletes the key object. */
PAGED_CODE_SECTION NTSTATUS CmpDeleteKeyObject(PVOID Key) {
    LIST_ENTRY Calls = {&Calls, &Calls};
    REG_KEY_HANDLE_CLOSE_INFORMATION Information = {.Object = Key};
    Ask(RegNtPreKeyHandleClose, RegNtPostKeyHandleClose, &Information, NULL, &Calls);
    return CmPostCallbackNotification(RegNtPostKeyHandleClose, NULL, STATUS_SUCCESS, &Information,
                                      &Calls);
}

__attribute__((noinline)) NTSTATUS NtClose(PVOID Key) {
    return CmpDeleteKeyObject(Key);
}

/* Drivers open their own parameters: there are none. */
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

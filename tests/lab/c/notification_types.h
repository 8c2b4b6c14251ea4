/* Classes and structures of notifications for the kernel's own files: names, order and offsets as in
 * the WDK's wdm.h. registry_information.h has all of them, with other basic types. */
#pragma once
#include "ntdef.h"

enum {
    RegNtPreDeleteKey = 0,
    RegNtPreDeleteValueKey = 2,
    RegNtPreSetInformationKey = 3,
    RegNtPreRenameKey = 4,
    RegNtPreEnumerateKey = 5,
    RegNtPreEnumerateValueKey = 6,
    RegNtPreQueryKey = 7,
    RegNtPreQueryValueKey = 8,
    RegNtPreKeyHandleClose = 14,
    RegNtPostDeleteKey = 15, /* the post class of class n is 15 + n, up to n = 9 */
    RegNtPostKeyHandleClose = 25,
    RegNtPreCreateKeyEx = 26,
    RegNtPostCreateKeyEx = 27,
    RegNtPreOpenKeyEx = 28,
    RegNtPostOpenKeyEx = 29,
    RegNtPreFlushKey = 30,
    RegNtPostFlushKey = 31,
};

typedef struct _REG_DELETE_KEY_INFORMATION {
    PVOID Object, CallContext, ObjectContext, Reserved;
} REG_DELETE_KEY_INFORMATION, REG_FLUSH_KEY_INFORMATION, REG_KEY_HANDLE_CLOSE_INFORMATION;

typedef struct _REG_SET_VALUE_KEY_INFORMATION {
    PVOID Object;
    UNICODE_STRING *ValueName;
    ULONG TitleIndex, Type;
    PVOID Data;
    ULONG DataSize;
    PVOID CallContext, ObjectContext, Reserved;
} REG_SET_VALUE_KEY_INFORMATION;

typedef struct _REG_DELETE_VALUE_KEY_INFORMATION {
    PVOID Object;
    UNICODE_STRING *ValueName; /* NewName in REG_RENAME_KEY_INFORMATION */
    PVOID CallContext, ObjectContext, Reserved;
} REG_DELETE_VALUE_KEY_INFORMATION, REG_RENAME_KEY_INFORMATION;

typedef struct _REG_SET_INFORMATION_KEY_INFORMATION {
    PVOID Object;
    ULONG KeySetInformationClass;
    PVOID KeySetInformation;
    ULONG KeySetInformationLength;
    PVOID CallContext, ObjectContext, Reserved;
} REG_SET_INFORMATION_KEY_INFORMATION;

typedef struct _REG_ENUMERATE_KEY_INFORMATION {
    PVOID Object;
    ULONG Index, KeyInformationClass;
    PVOID KeyInformation;
    ULONG Length;
    ULONG *ResultLength;
    PVOID CallContext, ObjectContext, Reserved;
} REG_ENUMERATE_KEY_INFORMATION, REG_ENUMERATE_VALUE_KEY_INFORMATION;

typedef struct _REG_QUERY_KEY_INFORMATION {
    PVOID Object;
    ULONG KeyInformationClass;
    PVOID KeyInformation;
    ULONG Length;
    ULONG *ResultLength;
    PVOID CallContext, ObjectContext, Reserved;
} REG_QUERY_KEY_INFORMATION;

typedef struct _REG_QUERY_VALUE_KEY_INFORMATION {
    PVOID Object;
    UNICODE_STRING *ValueName;
    ULONG KeyValueInformationClass;
    PVOID KeyValueInformation;
    ULONG Length;
    ULONG *ResultLength;
    PVOID CallContext, ObjectContext, Reserved;
} REG_QUERY_VALUE_KEY_INFORMATION;

typedef struct _REG_CREATE_KEY_INFORMATION_V1 {
    UNICODE_STRING *CompleteName;
    PVOID RootObject, ObjectType;
    ULONG Options;
    UNICODE_STRING *Class;
    PVOID SecurityDescriptor, SecurityQualityOfService;
    ULONG DesiredAccess, GrantedAccess;
    ULONG *Disposition;
    PVOID *ResultObject;
    PVOID CallContext, RootObjectContext, Transaction;
    ULONG_PTR Version;
    UNICODE_STRING *RemainingName;
    ULONG Wow64Flags, Attributes;
    UCHAR CheckAccessMode;
} REG_CREATE_KEY_INFORMATION_V1;

typedef struct _REG_POST_OPERATION_INFORMATION {
    PVOID Object;
    NTSTATUS Status;
    PVOID PreInformation;
    NTSTATUS ReturnStatus;
    PVOID CallContext, ObjectContext, Reserved;
} REG_POST_OPERATION_INFORMATION;

#ifdef _WIN64
_Static_assert(sizeof(REG_DELETE_KEY_INFORMATION) == 0x20, "");
_Static_assert(sizeof(REG_SET_VALUE_KEY_INFORMATION) == 0x40, "");
_Static_assert(sizeof(REG_DELETE_VALUE_KEY_INFORMATION) == 0x28, "");
_Static_assert(sizeof(REG_SET_INFORMATION_KEY_INFORMATION) == 0x38, "");
_Static_assert(sizeof(REG_ENUMERATE_KEY_INFORMATION) == 0x40, "");
_Static_assert(sizeof(REG_QUERY_KEY_INFORMATION) == 0x40, "");
_Static_assert(sizeof(REG_QUERY_VALUE_KEY_INFORMATION) == 0x48, "");
_Static_assert(sizeof(REG_CREATE_KEY_INFORMATION_V1) == 0x88, "");
_Static_assert(sizeof(REG_POST_OPERATION_INFORMATION) == 0x38, "");
#endif

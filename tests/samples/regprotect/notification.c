#include "notification.h"

#include <stdlib.h>
#include <string.h>

#include "guarded.h"

PUNICODE_STRING MakeString(const char *Text)
{
    static WCHAR Wide[0x10000];
    PUNICODE_STRING String;
    ULONG Bytes = 0;

    if (strcmp(Text, "null") == 0) {
        return NULL;
    }
    String = GuardedAllocate(sizeof(*String));
    RtlZeroMemory(String, sizeof(*String));
    if (strcmp(Text, "nobuffer") == 0) {
        return String;
    }
    if (strcmp(Text, "empty") == 0) {
        String->Buffer = GuardedNowhere();
        return String;
    }
    if (*Text != '=' ||
        !NT_SUCCESS(RtlUTF8ToUnicodeN(Wide, sizeof(Wide), &Bytes, Text + 1, strlen(Text + 1))) ||
        Bytes > UNICODE_STRING_MAX_BYTES) {
        abort();
    }
    String->Buffer = GuardedCopy(Wide, Bytes);
    String->Length = (USHORT)Bytes;
    String->MaximumLength = (USHORT)Bytes;
    return String;
}

PVOID MakeKeyObject(const char *Text)
{
    KEY_OBJECT *Key;

    if (strcmp(Text, "null") == 0) {
        return NULL;
    }
    Key = GuardedAllocate(sizeof(*Key));
    if (strcmp(Text, "nokey") == 0) {
        return Key;
    }
    Key->Type = KEY_OBJECT_TYPE;
    Key->NameStatus = STATUS_SUCCESS;
    if (*Text == '!') {
        Key->NameStatus = (NTSTATUS)strtoul(Text + 1, NULL, 16);
    } else {
        Key->Name = *MakeString(Text);
    }
    return Key;
}

/* The value of a field; "null" where it is not given. */
static const char *Field(char **Fields, const char *Name)
{
    size_t Length = strlen(Name);

    for (; *Fields != NULL; Fields++) {
        if (strncmp(*Fields, Name, Length) == 0 && (*Fields)[Length] == '=') {
            return *Fields + Length + 1;
        }
    }
    return "null";
}

static PVOID MakeCreateOrOpen(char **Fields)
{
    const char *Version = Field(Fields, "version");
    REG_CREATE_KEY_INFORMATION_V1 *Create;

    /* The Vista structure ends where V1's additions begin, behind Version. */
    if (strcmp(Version, "0") == 0) {
        Create = GuardedAllocate(sizeof(REG_CREATE_KEY_INFORMATION));
    } else {
        Create = GuardedAllocate(sizeof(*Create));
        Create->RemainingName = MakeString(Field(Fields, "name"));
        Create->CheckAccessMode =
            strcmp(Field(Fields, "check"), "kernel") == 0 ? KernelMode : UserMode;
    }
    Create->Version = strcmp(Version, "0") == 0 ? 0 : 1;
    Create->RootObject = MakeKeyObject(Field(Fields, "object"));
    Create->CompleteName = MakeString(Field(Fields, "complete"));
    Create->DesiredAccess = strtoul(Field(Fields, "access"), NULL, 16);
    return Create;
}

#define WITH_OBJECT(Type)                                      \
    do {                                                       \
        Type *Information_ = GuardedAllocate(sizeof(Type));    \
        Information_->Object = MakeKeyObject(Field(Fields, "object")); \
        return Information_;                                   \
    } while (0)

PVOID MakeInformation(REG_NOTIFY_CLASS Class, char **Fields)
{
    if (*Fields == NULL) {
        return NULL;
    }
    switch (Class) {
    case RegNtPreCreateKeyEx:
    case RegNtPreOpenKeyEx:
        return MakeCreateOrOpen(Fields);
    case RegNtPreSetValueKey:
        WITH_OBJECT(REG_SET_VALUE_KEY_INFORMATION);
    case RegNtPreDeleteValueKey:
        WITH_OBJECT(REG_DELETE_VALUE_KEY_INFORMATION);
    case RegNtPreDeleteKey:
        WITH_OBJECT(REG_DELETE_KEY_INFORMATION);
    case RegNtPreSetKeySecurity:
        WITH_OBJECT(REG_SET_KEY_SECURITY_INFORMATION);
    case RegNtPreUnLoadKey:
        WITH_OBJECT(REG_UNLOAD_KEY_INFORMATION);
    case RegNtPreRestoreKey:
        WITH_OBJECT(REG_RESTORE_KEY_INFORMATION);
    case RegNtPreReplaceKey:
        WITH_OBJECT(REG_REPLACE_KEY_INFORMATION);
    case RegNtPreRenameKey: {
        REG_RENAME_KEY_INFORMATION *Rename = GuardedAllocate(sizeof(*Rename));

        Rename->Object = MakeKeyObject(Field(Fields, "object"));
        Rename->NewName = MakeString(Field(Fields, "new"));
        return Rename;
    }
    case RegNtPreLoadKey: {
        REG_LOAD_KEY_INFORMATION *Load = GuardedAllocate(sizeof(*Load));

        Load->Object = MakeKeyObject(Field(Fields, "object"));
        Load->KeyName = MakeString(Field(Fields, "name"));
        return Load;
    }
    default:
        return GuardedNowhere();
    }
}

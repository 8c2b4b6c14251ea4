/* What callbacks are told: one notification of every class at least, read three times by
 * notifications.c. NOTIFICATION(name, class, structure), then a FIELD for each member that is not 0,
 * or a NAME for a UNICODE_STRING, then END.
 *
 * The first of a class has RegNt<name> for its enumerator. Windows sends none of 10 to 13 since
 * Vista, and others not yet on old builds; they are laid out everywhere.
 */

/* XP and 2003 end before the contexts. */
#undef CONTEXT
#if LAB_BUILD >= 6000
#define CONTEXT(member, value) FIELD(member, value)
#else
#define CONTEXT(member, value)
#endif

/* --- one key, one operation --- */

NOTIFICATION(PreDeleteKey, 0, REG_DELETE_KEY_INFORMATION)
FIELD(Object, KEY(Settings))
CONTEXT(ObjectContext, NUMBER(0x5E771465))
END

#define SET_VALUE(name, key, value, type, data, size)                                              \
    NOTIFICATION(name, 1, REG_SET_VALUE_KEY_INFORMATION)                                           \
    FIELD(Object, KEY(key))                                                                        \
    NAME(ValueName, value)                                                                         \
    FIELD(Type, type)                                                                              \
    FIELD(Data, data)                                                                              \
    FIELD(DataSize, size)                                                                          \
    END
#define SET_TEXT(name, key, value, type, text)                                                     \
    SET_VALUE(name, key, value, type, ((WCHAR[]){text}), sizeof(text))
#define SET_BYTES(name, key, value, type, ...)                                                     \
    SET_VALUE(name, key, value, type, ((UCHAR[]){__VA_ARGS__}), sizeof((UCHAR[]){__VA_ARGS__}))

SET_TEXT(PreSetValueKey, Run, L"Updater", REG_SZ,
         L"\"C:\\Users\\Public\\updater.exe\" /background")
SET_TEXT(PreSetValueKey_ExpandSz, Service, L"ImagePath", REG_EXPAND_SZ,
         L"%SystemRoot%\\System32\\drivers\\avfilter.sys")
SET_TEXT(PreSetValueKey_MultiSz, Service, L"DependOnService", REG_MULTI_SZ, L"RpcSs\0FltMgr\0")
SET_TEXT(PreSetValueKey_Link, Wide, L"SymbolicLinkValue", REG_LINK, L"\\Registry\\Machine\\Software")
SET_BYTES(PreSetValueKey_Dword, Service, L"Start", REG_DWORD, 4, 0, 0, 0)
SET_BYTES(PreSetValueKey_DwordBigEndian, Service, L"Order", REG_DWORD_BIG_ENDIAN, 0, 0, 1, 2)
SET_BYTES(PreSetValueKey_Qword, Settings, L"LastRun", REG_QWORD, 1, 2, 3, 4, 5, 6, 7, 8)
SET_BYTES(PreSetValueKey_Binary, Settings, L"Blob", REG_BINARY, 0x1B, 0x5B, 0x32, 0x4A, 0, 0xFF)
SET_BYTES(PreSetValueKey_ResourceList, Service, L"Translated", REG_RESOURCE_LIST, 1, 0, 0, 0)
SET_BYTES(PreSetValueKey_FullResourceDescriptor, Service, L"Configuration Data",
          REG_FULL_RESOURCE_DESCRIPTOR, 5, 0, 0, 0)
SET_BYTES(PreSetValueKey_ResourceRequirementsList, Service, L"Requirements",
          REG_RESOURCE_REQUIREMENTS_LIST, 9, 8)
SET_VALUE(PreSetValueKey_None, Renamed, L"Empty", REG_NONE, NULL, 0)
SET_TEXT(PreSetValueKey_Default, Run, L"", REG_SZ, L"default")
SET_BYTES(PreSetValueKey_UnnamedType, Run, L"Odd", 0x10001, 7)

NOTIFICATION(PreDeleteValueKey, 2, REG_DELETE_VALUE_KEY_INFORMATION)
FIELD(Object, KEY(Run))
NAME(ValueName, L"SecurityHealth")
END

NOTIFICATION(PreSetInformationKey, 3, REG_SET_INFORMATION_KEY_INFORMATION)
FIELD(Object, KEY(Select))
FIELD(KeySetInformationClass, 0) /* KeyWriteTimeInformation */
FIELD(KeySetInformation, &((LARGE_INTEGER){.QuadPart = 0x01DA6ED549BDFE00}))
FIELD(KeySetInformationLength, 8)
END

NOTIFICATION(PreRenameKey, 4, REG_RENAME_KEY_INFORMATION)
FIELD(Object, KEY(Settings))
NAME(NewName, L"Settings.old")
END

NOTIFICATION(PreEnumerateKey, 5, REG_ENUMERATE_KEY_INFORMATION)
FIELD(Object, KEY(Machine))
FIELD(Index, 3)
FIELD(KeyInformationClass, 1) /* KeyNodeInformation */
FIELD(KeyInformation, NUMBER(USER_BUFFER))
FIELD(Length, 0x118)
FIELD(ResultLength, NUMBER(USER_BUFFER + 0x200))
END

NOTIFICATION(PreEnumerateValueKey, 6, REG_ENUMERATE_VALUE_KEY_INFORMATION)
FIELD(Object, KEY(Run))
FIELD(Index, 1)
FIELD(KeyValueInformationClass, 1) /* KeyValueFullInformation */
FIELD(KeyValueInformation, NUMBER(USER_BUFFER))
FIELD(Length, 0x234)
FIELD(ResultLength, NUMBER(USER_BUFFER + 0x300))
END

NOTIFICATION(PreQueryKey, 7, REG_QUERY_KEY_INFORMATION)
FIELD(Object, KEY(Wide))
FIELD(KeyInformationClass, 2) /* KeyFullInformation */
FIELD(KeyInformation, NUMBER(USER_BUFFER))
FIELD(Length, 0x30)
FIELD(ResultLength, NUMBER(USER_BUFFER + 0x40))
END

NOTIFICATION(PreQueryValueKey, 8, REG_QUERY_VALUE_KEY_INFORMATION)
FIELD(Object, KEY(Service))
NAME(ValueName, L"Start")
FIELD(KeyValueInformationClass, 2) /* KeyValuePartialInformation */
FIELD(KeyValueInformation, &((struct PARTIAL_DWORD){0, REG_DWORD, 4, 2}))
FIELD(Length, sizeof(struct PARTIAL_DWORD))
FIELD(ResultLength, &((ULONG){16}))
END

NOTIFICATION(PreQueryMultipleValueKey, 9, REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION)
FIELD(Object, KEY(Select))
FIELD(ValueEntries, ((KEY_VALUE_ENTRY[]){{TEXT(L"Current")}, {TEXT(L"Default")}}))
FIELD(EntryCount, 2)
FIELD(ValueBuffer, NUMBER(USER_BUFFER))
FIELD(BufferLength, &((ULONG){0x40}))
FIELD(RequiredBufferLength, &((ULONG){8}))
END

/* --- XP's create and open --- */

NOTIFICATION(PreCreateKey, 10, REG_PRE_CREATE_KEY_INFORMATION)
NAME(CompleteName, L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\New")
END

NOTIFICATION(PostCreateKey, 11, REG_POST_CREATE_KEY_INFORMATION)
NAME(CompleteName, L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\Settings")
FIELD(Object, KEY(Settings))
FIELD(Status, STATUS_SUCCESS)
END

NOTIFICATION(PreOpenKey, 12, REG_PRE_OPEN_KEY_INFORMATION)
NAME(CompleteName, L"Control\\Session Manager")
END

NOTIFICATION(PostOpenKey, 13, REG_POST_OPEN_KEY_INFORMATION)
NAME(CompleteName, L"\\REGISTRY\\MACHINE\\SYSTEM\\Select")
FIELD(Object, NUMBER(0xDEAD0000))
FIELD(Status, STATUS_ACCESS_DENIED)
END

NOTIFICATION(PreKeyHandleClose, 14, REG_KEY_HANDLE_CLOSE_INFORMATION)
FIELD(Object, KEY(Deleted))
CONTEXT(ObjectContext, NUMBER(0xC0117E47))
END

/* --- create and open --- */

#define CREATE_OR_OPEN(root, options)                                                              \
    FIELD(RootObject, KEY(root))                                                                   \
    FIELD(ObjectType, NUMBER(0x8C0DE100))                                                          \
    FIELD(options, 0x10)                                                                           \
    FIELD(DesiredAccess, 0x20106)                                                                  \
    FIELD(GrantedAccess, 0x20006)                                                                  \
    FIELD(ResultObject, &((PVOID){KEY(Settings)}))
#define FIRST_VERSION(remaining)                                                                   \
    FIELD(Version, 1)                                                                              \
    NAME(RemainingName, remaining)                                                                 \
    FIELD(Wow64Flags, 0x100)                                                                       \
    FIELD(Attributes, 0x40)                                                                        \
    FIELD(CheckAccessMode, 1)
#define CREATED                                                                                    \
    NAME(Class, L"Contoso class")                                                                  \
    FIELD(SecurityDescriptor, ((UCHAR[20]){1, 0, 4, 0x80}))                                        \
    FIELD(Disposition, &((ULONG){1}))

#if LAB_BUILD >= 7600
NOTIFICATION(PreCreateKeyEx, 26, REG_CREATE_KEY_INFORMATION_V1)
NAME(CompleteName, L"SOFTWARE\\Contoso\\Settings")
CREATE_OR_OPEN(Machine, Options)
CREATED
FIRST_VERSION(L"SOFTWARE\\Contoso\\Settings")
END

NOTIFICATION(PreOpenKeyEx, 28, REG_OPEN_KEY_INFORMATION_V1)
NAME(CompleteName, L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\Settings")
CREATE_OR_OPEN(Machine, Options)
FIRST_VERSION(L"\\SOFTWARE\\Contoso\\Settings")
END
#define OF_VISTA(name) name##_Vista
#else
#define OF_VISTA(name) name
#endif

NOTIFICATION(OF_VISTA(PreCreateKeyEx), 26, REG_CREATE_KEY_INFORMATION)
NAME(CompleteName, L"SOFTWARE\\Contoso\\Settings")
CREATE_OR_OPEN(Machine, CreateOptions)
CREATED
END

NOTIFICATION(OF_VISTA(PreOpenKeyEx), 28, REG_OPEN_KEY_INFORMATION)
NAME(CompleteName, L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\Settings")
CREATE_OR_OPEN(Machine, CreateOptions)
END

/* --- hives --- */

NOTIFICATION(PreFlushKey, 30, REG_FLUSH_KEY_INFORMATION)
FIELD(Object, KEY(Machine))
END

#define LOAD                                                                                       \
    FIELD(Object, KEY(Machine))                                                                    \
    NAME(KeyName, L"Mounted")                                                                      \
    NAME(SourceFile, L"\\??\\C:\\Users\\alice\\NTUSER.DAT")                                        \
    FIELD(Flags, 0x30)                                                                             \
    FIELD(TrustClassObject, KEY(Wide))                                                             \
    FIELD(UserEvent, NUMBER(0x8C0EE100))                                                           \
    FIELD(DesiredAccess, 0x20019)                                                                  \
    FIELD(RootHandle, &((HANDLE){NUMBER(0x1A8)}))

#if LAB_BUILD >= 7600
NOTIFICATION(PreLoadKey, 32, REG_LOAD_KEY_INFORMATION_V2)
LOAD
FIELD(Version, 2)
FIELD(FileAccessToken, NUMBER(0x8C0F0000))
END
#endif

NOTIFICATION(OF_VISTA(PreLoadKey), 32, REG_LOAD_KEY_INFORMATION)
LOAD
END

NOTIFICATION(PreUnLoadKey, 34, REG_UNLOAD_KEY_INFORMATION)
FIELD(Object, KEY(Wide))
FIELD(UserEvent, NUMBER(0x8C0EE200))
END

/* --- security, contexts, files --- */

NOTIFICATION(PreQueryKeySecurity, 36, REG_QUERY_KEY_SECURITY_INFORMATION)
FIELD(Object, KEY(Service))
FIELD(SecurityInformation, &((ULONG){0x7}))
FIELD(SecurityDescriptor, NUMBER(USER_BUFFER))
FIELD(Length, &((ULONG){0x64}))
END

NOTIFICATION(PreSetKeySecurity, 38, REG_SET_KEY_SECURITY_INFORMATION)
FIELD(Object, KEY(Service))
FIELD(SecurityInformation, &((ULONG){0x80000004}))
FIELD(SecurityDescriptor, ((UCHAR[20]){1, 0, 4, 0x90}))
END

NOTIFICATION(CallbackObjectContextCleanup, 40, REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION)
FIELD(Object, KEY(Renamed))
CONTEXT(ObjectContext, NUMBER(0xC1EA2000))
END

NOTIFICATION(PreRestoreKey, 41, REG_RESTORE_KEY_INFORMATION)
FIELD(Object, KEY(Settings))
FIELD(FileHandle, NUMBER(0x9C4))
FIELD(Flags, 8)
END

NOTIFICATION(PreSaveKey, 43, REG_SAVE_KEY_INFORMATION)
FIELD(Object, KEY(Run))
FIELD(FileHandle, NUMBER(0x9C8))
FIELD(Format, 2)
END

NOTIFICATION(PreReplaceKey, 45, REG_REPLACE_KEY_INFORMATION)
FIELD(Object, KEY(Wide))
NAME(OldFileName, L"\\??\\C:\\backup\\old.hiv")
NAME(NewFileName, L"\\??\\C:\\backup\\new.hiv")
END

NOTIFICATION(PreQueryKeyName, 47, REG_QUERY_KEY_NAME)
FIELD(Object, KEY(Virtual))
FIELD(ObjectNameInfo, (POBJECT_NAME_INFORMATION)TEXT(L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso"))
FIELD(Length, 0x208)
FIELD(ReturnLength, &((ULONG){0x54}))
END

NOTIFICATION(PreSaveMergedKey, 49, REG_SAVE_MERGED_KEY_INFORMATION)
FIELD(FileHandle, NUMBER(0x9CC))
FIELD(HighKeyObject, KEY(Settings))
FIELD(LowKeyObject, KEY(Run))
END

/* --- after the operation --- */

#define POST(name, number, object, status, returned, pre)                                          \
    NOTIFICATION(name, number, REG_POST_OPERATION_INFORMATION)                                     \
    FIELD(Object, object)                                                                          \
    FIELD(Status, status)                                                                          \
    FIELD(PreInformation, &Information##pre)                                                       \
    FIELD(ReturnStatus, returned)                                                                  \
    CONTEXT(CallContext, NUMBER(0xCA11C0DE))                                                         \
    CONTEXT(ObjectContext, NUMBER(0x0B1EC700 + number))                                              \
    END
#define DONE(name, number, object)                                                                 \
    POST(Post##name, number, object, STATUS_SUCCESS, STATUS_SUCCESS, Pre##name)

DONE(DeleteKey, 15, KEY(Settings))
POST(PostSetValueKey, 16, KEY(Run), STATUS_ACCESS_DENIED, STATUS_ACCESS_DENIED, PreSetValueKey)
DONE(DeleteValueKey, 17, KEY(Run))
DONE(SetInformationKey, 18, KEY(Select))
DONE(RenameKey, 19, KEY(Settings))
POST(PostEnumerateKey, 20, KEY(Machine), STATUS_NO_MORE_ENTRIES, STATUS_NO_MORE_ENTRIES,
     PreEnumerateKey)
POST(PostEnumerateValueKey, 21, KEY(Run), STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_OVERFLOW,
     PreEnumerateValueKey)
DONE(QueryKey, 22, KEY(Wide))
DONE(QueryValueKey, 23, KEY(Service))
DONE(QueryMultipleValueKey, 24, KEY(Select))
DONE(KeyHandleClose, 25, NULL)
DONE(CreateKeyEx, 27, KEY(Settings))
DONE(OpenKeyEx, 29, KEY(Settings))
/* Blocked, and sent elsewhere: what is in Object then is nobody's. */
POST(PostOpenKeyEx_Denied, 29, NUMBER(0xDEAD0000), STATUS_ACCESS_DENIED, STATUS_ACCESS_DENIED,
     PreOpenKeyEx)
POST(PostOpenKeyEx_Reparse, 29, NUMBER(0xDEAD0000), STATUS_REPARSE, STATUS_REPARSE, PreOpenKeyEx)
DONE(FlushKey, 31, KEY(Machine))
DONE(LoadKey, 33, KEY(Machine))
DONE(UnLoadKey, 35, KEY(Wide))
DONE(QueryKeySecurity, 37, KEY(Service))
DONE(SetKeySecurity, 39, KEY(Service))
DONE(RestoreKey, 42, KEY(Settings))
DONE(SaveKey, 44, KEY(Run))
DONE(ReplaceKey, 46, KEY(Wide))
DONE(QueryKeyName, 48, KEY(Virtual))
DONE(SaveMergedKey, 50, NULL)

/* Every notification of notifications.h: its structure, a record of what C put where, and the
 * argument by which an internal callback gets it.
 */
#include "registry_information.h"
#include "keys.h"

#define NULL ((void *)0)
#define NUMBER(value) ((void *)(ULONG_PTR)(value))
#define TEXT(text) (&(UNICODE_STRING){sizeof(text) - 2, sizeof(text), (WCHAR[]){text}})
#define USER_BUFFER 0x00210000 /* in no process's memory here */

enum {
    REG_NONE, REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_DWORD_BIG_ENDIAN, REG_LINK,
    REG_MULTI_SZ, REG_RESOURCE_LIST, REG_FULL_RESOURCE_DESCRIPTOR, REG_RESOURCE_REQUIREMENTS_LIST,
    REG_QWORD
};
#define STATUS_SUCCESS 0
#define STATUS_REPARSE 0x00000104
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_NO_MORE_ENTRIES ((NTSTATUS)0x8000001A)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)

struct PARTIAL_DWORD { /* KEY_VALUE_PARTIAL_INFORMATION with its data */
    ULONG TitleIndex, Type, DataLength, Data;
};

#define NOTIFICATION(name, number, structure) NAMED_NOTIFICATION(name, number, structure)

/* What Argument2 points to. */
#define NAMED_NOTIFICATION(name, number, structure) structure Information##name = {
#define FIELD(member, value) .member = value,
#define NAME(member, text) .member = TEXT(text),
#define END };
#include "notifications.h"
#undef NAMED_NOTIFICATION
#undef FIELD
#undef NAME
#undef END

/* What an internal callback gets instead: a pointer to it comes first, of the rest little is known. */
#define NAMED_NOTIFICATION(name, number, structure) void *Extended##name[4] = {&Information##name};
#define FIELD(member, value)
#define NAME(member, text)
#define END
#include "notifications.h"
#undef NAMED_NOTIFICATION
#undef FIELD
#undef NAME
#undef END

/* A notification's name, its structure, address and class; then the members that are not 0: their
 * names, texts, offsets and sizes. ../notices.py reads it; it stays out of the dump.
 */
struct RECORD {
    const char *Name, *Structure;
    const void *Pointer;
    ULONG First, Size;
};

/* A function, for the sake of a type of its own. */
#define NAMED_NOTIFICATION(name, number, structure)                                                \
    void Records##name(void) {                                                                     \
        typedef structure STRUCTURE;                                                               \
        static struct RECORD Records[] __attribute__((section("NOTICES"), used)) = {               \
            {#name, #structure, &Information##name, number, sizeof(STRUCTURE)},
#define MEMBER(member, text)                                                                       \
    {#member, NULL, text, __builtin_offsetof(STRUCTURE, member), sizeof(((STRUCTURE *)0)->member)},
#define FIELD(member, value) MEMBER(member, NULL)
#define NAME(member, text) MEMBER(member, text)
#define END                                                                                        \
    {NULL}                                                                                         \
    }                                                                                              \
    ;                                                                                              \
    }
#include "notifications.h"

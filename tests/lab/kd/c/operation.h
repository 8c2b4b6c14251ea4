/* What a thread of the lab is to do, as ../operations.py writes it into its memory. */
#pragma once
#include "ntdef.h"

enum {
    OPERATION_LOAD_DRIVER = 0x100, /* other kinds are the class of the pre-notification */
    OPERATION_UNLOAD_DRIVER,
    OPERATION_PRINT,
    OPERATION_EXIT_THREAD,
    OPERATION_CALL, /* Data is a function, Key its argument */
    OPERATION_REBOOT,
};

typedef struct _OPERATION {
    ULONG Kind;
    ULONG Access;    /* DesiredAccess; an index or an information class elsewhere */
    PVOID Key;       /* the key object */
    UNICODE_STRING Name; /* of the value, the new key, the line to print */
    PVOID Data;      /* a driver's DRIVER */
    ULONG DataSize, DataType;
    NTSTATUS Status; /* what the caller got, last time */
    ULONG Count;     /* how often it was done */
} OPERATION;

typedef struct _WORK {
    OPERATION *Operations;
    ULONG Count;
    ULONG Rounds; /* 0: without end */
} WORK;

/* A driver that can be loaded: its entry of PsLoadedModuleList, and its object. */
typedef struct _DRIVER {
    struct _KLDR_DATA_TABLE_ENTRY *LoadedModule;
    UNICODE_STRING *RegistryPath;
    DRIVER_OBJECT Object;
} DRIVER;

NTSTATUS KiSystemServiceCopyEnd(OPERATION *Operation);

/* ../structures.py has them. */
_Static_assert(sizeof(OPERATION) == (sizeof(PVOID) == 8 ? 0x38 : 0x28), "");
_Static_assert(sizeof(WORK) == (sizeof(PVOID) == 8 ? 0x10 : 0xC), "");
_Static_assert(sizeof(DRIVER) == (sizeof(PVOID) == 8 ? 0x160 : 0xB0), "");

/* What the callbacks of stage.sys do, as ../work.py writes it into the driver's memory. */
#pragma once
#include "operation.h"

enum {
    ACT_RETURN,   /* returns Status */
    ACT_OVERRULE, /* in a post-notification: the caller gets Status */
    ACT_PERFORM,  /* does Argument, a WORK, once */
    ACT_APC,      /* the same in an APC that comes now */
    ACT_YIELD,    /* lets other threads run */
    ACT_END_THREAD,
    ACT_REGISTER, /* Argument: an ACTOR */
    ACT_UNREGISTER,
    ACT_CONTEXT, /* before setting a value: allocates a context; afterwards: frees it */
    ACT_CRASH,
    ACT_BUG_CHECK,
    ACT_CHANGE, /* in a post-notification: ReturnStatus becomes Status, and nothing is said of it */
};

typedef struct _ACT {
    ULONG NotifyClass;
    ULONG Kind;
    NTSTATUS Status;
    ULONG Times; /* left; 0xFFFFFFFF: always */
    PVOID Argument;
} ACT;

/* One callback. Acts of a class are done in their order, up to one that returns. */
typedef struct _ACTOR {
    UNICODE_STRING Altitude;
    LONGLONG Cookie;
    PEX_CALLBACK_FUNCTION Function;
    ACT *Acts;
    ULONG Count;
    ULONG AtLoad; /* registered by DriverEntry */
} ACTOR;

/* What was called, in order. */
typedef struct _CALLED {
    ULONG Actor, NotifyClass;
    PVOID Thread;
} CALLED;

/* ../structures.py has them. */
_Static_assert(sizeof(ACT) == (sizeof(PVOID) == 8 ? 0x18 : 0x14), "");
_Static_assert(sizeof(ACTOR) == (sizeof(PVOID) == 8 ? 0x30 : 0x20), "");
_Static_assert(sizeof(CALLED) == (sizeof(PVOID) == 8 ? 0x10 : 0xC), "");

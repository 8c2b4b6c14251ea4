/*
 * The part of the kernel that regprotect imports, for a process: what each function checks and
 * returns is SOURCES 2.2, 2.3, 3.7 and Microsoft's reference pages.
 */
#pragma once

#include "wdk.h"

/* What the driver takes for a key object. */
typedef struct _KEY_OBJECT {
    ULONG Type;
    NTSTATUS NameStatus;  /* what asking for its name gives */
    UNICODE_STRING Name;
} KEY_OBJECT;

/* CM_KEY_BODY.Type. */
#define KEY_OBJECT_TYPE 0x6B793032UL

typedef struct _REGISTRATION {
    PEX_CALLBACK_FUNCTION Function;  /* NULL: a free slot */
    PVOID Context;
    LARGE_INTEGER Cookie;
    UNICODE_STRING Altitude;
} REGISTRATION;

/* A notification that arrives while CmRegisterCallbackEx or CmUnRegisterCallback runs. */
typedef struct _RACING_NOTIFICATION {
    BOOLEAN Pending;
    REG_NOTIFY_CLASS Class;
    PVOID Information;
    NTSTATUS Status;  /* what the callback said to it */
} RACING_NOTIFICATION;

extern KPROCESSOR_MODE PreviousMode;
extern ULONG PoolBlocks;       /* allocated by the driver and not freed */
extern ULONG KeyNames;         /* handed out and not released */
extern ULONG StrayCookies;     /* unregistrations of what is not registered */
extern ULONG PoolFailure;      /* 1: the next allocation fails, 2: the one after it; 0: none */
extern RACING_NOTIFICATION Racing;

/* The driver's registration, or NULL. */
REGISTRATION *FindRegistration(PEX_CALLBACK_FUNCTION Function);

/* Another driver's registration at this altitude, one at most. */
NTSTATUS OccupyAltitude(PCUNICODE_STRING Altitude);
VOID LeaveAltitude(VOID);

/* Forgets the registration without the driver's doing, as an attacker who unlinks it. */
VOID ForgetRegistration(PEX_CALLBACK_FUNCTION Function);

/* What the callback registered with Function says to this. */
NTSTATUS CallRegistered(REGISTRATION *Registration, REG_NOTIFY_CLASS Class, PVOID Information);

/*
 * What the service's Parameters key says: at which altitude to register and what to protect.
 */
#pragma once

#include "protect.h"

typedef struct _REGPROTECT_CONFIG {
    UNICODE_STRING Altitude;
    PROTECT_POLICY Policy;
    PVOID AltitudeValue;     /* pool behind Altitude and Policy.Keys; NULL: a default */
    PVOID ProtectedKeysValue;
    PVOID KeyArray;
} REGPROTECT_CONFIG;

/*
 * Reads <RegistryPath>\Parameters: Altitude (REG_SZ), ProtectedKeys (REG_MULTI_SZ, \REGISTRY\...),
 * Status (REG_DWORD, an NTSTATUS). What is missing has a default; what is there and makes no sense
 * is STATUS_INVALID_PARAMETER, since a protection that quietly protects something else is none.
 * Give Config to FreeConfig after success.
 */
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
LoadConfig(_In_ PCUNICODE_STRING RegistryPath, _Out_ REGPROTECT_CONFIG *Config);

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID
FreeConfig(_Inout_ REGPROTECT_CONFIG *Config);

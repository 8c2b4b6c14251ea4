/*
 * What is protected, and what that means for one operation. No state and no side effects: the
 * verdict depends on the arguments alone.
 */
#pragma once

#include "wdk.h"

typedef struct _PROTECT_POLICY {
    NTSTATUS DenyStatus;         /* a failure, and not STATUS_CALLBACK_BYPASS */
    ULONG KeyCount;
    const UNICODE_STRING *Keys;  /* \REGISTRY\..., each protected with all below it */
} PROTECT_POLICY;

/*
 * TRUE when the verdict depends on the key's path: the operation writes, and a user asks for it.
 * DesiredAccess counts for RegNtPreOpenKeyEx alone.
 */
_IRQL_requires_max_(APC_LEVEL)
BOOLEAN
OperationIsGuarded(
    _In_ REG_NOTIFY_CLASS Class,
    _In_ KPROCESSOR_MODE RequestorMode,
    _In_ ACCESS_MASK DesiredAccess);

/*
 * STATUS_SUCCESS to let the operation through, Policy->DenyStatus to refuse it. KeyPath is the full
 * name of the key that the operation is about. Kernel-mode requestors are let through: they could
 * unregister this callback or write the hive without asking.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
DecideOperation(
    _In_ const PROTECT_POLICY *Policy,
    _In_ REG_NOTIFY_CLASS Class,
    _In_ PCUNICODE_STRING KeyPath,
    _In_ KPROCESSOR_MODE RequestorMode,
    _In_ ACCESS_MASK DesiredAccess);

/*
 * The full name of a key: \REGISTRY\MACHINE\...
 */
#pragma once

#include "wdk.h"

/*
 * The path of Name below RootObject, of RootObject itself when Name is NULL or empty, or Name alone
 * when RootObject is NULL; it must then be absolute. RootObject has to be a valid key object, as
 * those of pre-notifications are. Cookie is this driver's registration.
 *
 * Path is paged pool; give it to FreeKeyPath. Fails with STATUS_OBJECT_PATH_SYNTAX_BAD (neither
 * root nor absolute name), STATUS_NAME_TOO_LONG (over UNICODE_STRING_MAX_BYTES),
 * STATUS_INSUFFICIENT_RESOURCES, or what CmCallbackGetKeyObjectIDEx says of a deleted key.
 */
_Must_inspect_result_
_IRQL_requires_max_(APC_LEVEL)
NTSTATUS
BuildKeyPath(
    _In_ PLARGE_INTEGER Cookie,
    _In_opt_ PVOID RootObject,
    _In_opt_ PCUNICODE_STRING Name,
    _Out_ PUNICODE_STRING Path);

/*
 * KeyPath with its last component replaced by Name: where a key is after it was renamed. Same
 * ownership and failures as BuildKeyPath.
 */
_Must_inspect_result_
_IRQL_requires_max_(APC_LEVEL)
NTSTATUS
BuildSiblingPath(
    _In_ PCUNICODE_STRING KeyPath,
    _In_ PCUNICODE_STRING Name,
    _Out_ PUNICODE_STRING Path);

_IRQL_requires_max_(APC_LEVEL)
VOID
FreeKeyPath(_Inout_ PUNICODE_STRING Path);

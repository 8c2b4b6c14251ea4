/*
 * The registration of this driver's registry callback.
 */
#pragma once

#include "protect.h"

/*
 * Registers RegisterCallback at Altitude. Policy is read by it, on any thread, until StopRegHook
 * returns. Fails with STATUS_ALREADY_REGISTERED, or with what CmRegisterCallbackEx says:
 * STATUS_FLT_INSTANCE_ALTITUDE_COLLISION when another driver has the altitude.
 */
_Must_inspect_result_
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
StartRegHook(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PCUNICODE_STRING Altitude,
    _In_ const PROTECT_POLICY *Policy);

/*
 * Unregisters, and waits for the calls under way. Does nothing when there is no registration. Must
 * not be called from a registry callback: CmUnRegisterCallback would wait for itself.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID
StopRegHook(VOID);

EX_CALLBACK_FUNCTION RegisterCallback;

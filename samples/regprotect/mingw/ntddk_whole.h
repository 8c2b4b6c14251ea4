/*
 * MinGW's ntddk.h (10.0.0), and what the WDK's declares beyond it. With the WDK this file is not
 * used.
 */
#pragma once

/* wdm.h defines these two itself: after intrin.h's, clang makes them external in every object. */
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset

#include <ntddk.h>
#include <sal.h>
#include <driverspecs.h>

/* Windows 8 and later. */
NTKERNELAPI
NTSTATUS
NTAPI
CmCallbackGetKeyObjectIDEx(
    PLARGE_INTEGER Cookie,
    PVOID Object,
    PULONG_PTR ObjectID,
    PCUNICODE_STRING *ObjectName,
    ULONG Flags);

NTKERNELAPI
VOID
NTAPI
CmCallbackReleaseKeyObjectIDEx(
    PCUNICODE_STRING ObjectName);

FORCEINLINE
PVOID
ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE
LONG
ReadAcquire(const volatile LONG *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE
VOID
WriteRelease(volatile LONG *Destination, LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

/* What the files of the kernel that runs share. */
#pragma once
#include "call_callbacks.h"
#include "offsets.h"

#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)

PVOID memset(PVOID Target, int Value, SIZE_T Count);
PVOID memcpy(PVOID Target, const VOID *Source, SIZE_T Count);

extern LIST_ENTRY CallbackListHead;
extern ULONG CmpCallBackCount;
extern ULONG_PTR CmpCallbackListLock;

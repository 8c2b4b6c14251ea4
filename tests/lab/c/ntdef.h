/* The few types that the lab's kernel and drivers share; names as in the WDK's ntdef.h and wdm.h. */
#pragma once

typedef void VOID, *PVOID;
typedef unsigned char UCHAR;
typedef unsigned short USHORT, WCHAR;
typedef int LONG, NTSTATUS;
typedef unsigned int ULONG;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef __UINTPTR_TYPE__ ULONG_PTR;
typedef __SIZE_TYPE__ SIZE_T;
typedef UCHAR BOOLEAN;

#ifdef _M_IX86
#define NTAPI __attribute__((stdcall))
#else
#define NTAPI
#endif

#define TRUE 1
#define FALSE 0
#define NULL ((PVOID)0)

#define PAGED_CODE_SECTION __attribute__((section("PAGE"), noinline))
#define INIT_SECTION __attribute__((section("INIT"), noinline))

#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INVALID_PARAMETER_3 ((NTSTATUS)0xC00000F1)
#define STATUS_INVALID_PARAMETER_6 ((NTSTATUS)0xC00000F4)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_FLT_INSTANCE_ALTITUDE_COLLISION ((NTSTATUS)0xC01C0011)
#define NT_SUCCESS(status) ((status) >= 0)

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink, *Blink;
} LIST_ENTRY;

typedef struct _UNICODE_STRING {
    USHORT Length, MaximumLength;
    WCHAR *Buffer;
} UNICODE_STRING;

#define CONTAINING_RECORD(address, type, field) \
    ((type *)((UCHAR *)(address) - __builtin_offsetof(type, field)))

/* REG_NOTIFY_CLASS: the one that the lab's drivers look at. */
#define RegNtPreSetValueKey 1

typedef NTSTATUS(NTAPI *PEX_CALLBACK_FUNCTION)(PVOID CallbackContext, PVOID Argument1,
                                               PVOID Argument2);

typedef struct _DRIVER_OBJECT {
    USHORT Type, Size;
    PVOID DeviceObject;
    ULONG Flags;
    PVOID DriverStart;
    ULONG DriverSize;
    PVOID DriverSection, DriverExtension;
    UNICODE_STRING DriverName;
    UNICODE_STRING *HardwareDatabase;
    PVOID FastIoDispatch, DriverInit, DriverStartIo;
    VOID(NTAPI *DriverUnload)(struct _DRIVER_OBJECT *);
    PVOID MajorFunction[28];
} DRIVER_OBJECT;

NTSTATUS NTAPI CmRegisterCallback(PEX_CALLBACK_FUNCTION Function, PVOID Context, LONGLONG *Cookie);
NTSTATUS NTAPI CmRegisterCallbackEx(PEX_CALLBACK_FUNCTION Function, const UNICODE_STRING *Altitude,
                                    PVOID Driver, PVOID Context, LONGLONG *Cookie, PVOID Reserved);
NTSTATUS NTAPI CmUnRegisterCallback(LONGLONG Cookie);

/* Types that look the same on every build: names and order as in the WDK's headers and in
 * ntoskrnl's public PDBs. Only what debuggers and this project read. */
#pragma once

typedef unsigned short wchar_t;

struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; };
struct _SINGLE_LIST_ENTRY { struct _SINGLE_LIST_ENTRY *Next; };
struct _UNICODE_STRING { unsigned short Length, MaximumLength; wchar_t *Buffer; };
struct _STRING { unsigned short Length, MaximumLength; char *Buffer; };
struct _LARGE_INTEGER_PARTS { unsigned long LowPart; long HighPart; };
union _LARGE_INTEGER {
    unsigned long LowPart;
    struct _LARGE_INTEGER_PARTS u;
    long long QuadPart;
};
struct _CLIENT_ID { void *UniqueProcess, *UniqueThread; };
struct _EX_FAST_REF { void *Object; };
struct _EX_PUSH_LOCK { __UINTPTR_TYPE__ Value; };
struct _EX_RUNDOWN_REF { __UINTPTR_TYPE__ Count; };
struct _DISPATCHER_HEADER {
    unsigned char Type, Signalling, Size, Reserved1;
    long SignalState;
    struct _LIST_ENTRY WaitListHead;
};
struct _KSYSTEM_TIME { unsigned long LowPart; long High1Time, High2Time; };
struct _KAPC_STATE {
    struct _LIST_ENTRY ApcListHead[2];
    struct _KPROCESS *Process;
    unsigned char InProgressFlags, KernelApcPending, UserApcPending;
};
struct _POOL_HEADER {
#ifdef _WIN64
    unsigned short PreviousSize : 8, PoolIndex : 8, BlockSize : 8, PoolType : 8;
    unsigned long PoolTag;
    void *ProcessBilled;
#else
    unsigned short PreviousSize : 9, PoolIndex : 7, BlockSize : 9, PoolType : 7;
    unsigned long PoolTag;
#endif
};
enum _NT_PRODUCT_TYPE { NtProductWinNt = 1, NtProductLanManNt, NtProductServer };
struct _DBGKD_GET_VERSION64 {
    unsigned short MajorVersion, MinorVersion;
    unsigned char ProtocolVersion, KdSecondaryVersion;
    unsigned short Flags, MachineType;
    unsigned char MaxPacketType, MaxStateChange, MaxManipulate, Simulation;
    unsigned short Unused[1];
    unsigned long long KernBase, PsLoadedModuleList, DebuggerDataList;
};
struct _IMAGE_DOS_HEADER { unsigned short e_magic, e_skipped[29]; long e_lfanew; };

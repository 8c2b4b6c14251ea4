/* What the lab kernel's own files share. */
#pragma once
#include "ntdef.h"

#define PagedPool 1

typedef LONGLONG CM_COOKIE;

PVOID NTAPI ExAllocatePoolWithTag(ULONG PoolType, SIZE_T Size, ULONG Tag);
VOID NTAPI ExFreePoolWithTag(PVOID Block, ULONG Tag);
VOID NTAPI CmpInitCallbacks(VOID);
LONG NTAPI RtlCompareAltitudes(const UNICODE_STRING *First, const UNICODE_STRING *Second);
extern ULONG_PTR KiBugCheckData[5];

/* KUSER_SHARED_DATA.SystemTime, which the cookies count from. */
#ifdef _M_IX86
#define SHARED_SYSTEM_TIME (*(volatile LONGLONG *)0xFFDF0014)
#else
#define SHARED_SYSTEM_TIME (*(volatile LONGLONG *)0xFFFFF78000000014)
#endif

/* Pageable data of the configuration manager, apart from the data that the debugger needs. */
#define CM_DATA __attribute__((section("PAGEDATA")))

/* What a processor does that waits. LAB_RUNS: this kernel is run, and its machine (../kd) lets
 * another thread go on. */
#ifdef LAB_RUNS
#define YIELD_PROCESSOR() __asm__ volatile("hlt")
#else
#define YIELD_PROCESSOR() __sync_synchronize()
#endif

#define FIELD(type, object, offset) (*(type *)((UCHAR *)(object) + (offset)))

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY;

/* Locks of a kernel whose machine changes threads at YIELD_PROCESSOR alone. */
static inline VOID Acquire(volatile ULONG_PTR *Lock) {
    while (__sync_lock_test_and_set(Lock, 1))
        YIELD_PROCESSOR();
}

static inline VOID Release(volatile ULONG_PTR *Lock) {
    __sync_lock_release(Lock);
}

/* InterlockedIncrement and -Decrement, as compilers make them: x64 names the number, x86 takes its
 * address into a register (both read in Microsoft's kernels). COUNT_OTHERWISE: the other way round.
 * On ARM64 a loop, or ldadd where the processor may be one of ARMv8.1. */
#if defined(_M_ARM64) || defined(_M_IX86) == defined(COUNT_OTHERWISE)
#define COUNT(Number, By) ((VOID)__sync_fetch_and_add(&(Number), (By)))
#else
#define COUNT(Number, By)                                                                          \
    do {                                                                                           \
        ULONG *Counted = &(Number), Added = (By);                                                  \
        __asm__ volatile("" : "+r"(Counted));                                                      \
        __asm__ volatile("lock; xaddl %0, %1" : "+r"(Added), "+m"(*Counted) : : "memory");         \
    } while (0)
#endif

/* Of the processor's KPCR. */
static inline PVOID KeGetCurrentThread(VOID) {
    PVOID Thread;
#if defined(_M_IX86)
    __asm__ volatile("movl %%fs:0x124, %0" : "=r"(Thread));
#elif defined(_M_ARM64)
    __asm__ volatile("ldr %0, [x18, #0x988]" : "=r"(Thread));
#else
    __asm__ volatile("movq %%gs:0x188, %0" : "=r"(Thread));
#endif
    return Thread;
}

/* Control Flow Guard: what code that is compiled for it calls before an indirect call, or in its place.
 * Every target is a good one here. */

#if defined(_M_X64)
/* The target is in rax. */
__attribute__((naked)) void _guard_dispatch_icall(void) {
    __asm__("jmp *%rax");
}

/* What 24H2 calls, without the pointer. */
__attribute__((naked)) void _guard_dispatch_icall_no_overrides(void) {
    __asm__("jmp *%rax");
}

void (*__guard_dispatch_icall_fptr)(void) = _guard_dispatch_icall;
void (*__guard_check_icall_fptr)(void) = _guard_dispatch_icall;
#else
/* The target is in x15, or in ecx, and is called by who asks. */
__attribute__((naked)) void _guard_check_icall(void) {
    __asm__("ret");
}

void (*__guard_check_icall_fptr)(void) = _guard_check_icall;
#endif

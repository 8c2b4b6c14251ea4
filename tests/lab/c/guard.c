/* Control Flow Guard's dispatch, which code compiled for it calls with the target in rax. Every target
 * is a good one here. */

__attribute__((naked)) void _guard_dispatch_icall(void) {
    __asm__("jmp *%rax");
}

/* What 24H2 calls, without the pointer. */
__attribute__((naked)) void _guard_dispatch_icall_no_overrides(void) {
    __asm__("jmp *%rax");
}

void (*__guard_dispatch_icall_fptr)(void) = _guard_dispatch_icall;
void (*__guard_check_icall_fptr)(void) = _guard_dispatch_icall;

/* A kernel's loop over its callbacks, in the ways that compilers and control flow guards shape it.
 * WAY: 0 plain, 1 an internal callback's argument is another, 4 so by a branch, 2 blocks are found
 * by nodes as CMci; and what must not be taken for one of these: 3 the argument is made anew for
 * each, 5 a flag of which nothing is known chooses it. */
typedef struct block {
    struct block *next, *previous;
    int uses, flags;
    long long cookie;
    void *context;
    long (__stdcall *function)(void *, void *, void *);
} block;
typedef struct node {
    struct node *next, *previous;
    void *other;
    block *block;
} node;

void before(void *);
void after(block *, long);
extern void *made(block *);

long call_callbacks(unsigned number, void *information, void *extended, block *head) {
    long status = 0;
#if WAY == 2
    for (node *each = ((node *)head)->next; each != (node *)head; each = each->next)
        status |= each->block->function(each->block->context, (void *)(__UINTPTR_TYPE__)number,
                                        information);
#else
    for (block *each = head->next; each != head; each = each->next) {
        before(each);
#if WAY == 1
        status = each->function(each->context, (void *)(__UINTPTR_TYPE__)number,
                                each->flags & 1 ? extended : information);
#elif WAY == 4
        void *argument = information;
        if (each->flags & 1) {
            __asm__ volatile(""); /* keeps the compiler from a conditional move */
            argument = extended;
        }
        status = each->function(each->context, (void *)(__UINTPTR_TYPE__)number, argument);
#elif WAY == 5
        status = each->function(each->context, (void *)(__UINTPTR_TYPE__)number,
                                each->flags & 2 ? extended : information);
#elif WAY == 3
        status = each->function(each->context, (void *)(__UINTPTR_TYPE__)number, made(each));
#else
        status = each->function(each->context, (void *)(__UINTPTR_TYPE__)number, information);
#endif
        after(each, status);
        if (status < 0)
            break;
    }
#endif
    return status;
}

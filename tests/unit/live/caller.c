/* Calls a function of six arguments, and one of three, as the kernel calls a callback. */
typedef long(__stdcall *six)(void *, void *, void *, void *, void *, void *);
typedef long(__stdcall *three)(void *, void *, void *);
#define ARGUMENT(number) ((void *)(__UINTPTR_TYPE__)(0x1000 + (number)))

long caller(void *callee) {
    long first = ((six)callee)(ARGUMENT(1), ARGUMENT(2), ARGUMENT(3), ARGUMENT(4), ARGUMENT(5),
                               ARGUMENT(6));
    long second = ((three)callee)(ARGUMENT(1), ARGUMENT(2), ARGUMENT(3));
    return first * 10 + second;
}

/* Preloaded into Wine's server: it lets the others run before it looks at a socket again.

   Of a socket that has something to read it asks epoll and peeks, over and over, until the program
   that waits for it has been there. On the processor that they share, that program gets its turn
   when the server's time is up, milliseconds later; the engine waits so at each of its reads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>

ssize_t recv(int Socket, void *Buffer, size_t Size, int Flags) {
    static ssize_t (*Recv)(int, void *, size_t, int);
    if (!Recv)
        Recv = (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
    if (Flags & MSG_PEEK)
        sched_yield();
    return Recv(Socket, Buffer, Size, Flags);
}

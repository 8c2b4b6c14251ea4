/* Functions and data as C names them: public, static, of every x86 calling convention.
 *
 * No name is 8 bytes long when linked: lld 14 puts those into a wrong bucket of the hash table.
 */

#ifdef _M_IX86
#define STDCALL __stdcall
#define FASTCALL __fastcall
#else
#define STDCALL
#define FASTCALL
#endif
#define KEPT __attribute__((noinline, used))

volatile int sink;
int global_data = 5;
int _underscored_data = 6;

KEPT static int StaticHelper(int a) { sink += a * 3; return sink ^ 0x55; }
KEPT int STDCALL CmRegisterCallback(int a, int b, int c) { return StaticHelper(a) + b * c; }
KEPT int FASTCALL FastOne(int a, int b) { return StaticHelper(a) * b + 7; }
KEPT int CdeclFunction(int a) { return StaticHelper(a) - 1; }
KEPT int _Underscored(int a) { return StaticHelper(a) - 2; }
KEPT int Twin(int a) { return StaticHelper(a) - 3; }
int ATwin(int a) __attribute__((alias("Twin")));
KEPT static int STDCALL StaticCallback(void *a, void *b, void *c) { return StaticHelper(a == b) + (c != 0); }

extern int UseClasses(int a);

int STDCALL DriverEntry(void *driver, void *path)
{
    return CmRegisterCallback(1, 2, 3) + FastOne(1, 2) + CdeclFunction(1) + _Underscored(2) + Twin(3) +
           StaticCallback(driver, path, 0) + UseClasses(global_data + _underscored_data);
}

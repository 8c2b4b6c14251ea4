/*
 * pykd asks mscoree.dll for the CLR's debugging interface and does not start without it. Wine's
 * mscoree has none; this one answers with an object whose methods all say E_NOTIMPL.
 */
#include <windows.h>

static HRESULT WINAPI NotImplemented(void *This)
{
    (void)This;
    return E_NOTIMPL;
}

static HRESULT WINAPI QueryInterface(void *This, REFIID Interface, void **Object)
{
    (void)Interface;
    *Object = This;
    return S_OK;
}

static ULONG WINAPI StayAlive(void *This)
{
    (void)This;
    return 1;
}

static void *Methods[64] = {(void *)QueryInterface, (void *)StayAlive, (void *)StayAlive};
static void **Instance = Methods;

__declspec(dllexport) HRESULT WINAPI CLRCreateInstance(REFCLSID Class, REFIID Interface, void **Object)
{
    int Index;

    (void)Class;
    (void)Interface;
    for (Index = 3; Index < 64; Index++) {
        Methods[Index] = (void *)NotImplemented;
    }
    *Object = &Instance;
    return S_OK;
}

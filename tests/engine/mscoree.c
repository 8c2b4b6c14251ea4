/* pykd asks mscoree.dll for .NET's debugging interface when it initialises, and fails without an
 * answer. Wine's own mscoree has none; this one answers with an object whose every method says no. */
#include <windows.h>

struct Debugging;

struct DebuggingMethods {
    HRESULT(WINAPI *QueryInterface)(struct Debugging *, REFIID, void **);
    ULONG(WINAPI *AddRef)(struct Debugging *);
    ULONG(WINAPI *Release)(struct Debugging *);
    /* ICLRDebugging, metahost.h of the .NET SDK */
    HRESULT(WINAPI *OpenVirtualProcess)(void);
    HRESULT(WINAPI *CanUnloadNow)(void);
};

struct Debugging {
    const struct DebuggingMethods *methods;
};

static HRESULT WINAPI QueryInterface(struct Debugging *self, REFIID id, void **out)
{
    *out = self;
    return S_OK;
}

/* The object is static: it is never freed, so nobody need count. */
static ULONG WINAPI CountReference(struct Debugging *self)
{
    return 1;
}

static HRESULT WINAPI NotImplemented(void)
{
    return E_NOTIMPL;
}

static const struct DebuggingMethods methods = {
    QueryInterface, CountReference, CountReference, NotImplemented, NotImplemented,
};

static struct Debugging debugging = { &methods };

__declspec(dllexport) HRESULT WINAPI CLRCreateInstance(REFCLSID class_id, REFIID id, void **out)
{
    *out = &debugging;
    return S_OK;
}

/* kdexts.dll for tests: pykd's wheel brings the engine without Windows' own extension for kernels.
 *
 * Of the commands that regcb's links run it has the names and what their documentation says they
 * take: it looks at the arguments, and not at the target. */
#include "engine.h"

static HRESULT answer(IDebugClient *client, const char *command, const char *address)
{
    IDebugControl3 *control;
    DEBUG_VALUE value;
    ULONG behind;
    CALL(client, QueryInterface, &IID_IDebugControl3, (void **)&control);
    if (CALL(control, Evaluate, address, DEBUG_VALUE_INT64, &value, &behind) == S_OK)
        CALL(control, ControlledOutput, DEBUG_OUTCTL_AMBIENT_TEXT, DEBUG_OUTPUT_NORMAL,
             "!%s of %I64x%s\n", command, value.I64, address + behind);
    else
        CALL(control, ControlledOutput, DEBUG_OUTCTL_AMBIENT_TEXT, DEBUG_OUTPUT_ERROR,
             "Syntax error in !%s %s\n", command, address);
    CALL(control, Release);
    return S_OK;
}

#define COMMAND(name)                                                              \
    __declspec(dllexport) HRESULT CALLBACK name(IDebugClient *client, PCSTR words) \
    {                                                                              \
        return answer(client, #name, words);                                       \
    }

COMMAND(drvobj)
COMMAND(object)
COMMAND(pool)
COMMAND(process)
COMMAND(sd)
COMMAND(thread)
COMMAND(token)

__declspec(dllexport) HRESULT CALLBACK reg(IDebugClient *client, PCSTR words)
{
    const char *address = strchr(words, ' ');
    int is_known = !strncmp(words, "kbody ", 6) || !strncmp(words, "kcb ", 4);
    return answer(client, "reg", is_known ? address + 1 : "");
}

__declspec(dllexport) HRESULT CALLBACK DebugExtensionInitialize(ULONG *version, ULONG *flags)
{
    *version = DEBUG_EXTENSION_VERSION(1, 0);
    *flags = 0;
    return S_OK;
}

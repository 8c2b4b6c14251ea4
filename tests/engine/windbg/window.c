/* window.exe SYMBOLS DUMP, window.exe SYMBOLS -k CONNECTION: a debugger's command window for tests.
 *
 * Each line of standard input is a command. What it shows comes to standard output as DML, both in
 * UTF-8, and a line with the character 0x1e alone ends it. The line with the character 3 alone is
 * Ctrl+Break: it is pressed at once, whatever runs. */
#include <stdio.h>

#include "engine.h"

#define LONGEST 0x10000

static const char end_of_output[] = "\n\x1e\n";
static const char ctrl_break[] = "\x03";

typedef struct Window {
    const struct WindowMethods {
        HRESULT(WINAPI *QueryInterface)(struct Window *, REFIID, void **);
        ULONG(WINAPI *AddRef)(struct Window *);
        ULONG(WINAPI *Release)(struct Window *);
        HRESULT(WINAPI *Output)(struct Window *, ULONG mask, PCSTR);
        HRESULT(WINAPI *GetInterestMask)(struct Window *, ULONG *mask);
        HRESULT(WINAPI *Output2)(struct Window *, ULONG which, ULONG flags, ULONG64 mask, PCWSTR);
    } *methods;
} Window;

static void show(const char *bytes, size_t size)
{
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, (DWORD)size, &written, NULL);
}

static HRESULT WINAPI QueryInterface(Window *self, REFIID id, void **out)
{
    BOOL known = IsEqualIID(id, &IID_IUnknown) || IsEqualIID(id, &IID_IDebugOutputCallbacks) ||
                 IsEqualIID(id, &IID_IDebugOutputCallbacks2);
    *out = known ? self : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

/* The only window is static. */
static ULONG WINAPI CountReference(Window *self)
{
    return 1;
}

static HRESULT WINAPI Output(Window *self, ULONG mask, PCSTR text)
{
    return S_OK; /* comes to Output2 */
}

static HRESULT WINAPI GetInterestMask(Window *self, ULONG *mask)
{
    *mask = DEBUG_OUTCBI_DML;
    return S_OK;
}

static HRESULT WINAPI Output2(Window *self, ULONG which, ULONG flags, ULONG64 mask, PCWSTR dml)
{
    static char bytes[4 * LONGEST];
    if (dml && *dml) {
        int size = WideCharToMultiByte(CP_UTF8, 0, dml, -1, bytes, sizeof bytes, NULL, NULL);
        show(bytes, size - 1);
    }
    return S_OK;
}

static const struct WindowMethods methods = {
    QueryInterface, CountReference, CountReference, Output, GetInterestMask, Output2,
};

static Window window = { &methods };

static IDebugControl3 *control;
static IDebugControl4 *wide;
static char line[LONGEST];
static HANDLE line_is_there, line_is_taken;

static void fail(const char *what, HRESULT result)
{
    fprintf(stderr, "%s: %#lx\n", what, (unsigned long)result);
    ExitProcess(1);
}

static HRESULT wait_for_event(void)
{
    return CALL(control, WaitForEvent, 0, INFINITE);
}

/* Of its own thread: so a command can be interrupted. An empty line is the end of the input. */
static DWORD WINAPI read_lines(void *nothing)
{
    static char read[LONGEST];
    while (fgets(read, sizeof read, stdin)) {
        read[strcspn(read, "\r\n")] = 0;
        if (!strcmp(read, ctrl_break)) {
            CALL(control, SetInterrupt, DEBUG_INTERRUPT_ACTIVE);
            continue;
        }
        WaitForSingleObject(line_is_taken, INFINITE);
        strcpy(line, read);
        SetEvent(line_is_there);
    }
    WaitForSingleObject(line_is_taken, INFINITE);
    *line = 0;
    SetEvent(line_is_there);
    return 0;
}

static void execute(IDebugClient *client)
{
    static WCHAR command[LONGEST];
    ULONG status;
    MultiByteToWideChar(CP_UTF8, 0, line, -1, command, LONGEST);
    CALL(control, GetInterrupt); /* forgets the key that was pressed too late */
    CALL(wide, ExecuteWide, DEBUG_OUTCTL_ALL_CLIENTS, command,
                                  DEBUG_EXECUTE_NO_REPEAT);
    CALL(control, GetExecutionStatus, &status);
    if (status != DEBUG_STATUS_BREAK && status != DEBUG_STATUS_NO_DEBUGGEE)
        wait_for_event(); /* as a window does after g */
    CALL(client, FlushCallbacks);
}

static void open_target(IDebugClient *client, const char *connection, const char *dump)
{
    HRESULT result;
    if (connection) {
        CALL(control, AddEngineOptions, DEBUG_ENGOPT_INITIAL_BREAK);
        result = CALL(client, AttachKernel, DEBUG_ATTACH_KERNEL_CONNECTION, connection);
    } else {
        result = CALL(client, OpenDumpFile, dump);
    }
    if (result == S_OK)
        result = wait_for_event();
    if (result != S_OK)
        fail(connection ? connection : dump, result);
}

int main(int count, char **words)
{
    IDebugClient *client;
    IDebugSymbols *symbols;
    HRESULT result = DebugCreate(&IID_IDebugClient, (void **)&client);
    if (result != S_OK)
        fail("DebugCreate", result);
    CALL(client, QueryInterface, &IID_IDebugControl3, (void **)&control);
    CALL(client, QueryInterface, &IID_IDebugControl4, (void **)&wide);
    CALL(client, QueryInterface, &IID_IDebugSymbols, (void **)&symbols);
    CALL(client, SetOutputCallbacks, (IDebugOutputCallbacks *)&window);
    CALL(symbols, SetSymbolPath, words[1]);
    open_target(client, count > 3 ? words[3] : NULL, words[2]);
    CALL(client, FlushCallbacks);
    show(end_of_output, sizeof end_of_output - 1);

    line_is_there = CreateEventW(NULL, FALSE, FALSE, NULL);
    line_is_taken = CreateEventW(NULL, FALSE, TRUE, NULL);
    CreateThread(NULL, 0, read_lines, NULL, 0, NULL);
    for (;;) {
        WaitForSingleObject(line_is_there, INFINITE);
        if (!*line)
            break;
        execute(client);
        show(end_of_output, sizeof end_of_output - 1);
        SetEvent(line_is_taken);
    }
    CALL(client, EndSession, DEBUG_END_ACTIVE_DETACH);
    ExitProcess(0);
}

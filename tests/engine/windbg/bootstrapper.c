/* pykd.dll for tests: the command !py, which calls Python as the pykd bootstrapper does.
 *
 * What it does is what pykd-ext's source says of itself (sources/windbgext.cpp, arglist.cpp,
 * pyinterpret.cpp, dbgout.h); left out: other versions of Python than the one it is linked with,
 * --global, the interactive console. */
#include <stdio.h>

#include "engine.h"

typedef struct PyObject PyObject;
typedef struct PyThreadState PyThreadState;
typedef struct {
    const char *name;
    PyObject *(*call)(PyObject *, PyObject *);
    int flags;
    const char *doc;
} PyMethodDef;

#define METH_O 8
#define Py_file_input 257

#define PYTHON __declspec(dllimport) extern
PYTHON PyObject *PyExc_SystemExit;
PYTHON PyObject _Py_NoneStruct;
PYTHON void Py_Initialize(void);
PYTHON PyThreadState *Py_NewInterpreter(void);
PYTHON void Py_EndInterpreter(PyThreadState *);
PYTHON PyThreadState *PyEval_SaveThread(void);
PYTHON void PyEval_RestoreThread(PyThreadState *);
PYTHON PyThreadState *PyThreadState_Swap(PyThreadState *);
PYTHON int PyGILState_Ensure(void);
PYTHON void PyGILState_Release(int);
PYTHON int Py_AddPendingCall(int (*)(void *), void *);
PYTHON void Py_IncRef(PyObject *);
PYTHON void PyErr_SetString(PyObject *, const char *);
PYTHON void PyErr_Fetch(PyObject **, PyObject **, PyObject **);
PYTHON void PyErr_NormalizeException(PyObject **, PyObject **, PyObject **);
PYTHON void PyErr_Clear(void);
PYTHON PyObject *PyImport_ImportModule(const char *);
PYTHON PyObject *PyObject_GetAttrString(PyObject *, const char *);
PYTHON PyObject *PyObject_CallMethod(PyObject *, const char *, const char *, ...);
PYTHON PyObject *PyDict_New(void);
PYTHON int PyDict_SetItemString(PyObject *, const char *, PyObject *);
PYTHON void PyDict_Clear(PyObject *);
PYTHON ptrdiff_t PyList_Size(PyObject *);
PYTHON PyObject *PyList_GetItem(PyObject *, ptrdiff_t);
PYTHON PyObject *PyCFunction_NewEx(PyMethodDef *, PyObject *, PyObject *);
PYTHON int PySys_SetObject(const char *, PyObject *);
PYTHON void PySys_SetArgv(int, wchar_t **);
PYTHON PyObject *PyRun_StringFlags(const char *, int, PyObject *, PyObject *, void *);
PYTHON PyObject *PyRun_FileExFlags(FILE *, const char *, int, PyObject *, PyObject *, int, void *);
PYTHON FILE *_Py_fopen_obj(PyObject *, const char *);
PYTHON PyObject *PyUnicode_FromString(const char *);
PYTHON ptrdiff_t PyUnicode_AsWideChar(PyObject *, wchar_t *, ptrdiff_t);

#define MOST_WORDS 64
#define LONGEST 0x10000

static const char version[] = "-3.9";
static PyThreadState *main_interpreter; /* nothing runs in it, between commands */
static IDebugControl3 *control;
static IDebugControl4 *wide;

/* The command window, as Python's standard streams. */

static PyObject *show(ULONG how, PyObject *text)
{
    static wchar_t shown[LONGEST];
    PyThreadState *state;
    ptrdiff_t length = PyUnicode_AsWideChar(text, shown, LONGEST - 1);
    if (length < 0)
        return NULL;
    shown[length] = 0;
    state = PyEval_SaveThread();
    CALL(wide, ControlledOutputWide, how, DEBUG_OUTPUT_NORMAL, L"%ws", shown);
    PyEval_RestoreThread(state);
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static PyObject *show_text(PyObject *self, PyObject *text)
{
    return show(DEBUG_OUTCTL_AMBIENT_TEXT, text);
}

static PyObject *show_dml(PyObject *self, PyObject *text)
{
    return show(DEBUG_OUTCTL_AMBIENT_DML, text);
}

static PyMethodDef text_method = { "show_text", show_text, METH_O, NULL };
static PyMethodDef dml_method = { "show_dml", show_dml, METH_O, NULL };

static const char streams[] =
    "import sys\n"
    "class dbgout:\n"
    "    encoding, closed = 'ascii', False\n"
    "    def write(self, text): show_text(text)\n"
    "    def writedml(self, text): show_dml(text)\n"
    "    def flush(self): pass\n"
    "    def isatty(self): return False\n"
    "class dbgin:\n"
    "    encoding, closed = 'ascii', False\n"
    "    def readline(self): return '\\n'\n"
    "    def isatty(self): return False\n"
    "sys.stdout, sys.stderr, sys.stdin = dbgout(), dbgout(), dbgin()\n";

static void run(const char *program, PyObject *globals)
{
    PyRun_StringFlags(program, Py_file_input, globals, globals, NULL);
}

static void set_streams(void)
{
    PyObject *globals = PyDict_New();
    PyDict_SetItemString(globals, "show_text", PyCFunction_NewEx(&text_method, NULL, NULL));
    PyDict_SetItemString(globals, "show_dml", PyCFunction_NewEx(&dml_method, NULL, NULL));
    run(streams, globals);
}

/* Ctrl+Break: asked for four times a second, and told to Python's main interpreter. */

static HANDLE command_is_over;

static int quit(void *told)
{
    PyErr_SetString(PyExc_SystemExit, "CTRL+BREAK");
    SetEvent((HANDLE)told);
    return -1;
}

static DWORD WINAPI watch_for_interrupt(void *nothing)
{
    while (WaitForSingleObject(command_is_over, 250) == WAIT_TIMEOUT) {
        HANDLE told;
        int state;
        if (CALL(control, GetInterrupt) != S_OK)
            continue;
        told = CreateEventW(NULL, FALSE, FALSE, NULL);
        state = PyGILState_Ensure();
        Py_AddPendingCall(quit, told);
        PyGILState_Release(state);
        WaitForSingleObject(told, INFINITE);
        CloseHandle(told);
    }
    return 0;
}

/* The command line. */

static char *words[MOST_WORDS];
static int count;

/* At blanks that stand in no quotes; a backslash is nothing special, and empty words are lost. */
static void split(const char *arguments)
{
    static char text[LONGEST];
    char *end = text, *start = text;
    int is_quoted = 0;
    count = 0;
    for (; count < MOST_WORDS; ++arguments) {
        if (*arguments == '"') {
            is_quoted = !is_quoted;
        } else if (*arguments && (is_quoted || !strchr(" \t", *arguments))) {
            *end++ = *arguments;
        } else {
            *end++ = 0;
            if (*start)
                words[count++] = start;
            start = end;
            if (!*arguments)
                return;
        }
    }
}

static void drop_first(void)
{
    memmove(words, words + 1, --count * sizeof *words);
}

static int take(const char *option, const char *other)
{
    int is_there = count && (!strcmp(words[0], option) || !strcmp(words[0], other));
    if (is_there)
        drop_first();
    return is_there;
}

static void set_argv(const char *script)
{
    static wchar_t text[MOST_WORDS][LONGEST / 16];
    static wchar_t *argv[MOST_WORDS];
    for (int i = 0; i < count; ++i) {
        argv[i] = text[i];
        MultiByteToWideChar(CP_ACP, 0, i ? words[i] : script, -1, text[i], LONGEST / 16);
    }
    PySys_SetArgv(count, argv);
}

static void say(ULONG mask, const char *text)
{
    CALL(control, ControlledOutput, DEBUG_OUTCTL_AMBIENT_TEXT,
                                          mask, "%s\n", text);
}

/* What was not caught, but SystemExit itself. */
static void say_exception(void)
{
    PyObject *type = NULL, *value = NULL, *traceback = NULL, *lines;
    static char text[LONGEST];
    static wchar_t part[LONGEST];
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (!type || type == PyExc_SystemExit)
        return;
    lines = PyObject_CallMethod(PyImport_ImportModule("traceback"), "format_exception", "OOO",
                                type, value, traceback ? traceback : &_Py_NoneStruct);
    for (ptrdiff_t i = 0; lines && i < PyList_Size(lines); ++i) {
        ptrdiff_t length = PyUnicode_AsWideChar(PyList_GetItem(lines, i), part, LONGEST - 1);
        part[length] = 0;
        WideCharToMultiByte(CP_ACP, 0, part, -1, text, sizeof text, NULL, NULL);
        say(DEBUG_OUTPUT_ERROR, text);
    }
}

static void run_words(const char *script)
{
    static char program[LONGEST];
    PyObject *globals = PyObject_GetAttrString(PyImport_ImportModule("__main__"), "__dict__");
    HANDLE watch;
    set_streams();
    command_is_over = CreateEventW(NULL, TRUE, FALSE, NULL);
    watch = CreateThread(NULL, 0, watch_for_interrupt, NULL, 0, NULL);
    run("import sys\nsys.setrecursionlimit(500)\n", globals);
    set_argv(script ? script : "");
    if (script) {
        FILE *file = _Py_fopen_obj(PyUnicode_FromString(script), "r");
        PyRun_FileExFlags(file, script, Py_file_input, globals, globals, 1, NULL);
    } else {
        run("import runpy\n", globals);
        snprintf(program, sizeof program,
                 "runpy.run_module(\"%s\", run_name='__main__', alter_sys=True)\n", words[0]);
        run(program, globals);
    }
    say_exception();
    PyDict_Clear(globals);
    SetEvent(command_is_over);
    WaitForSingleObject(watch, INFINITE);
    CloseHandle(watch);
    CloseHandle(command_is_over);
}

static void initialize_pykd(void)
{
    PyObject *globals = PyObject_GetAttrString(PyImport_ImportModule("__main__"), "__dict__");
    run("__import__('pykd').initialize()\n", globals);
    PyErr_Clear();
}

__declspec(dllexport) HRESULT CALLBACK py(IDebugClient *client, PCSTR arguments)
{
    static LONG running;
    static char path[LONGEST];
    const char *script = NULL;
    PyThreadState *own;
    ULONG mask;
    split(arguments);
    take(version, "-3");
    if (!take("-m", "--module") && count) {
        script = path;
        if (!SearchPathA(NULL, words[0], ".py", sizeof path, path, NULL)) {
            CALL(control, ControlledOutput, DEBUG_OUTCTL_AMBIENT_TEXT, DEBUG_OUTPUT_ERROR,
                                                  "script not found: %s\n", words[0]);
            return S_OK;
        }
    }
    if (InterlockedIncrement(&running) > 1) {
        say(DEBUG_OUTPUT_ERROR, "can not run !py command recursive");
    } else {
        CALL(client, GetOutputMask, &mask);
        CALL(client, SetOutputMask, mask | DEBUG_OUTPUT_STATUS);
        PyEval_RestoreThread(main_interpreter);
        own = Py_NewInterpreter();
        run_words(script);
        Py_EndInterpreter(own);
        PyThreadState_Swap(main_interpreter);
        main_interpreter = PyEval_SaveThread();
        CALL(client, SetOutputMask, mask);
    }
    InterlockedDecrement(&running);
    return S_OK;
}

__declspec(dllexport) HRESULT CALLBACK DebugExtensionInitialize(ULONG *number, ULONG *flags)
{
    IDebugClient *client;
    *number = DEBUG_EXTENSION_VERSION(1, 0);
    *flags = 0;
    DebugCreate(&IID_IDebugClient, (void **)&client);
    CALL(client, QueryInterface, &IID_IDebugControl3, (void **)&control);
    CALL(client, QueryInterface, &IID_IDebugControl4, (void **)&wide);
    Py_Initialize();
    initialize_pykd();
    main_interpreter = PyEval_SaveThread();
    return S_OK;
}

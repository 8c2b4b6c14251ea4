/* What MinGW's dbgeng.h lacks of Microsoft's: how text with links is printed and received. */
#define INITGUID
#define CINTERFACE
#include <windows.h>

#include <dbgeng.h>

#define CALL(object, method, ...) ((object)->lpVtbl->method((object), ##__VA_ARGS__))

#define DEBUG_OUTCTL_AMBIENT_TEXT 0xffffffff
#define DEBUG_OUTCTL_AMBIENT_DML 0xfffffffe
#define DEBUG_OUTPUT_STATUS 0x400

#define DEBUG_OUTCBI_DML 4 /* an output callback's interest: everything as DML */

DEFINE_GUID(IID_IDebugControl4,
            0x94e60ce9, 0x9b41, 0x4b19, 0x9f, 0xc0, 0x6d, 0x9e, 0xb3, 0x52, 0x72, 0xb3);
DEFINE_GUID(IID_IDebugOutputCallbacks2,
            0x67721fe9, 0x56d2, 0x4a44, 0xa3, 0x25, 0x2b, 0x65, 0x51, 0x3c, 0xe6, 0xeb);

typedef struct IDebugControl4 {
    const struct {
        IDebugControl3Vtbl before;
        void *GetLogFileWide, *OpenLogFileWide, *InputWide, *ReturnInputWide;
        void *OutputWide, *OutputVaListWide;
        HRESULT(WINAPIV *ControlledOutputWide)
        (struct IDebugControl4 *, ULONG control, ULONG mask, PCWSTR format, ...);
        void *ControlledOutputVaListWide, *OutputPromptWide, *OutputPromptVaListWide;
        void *GetPromptTextWide, *AssembleWide, *DisassembleWide, *GetProcessorTypeNamesWide;
        void *GetTextMacroWide, *SetTextMacroWide, *EvaluateWide;
        HRESULT(WINAPI *ExecuteWide)
        (struct IDebugControl4 *, ULONG control, PCWSTR command, ULONG flags);
    } *lpVtbl;
} IDebugControl4;

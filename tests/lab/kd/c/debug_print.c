/* DbgPrintEx, with the conversions that the lab's drivers use: %d %x %08lX %p %s %wZ. */
#include "live.h"
#include "debug_service.h"

typedef struct _LINE {
    char Text[512];
    ULONG Length;
} LINE;

static VOID Put(LINE *Line, char Character) {
    if (Line->Length < sizeof(Line->Text))
        Line->Text[Line->Length++] = Character;
}

static VOID PutNumber(LINE *Line, ULONG_PTR Value, ULONG Base, ULONG Width, char Pad) {
    char Digits[20];
    ULONG Count = 0;
    do
        Digits[Count++] = "0123456789ABCDEF"[Value % Base];
    while ((Value /= Base) != 0);
    for (; Width > Count; Width--)
        Put(Line, Pad);
    while (Count)
        Put(Line, Digits[--Count]);
}

static VOID PutConversion(LINE *Line, char Conversion, ULONG Width, char Pad, ULONG_PTR Value) {
    const UNICODE_STRING *String = (const UNICODE_STRING *)Value;
    switch (Conversion) {
    case 'd':
        if ((LONG)Value < 0)
            Put(Line, '-');
        PutNumber(Line, (LONG)Value < 0 ? 0 - (ULONG)Value : (ULONG)Value, 10, Width, Pad);
        break;
    case 'x':
    case 'X':
        PutNumber(Line, (ULONG)Value, 16, Width, Pad);
        break;
    case 'p':
        PutNumber(Line, Value, 16, 2 * sizeof(PVOID), '0');
        break;
    case 's':
        for (const char *Text = (const char *)Value; *Text; Text++)
            Put(Line, *Text);
        break;
    case 'Z':
        for (ULONG Index = 0; Index < String->Length / 2u; Index++)
            Put(Line, String->Buffer[Index] < 0x80 ? (char)String->Buffer[Index] : '?');
        break;
    default:
        Put(Line, Conversion);
    }
}

static VOID Format(LINE *Line, const char *Text, __builtin_va_list Arguments) {
    for (; *Text; Text++) {
        ULONG Width = 0;
        char Pad = ' ';
        if (*Text != '%') {
            Put(Line, *Text);
            continue;
        }
        if (*++Text == '0')
            Pad = '0';
        for (; *Text >= '0' && *Text <= '9'; Text++)
            Width = Width * 10 + (ULONG)(*Text - '0');
        while (*Text == 'l' || *Text == 'w')
            Text++;
        if (!*Text)
            return;
        PutConversion(Line, *Text, Width, Pad, __builtin_va_arg(Arguments, ULONG_PTR));
    }
}

__attribute__((noinline)) ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, const char *Text, ...) {
    LINE Line;
    __builtin_va_list Arguments;
    (void)ComponentId, (void)Level;
    Line.Length = 0;
    __builtin_va_start(Arguments, Text);
    Format(&Line, Text, Arguments);
    __builtin_va_end(Arguments);
    DebugService(BREAKPOINT_PRINT, Line.Text, (PVOID)(ULONG_PTR)Line.Length);
    return STATUS_SUCCESS;
}

/*
 * Runs regprotect in a process: reads one command a line (tab-separated words, UTF-8), prints one
 * line of answer. A status is printed as 0x and eight digits.
 *
 *   start ALTITUDE STATUS KEY...   StartRegHook with this policy     -> status
 *   stop                           StopRegHook                       -> ok
 *   load                           DriverEntry with the service key  -> status
 *   unload                         the DriverUnload it set           -> ok
 *   value NAME TYPE [HEX]          a value of the service's Parameters key -> status
 *   mode user|kernel               ExGetPreviousMode's answer        -> ok
 *   occupy ALTITUDE / leave        another driver's registration     -> status / ok
 *   forget                         the kernel loses the registration -> ok
 *   failpool N                     the Nth allocation from now fails -> ok
 *   notify CLASS FIELD...          calls the callback; without fields, with no information -> status
 *   race CLASS FIELD...            the same, during the next registration or unregistration -> ok
 *   raced                          what the callback said to it      -> status
 *   decide CLASS PATH MODE ACCESS KEY...   DecideOperation alone     -> status
 *   state                          -> altitude=TEXT pool=N names=N stray=N
 *   reset                          everything as at the beginning    -> ok
 */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "notification.h"
#include "reghook.h"

#define MAX_WORDS 64
#define MAX_LINE 0x100000
#define MAX_KEYS 32
#define SERVICE L"\\Registry\\Machine\\Software\\regcb-test-regprotect"

DRIVER_INITIALIZE DriverEntry;

static DRIVER_OBJECT Driver;
static UNICODE_STRING Keys[MAX_KEYS];
static PROTECT_POLICY Policy;

static void Answer(NTSTATUS Status)
{
    printf("0x%08lx\n", (unsigned long)Status);
}

static void SetPolicy(const char *Status, char **KeyTexts)
{
    Policy.DenyStatus = (NTSTATUS)strtoul(Status, NULL, 16);
    for (Policy.KeyCount = 0; KeyTexts[Policy.KeyCount] != NULL; Policy.KeyCount++) {
        if (Policy.KeyCount == MAX_KEYS) {
            abort();
        }
        Keys[Policy.KeyCount] = *MakeString(KeyTexts[Policy.KeyCount]);
    }
    Policy.Keys = Keys;
}

static NTSTATUS OpenServiceKey(PCWSTR Name, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
}

static NTSTATUS SetParameter(const char *Name, const char *Type, const char *Hex)
{
    static UCHAR Data[MAX_LINE / 2];
    ULONG Size = 0;
    HANDLE Service;
    HANDLE Parameters;

    for (; Hex[0] != '\0'; Hex += 2) {
        char Byte[3] = {Hex[0], Hex[1], '\0'};

        Data[Size++] = (UCHAR)strtoul(Byte, NULL, 16);
    }
    if (!NT_SUCCESS(OpenServiceKey(SERVICE, &Service)) ||
        !NT_SUCCESS(OpenServiceKey(SERVICE L"\\Parameters", &Parameters))) {
        abort();
    }
    return ZwSetValueKey(Parameters, MakeString(Name), 0, strtoul(Type, NULL, 10), Data, Size);
}

static void RemoveServiceKeys(void)
{
    HANDLE Key;

    if (NT_SUCCESS(OpenServiceKey(SERVICE, &Key))) {
        HANDLE Parameters;

        if (NT_SUCCESS(OpenServiceKey(SERVICE L"\\Parameters", &Parameters))) {
            ZwDeleteKey(Parameters);
        }
        ZwDeleteKey(Key);
    }
}

static NTSTATUS LoadDriver(void)
{
    UNICODE_STRING RegistryPath;

    RtlInitUnicodeString(&RegistryPath, SERVICE);
    Driver.DriverUnload = NULL;
    return DriverEntry(&Driver, &RegistryPath);
}

static NTSTATUS Notify(REG_NOTIFY_CLASS Class, PVOID Information)
{
    REGISTRATION *Registration = FindRegistration(RegisterCallback);

    return Registration == NULL ? STATUS_NOT_FOUND
                                : CallRegistered(Registration, Class, Information);
}

static void PrintState(void)
{
    REGISTRATION *Registration = FindRegistration(RegisterCallback);

    printf("altitude=");
    if (Registration == NULL) {
        printf("none");
    } else {
        for (ULONG Index = 0; Index < Registration->Altitude.Length / sizeof(WCHAR); Index++) {
            putchar(Registration->Altitude.Buffer[Index]);
        }
    }
    printf(" pool=%lu names=%lu stray=%lu\n", PoolBlocks, KeyNames, StrayCookies);
}

static void Reset(void)
{
    if (Driver.DriverUnload != NULL) {
        Driver.DriverUnload(&Driver);
        Driver.DriverUnload = NULL;
    }
    StopRegHook();
    LeaveAltitude();
    RemoveServiceKeys();
    PreviousMode = UserMode;
    PoolFailure = 0;
    PoolBlocks = 0;
    KeyNames = 0;
    StrayCookies = 0;
    RtlZeroMemory(&Racing, sizeof(Racing));
}

static void Run(char **Words)
{
    const char *Command = Words[0];

    if (strcmp(Command, "start") == 0) {
        SetPolicy(Words[2], Words + 3);
        Answer(StartRegHook(&Driver, MakeString(Words[1]), &Policy));
        return;
    }
    if (strcmp(Command, "load") == 0) {
        Answer(LoadDriver());
        return;
    }
    if (strcmp(Command, "value") == 0) {
        Answer(SetParameter(Words[1], Words[2], Words[3] == NULL ? "" : Words[3]));
        return;
    }
    if (strcmp(Command, "occupy") == 0) {
        Answer(OccupyAltitude(MakeString(Words[1])));
        return;
    }
    if (strcmp(Command, "notify") == 0) {
        REG_NOTIFY_CLASS Class = atoi(Words[1]);

        Answer(Notify(Class, MakeInformation(Class, Words + 2)));
        return;
    }
    if (strcmp(Command, "raced") == 0) {
        Answer(Racing.Status);
        return;
    }
    if (strcmp(Command, "decide") == 0) {
        KPROCESSOR_MODE Mode = strcmp(Words[3], "kernel") == 0 ? KernelMode : UserMode;

        SetPolicy("c0000022", Words + 5);
        Answer(DecideOperation(&Policy, atoi(Words[1]), MakeString(Words[2]), Mode,
                               strtoul(Words[4], NULL, 16)));
        return;
    }
    if (strcmp(Command, "state") == 0) {
        PrintState();
        return;
    }

    if (strcmp(Command, "reset") == 0) {
        Reset();
    } else if (strcmp(Command, "stop") == 0) {
        StopRegHook();
    } else if (strcmp(Command, "unload") == 0) {
        Driver.DriverUnload(&Driver);
    } else if (strcmp(Command, "mode") == 0) {
        PreviousMode = strcmp(Words[1], "kernel") == 0 ? KernelMode : UserMode;
    } else if (strcmp(Command, "leave") == 0) {
        LeaveAltitude();
    } else if (strcmp(Command, "forget") == 0) {
        ForgetRegistration(RegisterCallback);
    } else if (strcmp(Command, "failpool") == 0) {
        PoolFailure = strtoul(Words[1], NULL, 10);
    } else if (strcmp(Command, "race") == 0) {
        Racing.Class = atoi(Words[1]);
        Racing.Information = MakeInformation(Racing.Class, Words + 2);
        Racing.Status = STATUS_PENDING;
        Racing.Pending = TRUE;
    } else {
        printf("unknown command\n");
        return;
    }
    printf("ok\n");
}

int main(void)
{
    static char Line[MAX_LINE];
    char *Words[MAX_WORDS + 1];

    setvbuf(stdout, NULL, _IONBF, 0);
    while (fgets(Line, sizeof(Line), stdin) != NULL) {
        int Count = 0;

        Line[strcspn(Line, "\r\n")] = '\0';
        for (char *Word = strtok(Line, "\t"); Word != NULL && Count < MAX_WORDS;
             Word = strtok(NULL, "\t")) {
            Words[Count++] = Word;
        }
        for (int Index = Count; Index <= MAX_WORDS; Index++) {
            Words[Index] = NULL;
        }
        Run(Words);
    }
    return 0;
}

/* A registry as its key objects show it: object headers and CM_KEY_BODYs, the key control blocks up
 * to \REGISTRY, and their names. types.h has the build's layouts.
 *
 * A TRUTH record beside each key object says what it is; those stay out of the dump.
 */
#include "types.h"

#define NULL ((void *)0)
#define OFFSET(type, field) __builtin_offsetof(struct type, field)

_Static_assert(OFFSET(_OBJECT_HEADER, Body) == OBJECT_BODY, "the body behind the header");

#define KEY_BODY_TYPE 0x6B793032 /* 'ky02' */
#define KEY_HIVE_ENTRY 0x0004
#define KEY_VIRT_TARGET 0x0100
#define HCELL_NIL 0xFFFFFFFF

/* Who opened the keys: ../processes.py. */
#define SYSTEM 4
#define SERVICES 0x2AC
#define REGEDIT 0x1A3C

#define HAS_CACHED_NAME (LAB_BUILD >= 6000)
#define HAS_STATES (LAB_BUILD >= 7600)   /* HiveUnloaded; Vista's bit of Delete is not known */
#define HAS_BODY_STATES (LAB_BUILD >= 10240)
#define HAS_HIVE_ROOTS (LAB_BUILD >= 14393) /* a KCB for a hive's root below its mount point's */
#define HAS_LAYERS (LAB_BUILD >= 14393)

#if LAB_BUILD >= 14393
#define DELETED .Discarded = 1, .KeyCell = HCELL_NIL
#elif LAB_BUILD >= 7600 || LAB_BUILD < 6000
#define DELETED .Delete = 1, .KeyCell = HCELL_NIL
#else
#define DELETED .KeyCell = HCELL_NIL
#endif

/* CM_NAME_CONTROL_BLOCK with its name to the end. Bit 0 is Compressed: a byte a character. */
#define NAME(symbol, type, compressed, text)                                                       \
    struct {                                                                                       \
        unsigned long Compressed;                                                                  \
        unsigned char Skipped[OFFSET(_CM_NAME_CONTROL_BLOCK, NameLength) - sizeof(long)];          \
        unsigned short NameLength;                                                                 \
        type Name[sizeof(text) / sizeof(type) - 1];                                                \
    } Name##symbol = {compressed, {0}, sizeof(text) - sizeof(type), text};                         \
    _Static_assert(__builtin_offsetof(__typeof__(Name##symbol), Name) ==                           \
                   OFFSET(_CM_NAME_CONTROL_BLOCK, Name), #symbol);

#define LAST_WRITE 0x01DC5C5E3C8A4000ULL /* 23 November 2025 */

#define BLOCK(symbol, parent, ...)                                                                 \
    struct _CM_KEY_CONTROL_BLOCK Kcb##symbol = {                                                   \
        .RefCount = 2, .KcbLastWriteTime = LAST_WRITE, .ParentKcb = parent,                       \
        .NameBlock = (void *)&Name##symbol, .KeyCell = 0x20, __VA_ARGS__};

/* A key control block; what follows the name are more of its fields. */
#define KCB(symbol, parent, text, ...)                                                             \
    NAME(symbol, char, 1, text)                                                                    \
    BLOCK(symbol, &Kcb##parent, __VA_ARGS__)

/* A hive's mount point, and its root from 1607 on. PARENT is what its keys have for one. */
#if HAS_HIVE_ROOTS
#define HIVE(symbol, parent, text, ...)                                                            \
    KCB(symbol, parent, text)                                                                      \
    KCB(symbol##Root, symbol, "ROOT", .Flags = KEY_HIVE_ENTRY, __VA_ARGS__)
#else
#define HIVE(symbol, parent, text, ...)                                                            \
    KCB(symbol, parent, text, .Flags = KEY_HIVE_ENTRY, __VA_ARGS__)                                \
    extern struct _CM_KEY_CONTROL_BLOCK Kcb##symbol##Root __attribute__((alias("Kcb" #symbol)));
#endif

/* FullKCBName, the true case; bit 0 of the pointer is set where a rename has made it stale. */
#if HAS_CACHED_NAME
#define CACHED_NAME(symbol, text)                                                           \
    wchar_t Text##symbol[] = text;                                                                 \
    struct _UNICODE_STRING Full##symbol = {sizeof(text) - 2, sizeof(text), Text##symbol};
#define CACHED(symbol, stale) .FullKCBName = (void *)((unsigned char *)&Full##symbol + (stale))
#define PATH(true_case, upper_case) true_case
#else
#define CACHED_NAME(symbol, text)
#define CACHED(symbol, stale)
#define PATH(true_case, upper_case) upper_case, .UpperCased = 1
#endif

/* Read by ../keys.py. */
struct KEY_TRUTH {
    void *Object, *KeyControlBlock;
    unsigned long ProcessId;
    unsigned char UpperCased, Deleted, HiveUnloaded, Virtualised, Layer;
    wchar_t Path[128];
};
#define TRUTH __attribute__((section("TRUTH"), used))

#if LAB_BUILD >= 6000
#define CONTEXTS(symbol) \
    .ContextListHead = {(void *)&Key##symbol.Body.ContextListHead, \
                        (void *)&Key##symbol.Body.ContextListHead},
#else
#define CONTEXTS(symbol)
#endif

/* Aligned like a block of pool: handle tables keep other bits in the low ones of the header's VA. */
#define KEY_BODY(symbol, kcb, pid, ...)                                                            \
    struct {                                                                                       \
        unsigned char Header[OBJECT_BODY];                                                         \
        struct _CM_KEY_BODY Body;                                                                  \
    } Key##symbol __attribute__((aligned(2 * sizeof(void *)))) = {                                 \
        {0}, {.Type = KEY_BODY_TYPE, .KeyControlBlock = &Kcb##kcb, CONTEXTS(symbol)                \
              .ProcessID = (void *)pid, __VA_ARGS__}};

/* The path comes last, and behind it more fields of the record. */
#define KEY_TRUTH(symbol, kcb, pid, ...)                                                           \
    struct KEY_TRUTH Truth##symbol TRUTH = {                                                       \
        .Object = &Key##symbol.Body, .KeyControlBlock = &Kcb##kcb, .ProcessId = pid,               \
        .Path = __VA_ARGS__};

NAME(Registry, char, 1, "REGISTRY")
BLOCK(Registry, NULL, .Flags = KEY_HIVE_ENTRY)

CACHED_NAME(Machine, L"\\REGISTRY\\MACHINE")
KCB(Machine, Registry, "MACHINE", CACHED(Machine, 0))
KEY_BODY(Machine, Machine, SYSTEM)
KEY_TRUTH(Machine, Machine, SYSTEM, PATH(L"\\REGISTRY\\MACHINE", L"\\REGISTRY\\MACHINE"))

KCB(User, Registry, "USER")

/* Names from name blocks alone. */
HIVE(System, Machine, "SYSTEM")
KCB(Select, SystemRoot, "SELECT")
KEY_BODY(Select, Select, SYSTEM)
KEY_TRUTH(Select, Select, SYSTEM, L"\\REGISTRY\\MACHINE\\SYSTEM\\SELECT", .UpperCased = 1)

#define SERVICE_PATH L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Avfilter"
KCB(ControlSet, SystemRoot, "CONTROLSET001")
KCB(Services, ControlSet, "SERVICES")
CACHED_NAME(Service, SERVICE_PATH)
KCB(Service, Services, "AVFILTER", CACHED(Service, 0))
KEY_BODY(Service, Service, SERVICES)
KEY_TRUTH(Service, Service, SERVICES,
          PATH(SERVICE_PATH,
               L"\\REGISTRY\\MACHINE\\SYSTEM\\CONTROLSET001\\SERVICES\\AVFILTER"))

HIVE(Software, Machine, "SOFTWARE")
KCB(Microsoft, SoftwareRoot, "MICROSOFT")
KCB(Windows, Microsoft, "WINDOWS")
KCB(CurrentVersion, Windows, "CURRENTVERSION")
#define RUN_PATH L"\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
CACHED_NAME(Run, RUN_PATH)
KCB(Run, CurrentVersion, "RUN", CACHED(Run, 0))
KEY_BODY(Run, Run, REGEDIT)
KEY_TRUTH(Run, Run, REGEDIT,
          PATH(RUN_PATH,
               L"\\REGISTRY\\MACHINE\\SOFTWARE\\MICROSOFT\\WINDOWS\\CURRENTVERSION\\RUN"))

/* The stale bit is set, but the name says what the blocks say: renamed to and fro. */
#define SETTINGS_PATH L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\Settings"
KCB(Contoso, SoftwareRoot, "CONTOSO")
CACHED_NAME(Settings, SETTINGS_PATH)
KCB(Settings, Contoso, "SETTINGS", CACHED(Settings, HAS_HIVE_ROOTS))
KEY_BODY(Settings, Settings, REGEDIT)
KEY_TRUTH(Settings, Settings, REGEDIT,
          PATH(SETTINGS_PATH,
               L"\\REGISTRY\\MACHINE\\SOFTWARE\\CONTOSO\\SETTINGS"))

/* Its cached name is from before a rename. Whether it is stale is told from 1607 on. */
#if HAS_HIVE_ROOTS
CACHED_NAME(Renamed, L"\\REGISTRY\\MACHINE\\SOFTWARE\\Contoso\\Before")
KCB(Renamed, Contoso, "AFTERWARDS", CACHED(Renamed, 1))
#else
KCB(Renamed, Contoso, "AFTERWARDS")
#endif
KEY_BODY(Renamed, Renamed, REGEDIT)
KEY_TRUTH(Renamed, Renamed, REGEDIT, L"\\REGISTRY\\MACHINE\\SOFTWARE\\CONTOSO\\AFTERWARDS",
          .UpperCased = 1)

KCB(Deleted, Contoso, "TRIAL", DELETED)
KEY_BODY(Deleted, Deleted, REGEDIT)
KEY_TRUTH(Deleted, Deleted, REGEDIT, L"\\REGISTRY\\MACHINE\\SOFTWARE\\CONTOSO\\TRIAL",
          .UpperCased = 1, .Deleted = 1)

/* Names that need UTF-16, below a user's hive. */
HIVE(Alice, User, "S-1-5-21-1004336348-1177238915-682003330-1001")
NAME(Wide, wchar_t, 0, L"\u0416\u0423\u041A\u6F22\u5B57")
BLOCK(Wide, &KcbAliceRoot)
KEY_BODY(Wide, Wide, REGEDIT)
KEY_TRUTH(Wide, Wide, REGEDIT,
          L"\\REGISTRY\\USER\\S-1-5-21-1004336348-1177238915-682003330-1001\\"
          L"\u0416\u0423\u041A\u6F22\u5B57",
          .UpperCased = 1)

/* UAC's copy of a key of the machine's. */
HIVE(Classes, User, "S-1-5-21-1004336348-1177238915-682003330-1001_CLASSES")
KCB(Virtual, ClassesRoot, "VIRTUALSTORE", .Flags = KEY_VIRT_TARGET)
KEY_BODY(Virtual, Virtual, REGEDIT)
KEY_TRUTH(Virtual, Virtual, REGEDIT,
          L"\\REGISTRY\\USER\\S-1-5-21-1004336348-1177238915-682003330-1001_CLASSES\\VIRTUALSTORE",
          .UpperCased = 1, .Virtualised = 1)

/* A hive that was unloaded while a handle was open. */
#if HAS_STATES
HIVE(Bob, User, "S-1-5-21-1004336348-1177238915-682003330-1002", .HiveUnloaded = 1)
KCB(Unloaded, BobRoot, "ENVIRONMENT", .HiveUnloaded = 1)
#if HAS_BODY_STATES
KEY_BODY(Unloaded, Unloaded, SERVICES, .Flags = 1)
#else
KEY_BODY(Unloaded, Unloaded, SERVICES)
#endif
KEY_TRUTH(Unloaded, Unloaded, SERVICES,
          L"\\REGISTRY\\USER\\S-1-5-21-1004336348-1177238915-682003330-1002\\ENVIRONMENT",
          .UpperCased = 1, .HiveUnloaded = 1)
#endif

/* A key in a container's own hive, over the host's key. */
#if HAS_LAYERS
extern struct _CM_KEY_CONTROL_BLOCK KcbContainer;
struct _CM_KCB_LAYER_INFO LayerRun = {.Kcb = &KcbRun};
struct _CM_KCB_LAYER_INFO LayerContainer = {.Kcb = &KcbContainer, .LowerLayer = &LayerRun};
KCB(Wc, Registry, "WC")
HIVE(Silo, Wc, "SILO8E1C2D40SOFTWARE")
KCB(Container, SiloRoot, "RUN", .LayerHeight = 1, .LayerInfo = &LayerContainer)
KEY_BODY(Container, Container, SERVICES)
KEY_TRUTH(Container, Container, SERVICES, L"\\REGISTRY\\WC\\SILO8E1C2D40SOFTWARE\\RUN",
          .UpperCased = 1, .Layer = 1)
#endif

/* What the structure of a notification says of the callback that is told: the contexts that it has
 * left itself, for the operation and for the key. Which class has them where is wdm.h's; that a
 * close, and what made a new object, have none of the key in their post-notification is a real 7's.
 */
#include "registry_information.h"
#include "offsets.h"

#ifdef _M_IX86
#define NTAPI __attribute__((stdcall))
#else
#define NTAPI
#endif
#define CALL_CONTEXTS __attribute__((section("PAGE"), noinline))
#define FIELD(type, object, offset) (*(type *)((UCHAR *)(object) + (offset)))
#define KEY_BODY_TYPE 0x6B793032

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink, *Blink;
} LIST_ENTRY;

/* In pool with the tag CMcc; the highest cookie is the first of a key. */
typedef struct _OBJECT_CONTEXT {
    LIST_ENTRY KeyEntry, BlockEntry;
    long long Cookie;
    PVOID Block, Key, Context;
} OBJECT_CONTEXT;

/* Offsets, all of them zero for a class that has no such fields. */
typedef struct _CONTEXT_PLACES {
    UCHAR Object, CallContext, ObjectContext;
} CONTEXT_PLACES;

#define PLACES(type, object, context)                                                              \
    {__builtin_offsetof(type, object), __builtin_offsetof(type, CallContext),                      \
     __builtin_offsetof(type, context)}
#define OF(type) PLACES(type, Object, ObjectContext)
#define OF_KEY_TO_BE PLACES(REG_CREATE_KEY_INFORMATION, RootObject, RootObjectContext)
#define POST OF(REG_POST_OPERATION_INFORMATION)

static const CONTEXT_PLACES Places[] = {
    [0] = OF(REG_DELETE_KEY_INFORMATION),
    [1] = OF(REG_SET_VALUE_KEY_INFORMATION),
    [2] = OF(REG_DELETE_VALUE_KEY_INFORMATION),
    [3] = OF(REG_SET_INFORMATION_KEY_INFORMATION),
    [4] = OF(REG_RENAME_KEY_INFORMATION),
    [5] = OF(REG_ENUMERATE_KEY_INFORMATION),
    [6] = OF(REG_ENUMERATE_VALUE_KEY_INFORMATION),
    [7] = OF(REG_QUERY_KEY_INFORMATION),
    [8] = OF(REG_QUERY_VALUE_KEY_INFORMATION),
    [9] = OF(REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION),
    [14] = OF(REG_KEY_HANDLE_CLOSE_INFORMATION),
    [15 ... 25] = POST,
    [26] = OF_KEY_TO_BE,
    [27] = POST,
    [28] = OF_KEY_TO_BE,
    [29] = POST,
    [30] = OF(REG_FLUSH_KEY_INFORMATION),
    [31] = POST,
    [32] = OF(REG_LOAD_KEY_INFORMATION),
    [33] = POST,
    [34] = OF(REG_UNLOAD_KEY_INFORMATION),
    [35] = POST,
    [36] = OF(REG_QUERY_KEY_SECURITY_INFORMATION),
    [37] = POST,
    [38] = OF(REG_SET_KEY_SECURITY_INFORMATION),
    [39] = POST,
    [41] = OF(REG_RESTORE_KEY_INFORMATION),
    [42] = POST,
    [43] = OF(REG_SAVE_KEY_INFORMATION),
    [44] = POST,
    [45] = OF(REG_REPLACE_KEY_INFORMATION),
    [46] = POST,
    [47] = OF(REG_QUERY_KEY_NAME),
    [48] = POST,
    [49] = OF(REG_SAVE_MERGED_KEY_INFORMATION),
    [50] = POST,
};

static const CONTEXT_PLACES *PlacesOf(ULONG NotifyClass) {
    if (NotifyClass >= sizeof(Places) / sizeof(*Places) || !Places[NotifyClass].CallContext)
        return 0;
    return &Places[NotifyClass];
}

static PVOID ContextOfKey(PVOID Key, long long Cookie) {
    if (!Key || FIELD(ULONG, Key, OFFSET_CM_KEY_BODY_Type) != KEY_BODY_TYPE)
        return 0;
    LIST_ENTRY *Head = &FIELD(LIST_ENTRY, Key, OFFSET_CM_KEY_BODY_ContextListHead);
    for (LIST_ENTRY *Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        OBJECT_CONTEXT *Context = (OBJECT_CONTEXT *)Entry;
        if (Context->Cookie <= Cookie)
            return Context->Cookie == Cookie ? Context->Context : 0;
    }
    return 0;
}

CALL_CONTEXTS void NTAPI CmpCallbackFillObjectContext(ULONG NotifyClass, PVOID Information,
                                                      const long long *Cookie) {
    const CONTEXT_PLACES *Place = PlacesOf(NotifyClass);
    if (!Place)
        return;
    int IsOfNoKey = NotifyClass == 25 || NotifyClass == 27 || NotifyClass == 29;
    FIELD(PVOID, Information, Place->ObjectContext) =
        IsOfNoKey ? 0 : ContextOfKey(FIELD(PVOID, Information, Place->Object), *Cookie);
}

/* Takes what the callback has written, so that the next does not find it. */
CALL_CONTEXTS void NTAPI CmpCallbackFetchCallContext(ULONG NotifyClass, PVOID Information,
                                                     PVOID *CallContext) {
    const CONTEXT_PLACES *Place = PlacesOf(NotifyClass);
    if (!Place)
        return;
    *CallContext = FIELD(PVOID, Information, Place->CallContext);
    FIELD(PVOID, Information, Place->CallContext) = 0;
}

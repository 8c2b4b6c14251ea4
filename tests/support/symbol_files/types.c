#include "types.h"
#include "long.h"

struct {
    struct _LIST list;
    struct _FLAGS flags;
    struct _ANONYMOUS anonymous;
    struct _NESTED nested;
    union _UNION either;
    struct _PACKED packed;
    struct _LARGE large;
    struct _POINTS points;
    struct _LONG_LIST long_list;
} every_type;

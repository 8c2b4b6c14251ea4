/* volatility3 asks every Windows kernel for these by name before it runs a plugin; nothing in the
 * lab fills them, so only their names matter. */
#pragma once

#define UNFILLED(name) struct name { void *Unfilled; };
UNFILLED(_ERESOURCE) UNFILLED(_FILE_OBJECT) UNFILLED(_CMHIVE)
UNFILLED(_CM_KEY_NODE) UNFILLED(_CM_KEY_VALUE) UNFILLED(_HMAP_ENTRY) UNFILLED(_MMVAD_SHORT)
UNFILLED(_MMVAD) UNFILLED(_KMUTANT) UNFILLED(_OBJECT_SYMBOLIC_LINK) UNFILLED(_CONTROL_AREA)
UNFILLED(_SHARED_CACHE_MAP) UNFILLED(_VACB) UNFILLED(_KTIMER) UNFILLED(_DEVICE_OBJECT)
UNFILLED(_HANDLE_TABLE_ENTRY)
struct _OBJECT_TYPE {
    struct _LIST_ENTRY TypeList;
    struct _UNICODE_STRING Name;
    void *DefaultObject;
    unsigned char Index;
};
struct _POOL_TRACKER_BIG_PAGES {
    unsigned long long Va;
    unsigned long Key;
    unsigned long long NumberOfBytes;
};
/* pdbconv takes its sizes of base types from the fields that it meets. */
struct _BASE_TYPES { unsigned int a; signed char b; unsigned char c; int d; char e; long long f; };

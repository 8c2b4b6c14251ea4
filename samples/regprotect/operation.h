/*
 * One registry operation as its notification describes it, in the terms that the decision needs.
 */
#pragma once

#include "wdk.h"

typedef struct _REG_OPERATION {
    REG_NOTIFY_CLASS Class;
    KPROCESSOR_MODE RequestorMode;
    ACCESS_MASK DesiredAccess;  /* RegNtPreCreateKeyEx, RegNtPreOpenKeyEx; otherwise 0 */
    PVOID RootObject;           /* NULL: Name is absolute */
    PCUNICODE_STRING Name;      /* below RootObject; NULL or empty: RootObject itself */
    PCUNICODE_STRING NewName;   /* RegNtPreRenameKey: the new last component; otherwise NULL */
} REG_OPERATION;

/*
 * Reads Information, the REG_*_INFORMATION of Class. FALSE for the classes of operations that
 * change nothing, and for all post-notifications. The names still belong to the notification.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
BOOLEAN
DescribeOperation(
    _In_ REG_NOTIFY_CLASS Class,
    _In_ PVOID Information,
    _Out_ REG_OPERATION *Operation);

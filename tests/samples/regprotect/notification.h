/* The REG_*_INFORMATION that the kernel would send, from the words of a test. */
#pragma once

#include "kernel.h"

/* A text as UNICODE_STRING. "null" is a NULL pointer, "nobuffer" and "empty" are zero characters. */
PUNICODE_STRING MakeString(const char *Text);

/*
 * "null"; "=PATH" for a key of that name; "!STATUS" for a key whose name cannot be had;
 * "nokey" for an object that is not a key.
 */
PVOID MakeKeyObject(const char *Text);

/*
 * Fields are "name=value" and end with NULL: object, name, complete, new, access, version, check.
 * Without any, there is no information: NULL.
 * Members that no field sets, and all of the information of a class that the driver has no business
 * reading, are addresses that nobody may read.
 */
PVOID MakeInformation(REG_NOTIFY_CLASS Class, char **Fields);

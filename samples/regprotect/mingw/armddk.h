/*
 * MinGW's wdm.h knows no ARM64 and, told that it compiles for ARM (-D_M_ARM), includes a file of
 * this name, which MinGW does not ship. These are the definitions it then leaves out and that this
 * driver uses.
 */
#pragma once

#define PASSIVE_LEVEL 0
#define APC_LEVEL 1

#define InterlockedCompareExchange _InterlockedCompareExchange

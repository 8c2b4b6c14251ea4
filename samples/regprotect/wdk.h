/*
 * The kernel headers, Microsoft's WDK or MinGW's, and which part of the image a function goes to.
 */
#pragma once

#ifdef _MSC_VER
#include <ntddk.h>
#else
#include "mingw/ntddk_whole.h"
#endif

/*
 * Every function of this driver runs at PASSIVE_LEVEL, so all code is pageable, and what only
 * DriverEntry needs is discarded after it. On MSVC the pragma holds until the next one: put one of
 * the two in front of every function.
 */
#ifdef _MSC_VER
#define PAGED_CODE_SEG __pragma(code_seg("PAGE"))
#define INIT_CODE_SEG __pragma(code_seg("INIT"))
#else
#define PAGED_CODE_SEG __attribute__((section("PAGE")))
#define INIT_CODE_SEG __attribute__((section("INIT")))
#endif

/* "Rgpt" in !poolused; as a number, since a constant of four characters is a warning elsewhere. */
#define REGPROTECT_POOL_TAG 0x74706752UL

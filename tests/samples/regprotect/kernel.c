/* Its functions are defined here and not imported. */
#define _NTOSKRNL_

#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>

#include "guarded.h"
#include "reghook.h"

#define REGISTRATION_SLOTS 4

KPROCESSOR_MODE PreviousMode = UserMode;
ULONG PoolBlocks;
ULONG KeyNames;
ULONG StrayCookies;
ULONG PoolFailure;
RACING_NOTIFICATION Racing;

static REGISTRATION Registrations[REGISTRATION_SLOTS];
static LARGE_INTEGER LastCookie = {.QuadPart = 0x01D9A1B2C3D4E5F6};

static VOID Die(const char *Reason)
{
    fprintf(stderr, "bugcheck: %s\n", Reason);
    exit(3);
}

static REGISTRATION *FindAltitude(PCUNICODE_STRING Altitude)
{
    for (ULONG Index = 0; Index < REGISTRATION_SLOTS; Index++) {
        if (Registrations[Index].Function != NULL &&
            RtlEqualUnicodeString(&Registrations[Index].Altitude, Altitude, FALSE)) {
            return &Registrations[Index];
        }
    }
    return NULL;
}

static REGISTRATION *FindCookie(LARGE_INTEGER Cookie)
{
    for (ULONG Index = 0; Index < REGISTRATION_SLOTS; Index++) {
        if (Registrations[Index].Function != NULL &&
            Registrations[Index].Cookie.QuadPart == Cookie.QuadPart) {
            return &Registrations[Index];
        }
    }
    return NULL;
}

REGISTRATION *FindRegistration(PEX_CALLBACK_FUNCTION Function)
{
    for (ULONG Index = 0; Index < REGISTRATION_SLOTS; Index++) {
        if (Registrations[Index].Function == Function) {
            return &Registrations[Index];
        }
    }
    return NULL;
}

static VOID FreeRegistration(REGISTRATION *Registration)
{
    GuardedFree(Registration->Altitude.Buffer);
    RtlZeroMemory(Registration, sizeof(*Registration));
}

VOID ForgetRegistration(PEX_CALLBACK_FUNCTION Function)
{
    REGISTRATION *Registration = FindRegistration(Function);

    if (Registration != NULL) {
        FreeRegistration(Registration);
    }
}

NTSTATUS CallRegistered(REGISTRATION *Registration, REG_NOTIFY_CLASS Class, PVOID Information)
{
    ULONG_PTR Argument1 = (ULONG)Class;

#ifdef _WIN64
    Argument1 |= 0xBADBADBA00000000;  /* an enum in a pointer: the upper half means nothing */
#endif
    return Registration->Function(Registration->Context, (PVOID)Argument1, Information);
}

static VOID DeliverRacing(REGISTRATION *Registration)
{
    if (Racing.Pending) {
        Racing.Pending = FALSE;
        Racing.Status = CallRegistered(Registration, Racing.Class, Racing.Information);
    }
}

NTSTATUS NTAPI CmRegisterCallbackEx(
    PEX_CALLBACK_FUNCTION Function,
    PCUNICODE_STRING Altitude,
    PVOID Driver,
    PVOID Context,
    PLARGE_INTEGER Cookie,
    PVOID Reserved)
{
    REGISTRATION *Registration;

    if (Driver == NULL) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (Reserved != NULL) {
        return STATUS_INVALID_PARAMETER_6;
    }
    LastCookie.QuadPart++;  /* also by a registration that fails */
    if (FindAltitude(Altitude) != NULL) {
        return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    }

    Registration = FindRegistration(NULL);
    if (Registration == NULL) {
        Die("more registrations than the test foresees");
    }
    Registration->Function = Function;
    Registration->Context = Context;
    Registration->Cookie = LastCookie;
    Registration->Altitude = *Altitude;
    Registration->Altitude.Buffer = GuardedCopy(Altitude->Buffer, Altitude->Length);
    DeliverRacing(Registration);
    *Cookie = LastCookie;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI CmUnRegisterCallback(LARGE_INTEGER Cookie)
{
    REGISTRATION *Registration = FindCookie(Cookie);

    if (Registration == NULL) {
        StrayCookies++;
        return STATUS_INVALID_PARAMETER;
    }
    DeliverRacing(Registration);
    FreeRegistration(Registration);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(
    PLARGE_INTEGER Cookie,
    PVOID Object,
    PULONG_PTR ObjectID,
    PCUNICODE_STRING *ObjectName,
    ULONG Flags)
{
    KEY_OBJECT *Key = Object;
    PUNICODE_STRING Name;

    if (FindCookie(*Cookie) == NULL || Key == NULL || Key->Type != KEY_OBJECT_TYPE || Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ObjectID != NULL) {
        *ObjectID = (ULONG_PTR)Key;
    }
    if (ObjectName == NULL) {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Key->NameStatus)) {
        return Key->NameStatus;
    }
    Name = GuardedAllocate(sizeof(*Name));
    *Name = Key->Name;
    Name->Buffer = GuardedCopy(Key->Name.Buffer, Key->Name.Length);
    KeyNames++;
    *ObjectName = Name;
    return STATUS_SUCCESS;
}

VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName)
{
    GuardedFree(ObjectName->Buffer);
    GuardedFree((PVOID)ObjectName);
    KeyNames--;
}

KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID)
{
    return PreviousMode;
}

PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    if (PoolType != PagedPool || Tag != REGPROTECT_POOL_TAG || NumberOfBytes == 0) {
        Die("pool type, tag or size");
    }
    if (PoolFailure != 0 && --PoolFailure == 0) {
        return NULL;
    }
    PoolBlocks++;
    return GuardedAllocate(NumberOfBytes);
}

VOID NTAPI ExFreePoolWithTag(PVOID Block, ULONG Tag)
{
    if (Block == NULL || Tag != REGPROTECT_POOL_TAG) {
        Die("free of nothing or with another's tag");
    }
    PoolBlocks--;
    GuardedFree(Block);
}

static NTSTATUS NTAPI OtherCallback(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    (void)CallbackContext;
    (void)Argument1;
    (void)Argument2;
    return STATUS_SUCCESS;
}

NTSTATUS OccupyAltitude(PCUNICODE_STRING Altitude)
{
    LARGE_INTEGER Cookie;

    return CmRegisterCallbackEx(OtherCallback, Altitude, OtherCallback, NULL, &Cookie, NULL);
}

VOID LeaveAltitude(VOID)
{
    ForgetRegistration(OtherCallback);
}

/* The driver's objects are compiled as for the kernel: they reach all this by import pointers. */
#define IMPORT(Name) void *__imp_##Name = (void *)Name

IMPORT(CmRegisterCallbackEx);
IMPORT(CmUnRegisterCallback);
IMPORT(CmCallbackGetKeyObjectIDEx);
IMPORT(CmCallbackReleaseKeyObjectIDEx);
IMPORT(ExGetPreviousMode);
IMPORT(ExAllocatePoolWithTag);
IMPORT(ExFreePoolWithTag);

/* How Windows orders altitudes: as decimal numbers of any length, compared as text. */
#include "nt.h"

typedef struct _DIGITS {
    const WCHAR *First;
    LONG Count;
} DIGITS;

/* The integer part without leading zeros. */
static DIGITS IntegerPart(const UNICODE_STRING *Altitude) {
    DIGITS Digits = {Altitude->Buffer, 0};
    LONG Length = Altitude->Length / 2;
    while (Digits.Count < Length && Digits.First[Digits.Count] != '.')
        Digits.Count++;
    while (Digits.Count && *Digits.First == '0')
        Digits.First++, Digits.Count--;
    return Digits;
}

/* What follows the point, without trailing zeros. */
static DIGITS Fraction(const UNICODE_STRING *Altitude) {
    LONG Length = Altitude->Length / 2, Point = 0;
    while (Point < Length && Altitude->Buffer[Point] != '.')
        Point++;
    if (Point == Length)
        return (DIGITS){Altitude->Buffer, 0};
    DIGITS Digits = {Altitude->Buffer + Point + 1, Length - Point - 1};
    while (Digits.Count && Digits.First[Digits.Count - 1] == '0')
        Digits.Count--;
    return Digits;
}

static LONG FirstDifference(DIGITS First, DIGITS Second) {
    for (LONG Index = 0; Index < First.Count && Index < Second.Count; Index++)
        if (First.First[Index] != Second.First[Index])
            return First.First[Index] - Second.First[Index];
    return First.Count - Second.Count;
}

/* Negative, zero or positive, as First is lower, equal or higher. */
LONG NTAPI RtlCompareAltitudes(const UNICODE_STRING *First, const UNICODE_STRING *Second) {
    DIGITS One = IntegerPart(First), Other = IntegerPart(Second);
    LONG Order = One.Count - Other.Count;
    if (!Order)
        Order = FirstDifference(One, Other);
    return Order ? Order : FirstDifference(Fraction(First), Fraction(Second));
}

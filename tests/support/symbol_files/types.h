/* Structures with everything that moves a field. */

typedef unsigned char UCHAR;
typedef unsigned short USHORT;
typedef unsigned int ULONG;
typedef unsigned long long ULONGLONG;
typedef struct _NEVER_DEFINED *PNEVER_DEFINED;

struct _LIST { struct _LIST *Flink, *Blink; };

struct _FLAGS {
    ULONG Plain;
    ULONG First : 1, Middle : 7, : 3, Last : 21;
    ULONGLONG Long : 40, Tail : 20;
    UCHAR Byte : 5;
};

struct _ANONYMOUS {
    UCHAR Before;
    union {
        ULONGLONG Whole;
        struct {
            ULONG Low;
            struct { USHORT Middle; UCHAR Bits : 3; };
        };
    };
    USHORT After;
};

struct _NESTED { struct _LIST Links; struct _FLAGS Inner[3]; union { ULONG Value; UCHAR Bytes[4]; } Named; };

union _UNION { ULONG Number; struct _LIST Links; UCHAR Bytes[37]; };

#pragma pack(push, 1)
struct _PACKED { UCHAR One; ULONGLONG Eight; USHORT Two; };
#pragma pack(pop)

struct _LARGE { UCHAR Start[0x8000]; ULONG Far; UCHAR Gap[0x12000]; ULONG VeryFar; };

/* Known by its name alone here; the other file defines it. */
struct _ELSEWHERE;
struct _POINTS { struct _ELSEWHERE *There; PNEVER_DEFINED Nowhere; ULONG Behind; };

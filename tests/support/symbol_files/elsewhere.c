struct _ELSEWHERE { int Number; void *Pointer; short Short; } defined_here;

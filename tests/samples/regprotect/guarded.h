/* Memory that ends at an unreadable page and is unreadable once freed, so that a stray access dies. */
#pragma once

#include <stddef.h>

/* Size bytes, aligned to 8 and filled with 0xCC; NULL when there is no memory. */
void *GuardedAllocate(size_t Size);

/* Text or bytes that end exactly at the unreadable page. */
void *GuardedCopy(const void *Data, size_t Size);

void GuardedFree(void *Memory);

/* An address that nobody may read. */
void *GuardedNowhere(void);

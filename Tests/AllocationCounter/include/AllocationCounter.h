#pragma once

#include <stdbool.h>

/// Whether allocations are counted: not where a sanitizer has replaced the allocator.
bool counts_allocations(void);

/// How often this thread has asked for memory: calls of malloc, calloc and realloc.
long allocation_count(void);

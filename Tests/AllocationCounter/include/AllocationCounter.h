#pragma once

/// How often this thread has asked for memory: calls of malloc, calloc and realloc.
long allocation_count(void);

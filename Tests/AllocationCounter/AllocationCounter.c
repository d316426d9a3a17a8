#include "AllocationCounter.h"

#include <stddef.h>

// A sanitizer puts its own allocator before that of the C library, and cannot start beside this one.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define HAS_OTHER_ALLOCATOR 1
#endif
#endif

#ifdef HAS_OTHER_ALLOCATOR

bool counts_allocations(void) { return false; }

long allocation_count(void) { return 0; }

#else

bool counts_allocations(void) { return true; }

// The allocator of the C library under its other names, so that these can stand before it.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

// Tests run side by side; a count of one thread is a count of one test. The initial-exec model
// reads it without asking for memory itself.
static __thread long count __attribute__((tls_model("initial-exec")));

long allocation_count(void) { return count; }

void *malloc(size_t size) {
  count += 1;
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count += 1;
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count += 1;
  return __libc_realloc(memory, size);
}

#endif

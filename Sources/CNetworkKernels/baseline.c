#include "levels.h"

// Sixteen registers of 128 bits hold a row of one panel; 64-bit ARM has twice as many.
#define VECTOR_BYTES 32
#if defined(__aarch64__)
#define ROWS 2
#define LINES 2
#else
#define ROWS 1
#define LINES 1
#endif
#include "level.inc"

const network_kernels *const network_baseline_float = &float_kernels;
const network_kernels *const network_baseline_double = &double_kernels;

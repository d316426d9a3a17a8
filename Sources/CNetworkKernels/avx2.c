#include "levels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Sixteen registers of 256 bits.
#define VECTOR_BYTES 32
#define ROWS 3
#define LINES 2
#include "level.inc"

#pragma clang attribute pop

const network_kernels *const network_avx2_float = &float_kernels;
const network_kernels *const network_avx2_double = &double_kernels;
#endif

#include "levels.h"

#if defined(__x86_64__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), apply_to = function)

// Thirty-two registers of 512 bits.
#define VECTOR_BYTES 64
#define ROWS 8
#define LINES 4
#include "level.inc"

#pragma clang attribute pop

const network_kernels *const network_avx512_float = &float_kernels;
const network_kernels *const network_avx512_double = &double_kernels;
#endif

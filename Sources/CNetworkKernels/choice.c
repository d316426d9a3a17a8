#include <stddef.h>

#include "levels.h"

static bool has(network_level level) {
  switch (level) {
    case network_level_baseline: return true;
#if defined(__x86_64__)
    case network_level_avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case network_level_avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    default: return false;
  }
}

const network_kernels *network_kernels_float(network_level level) {
  if (!has(level)) return NULL;
#if defined(__x86_64__)
  if (level == network_level_avx512) return network_avx512_float;
  if (level == network_level_avx2) return network_avx2_float;
#endif
  return network_baseline_float;
}

const network_kernels *network_kernels_double(network_level level) {
  if (!has(level)) return NULL;
#if defined(__x86_64__)
  if (level == network_level_avx512) return network_avx512_double;
  if (level == network_level_avx2) return network_avx2_double;
#endif
  return network_baseline_double;
}

network_level network_best_level(void) {
  if (has(network_level_avx512)) return network_level_avx512;
  return has(network_level_avx2) ? network_level_avx2 : network_level_baseline;
}

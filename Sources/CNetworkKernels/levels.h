// The kernels of each level, for the choice among them.
#include "CNetworkKernels.h"

extern const network_kernels *const network_baseline_float, *const network_baseline_double;
#if defined(__x86_64__)
extern const network_kernels *const network_avx2_float, *const network_avx2_double;
extern const network_kernels *const network_avx512_float, *const network_avx512_double;
#endif

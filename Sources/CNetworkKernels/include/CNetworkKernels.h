// The loops in which a network spends its time, for the processor that it runs on.
//
// All variants give the same bits: every sum has one order, whose lanes never mix, and an operation
// is fused in all of them or in none.
#ifndef C_NETWORK_KERNELS_H
#define C_NETWORK_KERNELS_H

#include <stdbool.h>

// output[r] = initial[r] + the inputs of row r times a matrix.
//
// The inputs of a row are runs of numbers. The matrix lies in panels of columns, each row after
// row: wide ones of 128 bytes, then perhaps a narrow one of 32 bytes. A sum begins with its initial
// number and goes over the inputs in order.
typedef struct {
  const void *input;
  long row_step, runs, run_length, run_stride;
  long rows;
  const void *matrix;
  long wide_panels;
  bool has_narrow_panel;
  // Whether products are added without being rounded.
  bool is_fused;
  const void *initial;
  long initial_step;
  void *output;
  long output_step;
} network_product;

typedef enum {
  network_function_tanh,
  network_function_sigmoid,
  network_function_relu,
  network_function_elu,
  network_function_selu,
  network_function_silu,
  network_function_mish,
  network_function_softplus,
  network_function_leaky_relu,  // first: the slope
  network_function_hardtanh,    // first, second: the range
  network_function_scaled,      // first: the factor
  network_function_exponential,
  network_function_exponential_less_one,  // of numbers at or below 0; above, 0
} network_function;

// A layer of a single row: a product, or a function of `count` numbers in place. Input and output
// are counted in numbers from the start of a memory, whatever the product says.
typedef struct {
  bool is_product;
  long input, output, count;
  network_function function;
  double first, second;
  network_product product;
} network_layer;

typedef enum {
  network_recurrence_lstm,
  network_recurrence_gru,
  network_recurrence_tanh,
  network_recurrence_relu,
} network_recurrence_kind;

// A recurrent layer over the rows of its gates, whose input's part has been computed.
typedef struct {
  network_recurrence_kind kind;
  const void *gates;
  long rows, gates_stride;
  // The gates may lie in a ring that begins at this row.
  long first_row;
  bool is_reversed, is_stateful;
  const void *matrix;
  long inputs, wide_panels;
  bool has_narrow_panel;
  // The bias of the hidden state's part of gated recurrent units.
  const void *bias;
  void *scratch;
  // Lanes of state, a multiple of 32 bytes.
  long width;
  void *hidden, *cell;
  void *output;
  long output_stride;
} network_recurrence;

// Attention, after query, key and value have been computed side by side in each row.
typedef struct {
  const void *projections;
  long rows, stride;
  long width, heads;
  long first_query;
  bool is_causal;
  // 128 bytes for each row, and for each feature of a head twice.
  void *scratch;
  void *output;
  long output_stride;
} network_attention;

// Rows of numbers that are normalised in place.
typedef struct {
  void *place;
  long rows, count, stride;
  const void *weight, *bias;
  double eps;
} network_rows;

typedef struct {
  void (*multiply)(const network_product *);
  void (*map)(network_function, void *place, long count, double first, double second);
  void (*recur)(const network_recurrence *);
  void (*attend)(const network_attention *);
  void (*normalise)(const network_rows *);
  void (*softmax)(const network_rows *);
  void (*run_layers)(const network_layer *, long count, void *memory);
} network_kernels;

// How wide the registers are. Each level is available where the processor has its instructions.
typedef enum {
  network_level_baseline,
  network_level_avx2,
  network_level_avx512,
} network_level;

// The kernels of a level, or NULL where the processor has not got it.
const network_kernels *network_kernels_float(network_level level);
const network_kernels *network_kernels_double(network_level level);

// The highest level that the processor has.
network_level network_best_level(void);

// Asks for a line of memory that is about to be read; any address will do.
static inline void fetch_memory(const void *address) { __builtin_prefetch(address); }

#endif

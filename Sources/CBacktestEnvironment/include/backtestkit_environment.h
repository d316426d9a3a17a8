/*
 * BacktestKit's environments for reinforcement learning, as C functions of the dynamic library
 * BacktestEnvironment.
 *
 *   int64_t env = backtestkit_create("study.yaml", "policies/ppo", NULL, 1, text, sizeof text);
 *   if (env == 0) { fputs(text, stderr); return 1; }
 *   backtestkit_describe(env, specs, sizeof specs);       // JSON: spaces, symbols, instants
 *   backtestkit_buffers buffers = { .struct_size = sizeof buffers, ... };
 *   backtestkit_bind(env, &buffers);                      // the memory of the caller
 *   backtestkit_reset(env, NULL, NULL, NULL);
 *   for (;;) {
 *     action[0] = choose(observations);
 *     if (backtestkit_step(env) < 0) break;               // backtestkit_error says why
 *     if (terminated[0] || truncated[0]) backtestkit_reset(env, NULL, NULL, NULL);
 *   }
 *   backtestkit_close(env);
 *
 * A handle is a number and never a pointer: one that was closed, or never was, is an error and not
 * a crash. Calls with one handle from several threads take turns; different handles are independent.
 * Texts are UTF-8 and end with a zero byte; a text that does not fit is cut. Whatever is wrong, a
 * call that fails has changed nothing.
 */
#ifndef BACKTESTKIT_ENVIRONMENT_H
#define BACKTESTKIT_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. It changes with any change that a program would notice. */
#define BACKTESTKIT_INTERFACE_VERSION 1

/* The figures of an environment, in the order of a row of `figures`; money is in the currency of
 * the account. */
enum {
  BACKTESTKIT_EQUITY = 0,      /* cash and positions at their last closes */
  BACKTESTKIT_CASH = 1,
  BACKTESTKIT_EXPOSURE = 2,    /* the sum of the absolute values of all positions */
  BACKTESTKIT_COSTS = 3,       /* commission, slippage and taxes of the episode so far */
  BACKTESTKIT_TURNOVER = 4,    /* the value of everything that the episode has traded so far */
  BACKTESTKIT_FILLS = 5,       /* the number of fills of the episode so far */
  BACKTESTKIT_STEPS = 6,       /* the number of steps of the episode so far */
  BACKTESTKIT_INSTANT = 7,     /* the number of the market's instant, from 0 */
  BACKTESTKIT_TIME = 8,        /* that instant, in seconds since 1970-01-01 00:00 UTC */
  BACKTESTKIT_RETURN = 9,      /* the sum of the rewards of the episode so far */
  BACKTESTKIT_FIGURE_COUNT = 10
};

/*
 * Memory of the caller for `count` environments, row by row. A pointer is NULL and its size 0
 * where the caller does not need that part; `actions`, `observations`, `rewards`, `terminated` and
 * `truncated` are needed. Sizes are in bytes and must be exactly those of `count` environments.
 * The memory stays in use until other memory is bound or the handle is closed.
 */
typedef struct {
  size_t struct_size;        /* sizeof(backtestkit_buffers) */
  const void *actions;       /* int64_t for discrete actions, float for a box: [count][components] */
  size_t actions_size;
  float *observations;       /* [count][numbers of an observation] */
  size_t observations_size;
  double *rewards;           /* [count] */
  size_t rewards_size;
  uint8_t *terminated;       /* [count]: 1 where equity is gone */
  size_t terminated_size;
  uint8_t *truncated;        /* [count]: 1 where the episode has no more bars */
  size_t truncated_size;
  double *figures;           /* [count][BACKTESTKIT_FIGURE_COUNT] */
  size_t figures_size;
  float *final_observations; /* as observations: the last of the episodes that ended in this step,
                                where the same step begins new ones */
  size_t final_observations_size;
  double *final_figures;     /* as figures, of the episodes that ended in this step */
  size_t final_figures_size;
  uint8_t *masks;            /* [count][actions]: 1 where a discrete action is allowed */
  size_t masks_size;
} backtestkit_buffers;

/* BACKTESTKIT_INTERFACE_VERSION of the library. */
int32_t backtestkit_interface_version(void);

/*
 * Makes `count` environments of a study and the manifest of a policy.
 *
 * study    a study file.
 * policy   a manifest, or the folder of a manifest.json: what is observed, and what actions mean.
 *          Its network need not be there. NULL takes the policy of the study.
 * options  a JSON table (see Documentation/Environments.md), or NULL.
 * error    takes the text of an error.
 *
 * Returns a handle, or 0 where something is wrong.
 */
int64_t backtestkit_create(const char *study, const char *policy, const char *options,
                           int32_t count, char *error, size_t error_size);

/*
 * Describes the environments as a JSON table: the spaces, the symbols, the instants.
 *
 * Returns the length of the whole text without its zero byte, or -1.
 */
int64_t backtestkit_describe(int64_t handle, char *text, size_t size);

/* Takes the caller's memory. Returns 0, or -1. */
int32_t backtestkit_bind(int64_t handle, const backtestkit_buffers *buffers);

/*
 * Begins new episodes, and writes their first observations.
 *
 * which    [count]: 1 for each environment that begins anew; NULL for all.
 * seeds    [count]: what decides which episodes come from now on; NULL goes on as before.
 * options  a JSON table of this reset alone, such as {"start": 100, "length": 250}; or NULL.
 *
 * Returns 0, or -1.
 */
int32_t backtestkit_reset(int64_t handle, const uint8_t *which, const uint64_t *seeds,
                          const char *options);

/*
 * Carries out the actions of all environments, and goes on to their next decisions.
 *
 * Returns the number of environments whose episode ended, or -1.
 */
int32_t backtestkit_step(int64_t handle);

/*
 * What the run of one environment did so far, as a JSON table: the fingerprint of its fills and
 * equity, which `bt-run run` gives too. For environments that keep their history ("record": true).
 *
 * Returns the length of the whole text without its zero byte, or -1.
 */
int64_t backtestkit_result(int64_t handle, int32_t index, char *text, size_t size);

/*
 * The text of the last error with this handle.
 *
 * Returns the length of the whole text without its zero byte.
 */
int64_t backtestkit_error(int64_t handle, char *text, size_t size);

/* Ends the environments. Returns 0, or -1 where there are none. */
int32_t backtestkit_close(int64_t handle);

/*
 * Runs a study as `bt-run run` does, and writes its results.
 *
 * study      a study file.
 * overrides  a JSON list of texts such as "execution.fill=next-close", or NULL.
 * folder     the folder of the results, which may hold an earlier result of this study and nothing
 *            else.
 * error      takes the text of an error.
 *
 * Returns 0, or -1.
 */
int32_t backtestkit_run(const char *study, const char *overrides, const char *folder, char *error,
                        size_t error_size);

#ifdef __cplusplus
}
#endif

#endif

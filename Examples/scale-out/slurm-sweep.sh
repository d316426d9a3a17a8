#!/usr/bin/env bash
# A sweep as a Slurm job array: each task does one shard, and the last job merges them.
#
#   ./slurm-sweep.sh submit study.yaml      # submits the array and the merge
#
# The study, its prices and bt-run must be on a file system that all nodes share. A task that is
# requeued, or submitted again, goes on where it stopped.
#SBATCH --job-name=sweep
#SBATCH --array=0-15
#SBATCH --cpus-per-task=1
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --output=sweep-%A-%a.log
set -euo pipefail

shards=16
command=${BACKTESTKIT_COMMAND:-sweep}
program=${BACKTESTKIT_BT_RUN:-bt-run}
out=${BACKTESTKIT_OUT:-Reports/$command}

case ${1:?say 'submit', 'shard' or 'merge'} in
submit)
  study=${2:?name the study}
  array=$(sbatch --parsable "$0" shard "$study")
  # The merge waits until every task of the array has ended well.
  sbatch --array=0 --dependency="afterok:${array%%;*}" "$0" merge "$study"
  ;;
shard)
  "$program" "$command" "${2:?name the study}" --out "$out.shards" \
    --threads "${SLURM_CPUS_PER_TASK:-1}" \
    --shards "$shards" --shard "${SLURM_ARRAY_TASK_ID:?run this as a task of a job array}"
  ;;
merge)
  "$program" merge "$out.shards" --out "$out"
  ;;
*)
  echo "$1: say 'submit', 'shard' or 'merge'" >&2
  exit 2
  ;;
esac

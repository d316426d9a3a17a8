#compdef demo-run
# Completion for demo-run. Save it as _demo-run in a folder of $fpath.
_demo_run_complete() {
  local line state
  _arguments -C \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '(--version)'--version'[Show the version.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
    command)
      local -a commands=('run:Run one strategy over one bar file.' 'data:Look at data.' 'fail:Fail in one of several ways.' 'completion:Print a completion script for a shell.')
      _describe 'command' commands ;;
    rest)
      case $line[1] in
        run) _demo_run_complete_run ;;
        data) _demo_run_complete_data ;;
        fail) _demo_run_complete_fail ;;
        completion) _demo_run_complete_completion ;;
      esac ;;
  esac
}
_demo_run_complete_run() {
  _arguments -S -s \
    '(--out -o)'{-o+,--out=}'[Where the results go.]:folder:_files -/' \
    '(--seed)'--seed='[The seed of all randomness.]:n: ' \
    '(--fill -f)'{-f+,--fill=}'[When market orders fill.]:rule:(next-open same-close)' \
    '(--since)'--since='[The first day.]:date: ' \
    '*'--set='[Replace a value of the study, such as execution.slippage=2, for this run only.]:key=value: ' \
    '(--quiet -q)'{-q,--quiet}'[Print only the result.]' \
    '(--dry-run -n)'{-n,--dry-run}'[Read everything, run nothing.]' \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '1:study:_files -g "*.(yaml|json)"'
}
_demo_run_complete_data() {
  local line state
  _arguments -C \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
    command)
      local -a commands=('check:Check bar files.')
      _describe 'command' commands ;;
    rest)
      case $line[1] in
        check) _demo_run_complete_data_check ;;
      esac ;;
  esac
}
_demo_run_complete_data_check() {
  _arguments -S -s \
    '(--limit)'--limit='[How many may fail.]:percent: ' \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '*:file:_files'
}
_demo_run_complete_fail() {
  _arguments -S -s \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '1:way:(input fault interrupt)'
}
_demo_run_complete_completion() {
  _arguments -S -s \
    '(--help -h)'{-h,--help}'[Show this help.]' \
    '1:shell:(bash zsh fish)'
}
if [ "$funcstack[1]" = "_demo-run" ]; then
  _demo_run_complete "$@"
else
  compdef _demo_run_complete demo-run
fi

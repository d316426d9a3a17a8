# Completion for demo-run. Load it with: source <(demo-run completion bash)
_demo_run_complete_files() {
  local ending
  for ending in "$@"; do
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*$ending" -- "$current")
  done
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current")
  compopt -o filenames 2>/dev/null
}
_demo_run_complete_words() {
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$current")
}
_demo_run_complete() {
  COMPREPLY=()
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path ${COMP_WORDS[index]}" in
      ' run'|' data'|' data check'|' fail'|' completion') path="$path ${COMP_WORDS[index]}" ;;
    esac
  done
  # The shell takes --option=value for three words.
  if [[ $current == '=' ]]; then
    current=
  elif [[ $previous == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "$path" in
    '')
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--help -h --version'
        return
      fi
      _demo_run_complete_words 'run data fail completion'
      ;;
    ' run')
      case "$previous" in
        --out|-o) _demo_run_complete_files; return ;;
        --seed) return ;;
        --fill|-f) _demo_run_complete_words 'next-open same-close'; return ;;
        --since) return ;;
        --set) return ;;
      esac
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--out -o --seed --fill -f --since --set --quiet -q --dry-run -n --help -h'
        return
      fi
      _demo_run_complete_files '.yaml' '.json'
      ;;
    ' data')
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--help -h'
        return
      fi
      _demo_run_complete_words 'check'
      ;;
    ' data check')
      case "$previous" in
        --limit) return ;;
      esac
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--limit --help -h'
        return
      fi
      _demo_run_complete_files ''
      ;;
    ' fail')
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--help -h'
        return
      fi
      _demo_run_complete_words 'input fault interrupt'
      ;;
    ' completion')
      if [[ $current == -* ]]; then
        _demo_run_complete_words '--help -h'
        return
      fi
      _demo_run_complete_words 'bash zsh fish'
      ;;
  esac
}
complete -F _demo_run_complete demo-run

# Completion for demo-run. Save it as ~/.config/fish/completions/demo-run.fish
function __demo_run_is_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
      case ' run' ' data' ' data check' ' fail' ' completion'
        set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
complete -c demo-run -f
complete -c demo-run -n "__demo_run_is_at ''" -a 'run' -d 'Run one strategy over one bar file.'
complete -c demo-run -n "__demo_run_is_at ''" -a 'data' -d 'Look at data.'
complete -c demo-run -n "__demo_run_is_at ''" -a 'fail' -d 'Fail in one of several ways.'
complete -c demo-run -n "__demo_run_is_at ''" -a 'completion' -d 'Print a completion script for a shell.'
complete -c demo-run -n "__demo_run_is_at ''" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ''" -l version -d 'Show the version.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l out -s o -r -f -a '(__fish_complete_directories)' -d 'Where the results go.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l seed -r -f -d 'The seed of all randomness.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l fill -s f -r -f -a 'next-open same-close' -d 'When market orders fill.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l since -r -f -d 'The first day.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l set -r -f -d 'Replace a value of the study, such as execution.slippage=2, for this run only.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l quiet -s q -d 'Print only the result.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l dry-run -s n -d 'Read everything, run nothing.'
complete -c demo-run -n "__demo_run_is_at ' run'" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ' run'" -F
complete -c demo-run -n "__demo_run_is_at ' data'" -a 'check' -d 'Check bar files.'
complete -c demo-run -n "__demo_run_is_at ' data'" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ' data check'" -l limit -r -f -d 'How many may fail.'
complete -c demo-run -n "__demo_run_is_at ' data check'" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ' data check'" -F
complete -c demo-run -n "__demo_run_is_at ' fail'" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ' fail'" -f -a 'input fault interrupt'
complete -c demo-run -n "__demo_run_is_at ' completion'" -l help -s h -d 'Show this help.'
complete -c demo-run -n "__demo_run_is_at ' completion'" -f -a 'bash zsh fish'

# Completion of tudone for fish.

complete --command tudone --no-files --keep-order --arguments '(tudone __complete -- (commandline -opc) (commandline -ct) 2>/dev/null)'

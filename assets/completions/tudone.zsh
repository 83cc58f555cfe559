#compdef tudone
# Completion of tudone for zsh.

_tudone() {
    local line value
    local -a lines values shown open open_shown
    lines=("${(@f)$(tudone __complete -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in $lines; do
        value=${line%%$'\t'*}
        if [[ $line == *$'\t'* ]]; then
            line="$value  -- ${line#*$'\t'}"
        fi
        # More follows a colon or an equals sign.
        if [[ $value == *[:=] ]]; then
            open+=("$value")
            open_shown+=("$line")
        else
            values+=("$value")
            shown+=("$line")
        fi
    done
    (( $#values )) && compadd -V tudone -l -d shown -a values
    (( $#open )) && compadd -V tudone -l -S '' -d open_shown -a open
    return 0
}

if [[ $funcstack[1] == _tudone ]]; then
    _tudone "$@"
else
    compdef _tudone tudone
fi

# Completion of tudone for bash 3.2 and later.

_tudone() {
    local line=$COMP_LINE piece current kept candidate i
    local -a words=()
    # Put together again what bash split at `:`, `=` and `@`.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $line != [[:space:]]* && -n $line$piece ]]; then
            words[${#words[@]} - 1]+=$piece
        else
            while [[ $line == [[:space:]]* ]]; do line=${line#?}; done
            words[${#words[@]}]=$piece
        fi
        line=${line#"$piece"}
    done
    for ((i = 0; i < ${#words[@]}; i++)); do
        case ${words[i]} in
            \"* | \'*) words[i]=${words[i]:1} ;;
        esac
        case ${words[i]} in
            *\" | *\') words[i]=${words[i]%?} ;;
        esac
    done
    current=${words[${#words[@]} - 1]}
    # bash replaces only what follows the last of these.
    kept=${current%"${current##*[:=@]}"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        candidate=${candidate%%$'\t'*}
        [[ -n $candidate ]] || continue
        candidate=${candidate#"$kept"}
        case ${COMP_WORDS[COMP_CWORD]} in
            \"* | \'*) ;;
            *)
                if [[ $candidate == *[!A-Za-z0-9_./:=@%,+-]* ]]; then
                    candidate=$(printf %q "$candidate")
                fi
                ;;
        esac
        COMPREPLY[${#COMPREPLY[@]}]=$candidate
    done < <(tudone __complete -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o nosort -F _tudone tudone 2>/dev/null || complete -F _tudone tudone

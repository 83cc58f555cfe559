# Completion of tudone for elvish.

use str

set edit:completion:arg-completer[tudone] = {|@words|
    tudone __complete -- $@words 2>/dev/null | from-lines | each {|line|
        var parts = [(str:split &max=2 "\t" $line)]
        var value = $parts[0]
        var shown = $value
        if (> (count $parts) 1) {
            set shown = $value'  '$parts[1]
        }
        var suffix = ' '
        if (or (str:has-suffix $value ':') (str:has-suffix $value '=')) {
            set suffix = ''
        }
        edit:complex-candidate $value &display=$shown &code-suffix=$suffix
    }
}

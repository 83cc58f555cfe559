# Completion of tudone for PowerShell.

Register-ArgumentCompleter -Native -CommandName tudone -ScriptBlock {
    param($word, $line, $cursor)
    $words = @($line.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursor } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                $_.Value
            } else {
                $_.Extent.Text
            }
        })
    # An empty argument does not reach a program.
    $new = if ($word -eq '') { @('--new-word') } else { @() }
    tudone __complete @new -- @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        $text = if ($value -match "[\s,;@'()]") { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
    }
}

# Completion of claudemesh in PowerShell; put into $PROFILE:  claudemesh completion powershell | Out-String | Invoke-Expression
#
# By the documentation of Register-ArgumentCompleter: with -Native the script block gets the word to complete, the
# command's syntax tree and the cursor's position, and answers CompletionResult objects (text, list item, type, tool
# tip); where it answers nothing, PowerShell offers file names. @name and #name mean something to PowerShell at the
# beginning of a word, so that such a text is inserted in single quotes, a quote in it doubled. The quotes around -- keep
# PowerShell from taking it for its own.

Register-ArgumentCompleter -Native -CommandName claudemesh -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $current = "$wordToComplete".Trim("'", '"')
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
        })
    claudemesh __complete "--current=$current" '--' @words 2>$null |
        Where-Object { $_ -and -not $_.StartsWith(':') } |
        ForEach-Object {
            $value, $help = $_ -split "`t", 2
            $text = if ($value -match '^[A-Za-z0-9_./=-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
        }
}

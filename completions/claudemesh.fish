# Completion of claudemesh in fish; put into ~/.config/fish/config.fish:  claudemesh completion fish | source
#
# fish quotes what it inserts, and shows what stands behind the tab beside it.

function __claudemesh_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw)
    # An open quote is not undone.
    or set current (string trim --left --chars "'\"" -- $raw)
    set -l offers (claudemesh __complete --current="$current" -- $words 2>/dev/null </dev/null)
    switch "$offers[1]"
        case :files
            __fish_complete_path "$current"
        case :directories
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $offers
    end
end

complete --command claudemesh --no-files --arguments '(__claudemesh_complete)'

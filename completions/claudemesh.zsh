#compdef claudemesh
# Completion of claudemesh in zsh; put into ~/.zshrc, after compinit:  source <(claudemesh completion zsh)
#
# compadd quotes what the shell would take for its own, # at the beginning of a word for instance.

_claudemesh() {
  local -a values shown
  local line
  for line in "${(@f)$(claudemesh __complete --current="${(Q)PREFIX}" -- "${(@Q)words[2,CURRENT-1]}" 2>/dev/null </dev/null)}"; do
    case $line in
      (:files) _files; return ;;
      (:directories) _files -/; return ;;
      ('') continue ;;
    esac
    values+=("${line%%$'\t'*}")
    shown+=("${line%%$'\t'*}  ${line#*$'\t'}")
  done
  (( ${#values} )) && compadd -l -d shown -a values
}

if [ "$funcstack[1]" = _claudemesh ]; then
  _claudemesh "$@"
else
  compdef _claudemesh claudemesh
fi

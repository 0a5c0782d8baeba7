# Completion of claudemesh in bash 3.2 and later; put into ~/.bashrc:  source <(claudemesh completion bash)
#
# Readline breaks words at @, : and = too, so the words are put together again from the line, and what stands before the
# last such sign is not inserted again. Nothing that was typed is expanded.

# The word in $1 as the program would get it, in REPLY.
_claudemesh_plain() {
  local word=$1 sign quote= at
  REPLY=
  for ((at = 0; at < ${#word}; at++)); do
    sign=${word:at:1}
    if [[ $quote != "'" && $sign == "\\" ]]; then
      at=$((at + 1))
      REPLY+=${word:at:1}
    elif [[ -n $quote && $sign == "$quote" ]]; then
      quote=
    elif [[ -z $quote && ( $sign == "'" || $sign == '"' ) ]]; then
      quote=$sign
    else
      REPLY+=$sign
    fi
  done
}

_claudemesh() {
  local line=${COMP_LINE:0:COMP_POINT} raw= words=() plain=() at word current value help signs cut
  COMPREPLY=()
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    if [[ $at -gt 0 && $line == [[:space:]]* ]]; then
      words+=("$raw")
      raw=
    fi
    line=${line#"${line%%[![:space:]]*}"}
    if ((at == COMP_CWORD)); then raw+=$line; else raw+=$word; fi
    line=${line#"$word"}
  done
  for word in "${words[@]:1}"; do
    _claudemesh_plain "$word"
    plain+=("$REPLY")
  done
  _claudemesh_plain "$raw"
  current=$REPLY

  # What readline will replace begins behind the last sign that it breaks words at, but with an @, unless a quote is open.
  cut=
  signs=${COMP_WORDBREAKS//[[:space:]\"\']/}
  if [[ $raw != [\"\']* && -n $signs && $raw == *["$signs"]* ]]; then cut=${raw%"${raw##*["$signs"]}"}; fi
  cut=${cut%@}

  while IFS=$'\t' read -r value help; do
    case $value in
      :files | :directories)
        compopt -o filenames 2>/dev/null
        [[ $value == :files ]] && at=-f || at=-d
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen "$at" -- "$current")
        return
        ;;
    esac
    if [[ $raw != [\"\']* ]]; then printf -v value %q "$value"; fi
    COMPREPLY+=("${value#"$cut"}")
  done < <(claudemesh __complete --current="$current" -- ${plain[@]+"${plain[@]}"} 2>/dev/null </dev/null)
}

complete -F _claudemesh claudemesh

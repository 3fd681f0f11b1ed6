export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What a shell needs to ask `oak` for the words that may stand at the cursor. Each line of the answer is a word, and after a TAB what it is. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# in ~/.bashrc: eval "$(oak completion bash)"
_oak() {
  local current=\${COMP_WORDS[COMP_CWORD]} word
  COMPREPLY=()
  # Names are others' text: quoted, so that bash runs nothing of them. compgen -W would.
  while IFS= read -r word; do
    printf -v word %q "$word"
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done < <(oak __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)
}
complete -o default -F _oak oak`,
  zsh: `# in ~/.zshrc, after compinit: eval "$(oak completion zsh)"
_oak() {
  local -a lines
  lines=("\${(@f)$(oak __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$lines[1]" ]]; then
    lines=("\${(@)lines//:/\\\\:}")
    lines=("\${(@)lines//$'\\t'/:}")
    _describe oak lines
  else
    _files
  fi
}
compdef _oak oak`,
  fish: `# in ~/.config/fish/config.fish: oak completion fish | source
complete -c oak -a '(oak __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

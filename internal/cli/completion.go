package cli

import (
	"fmt"
	"slices"
	"strings"
)

// Candidate is a word that the command line can go on with.
type Candidate struct{ Word, Doc string }

// Candidates are the words that a command line can go on with: the last of the
// arguments is the word that is being written, and may be empty. Where nothing
// fits but a value, there are none.
func (c *CLI) Candidates(args []string) []Candidate {
	if len(args) == 0 {
		args = []string{""}
	}
	before, partial := args[:len(args)-1], args[len(args)-1]
	var all []Candidate
	for _, candidate := range c.candidates(before, partial) {
		if strings.HasPrefix(candidate.Word, partial) {
			candidate.Doc = sentence(candidate.Doc)
			all = append(all, candidate)
		}
	}
	return all
}

func (c *CLI) candidates(before []string, partial string) []Candidate {
	// An option at the end that waits for its value is not among the words.
	waiting := ""
	if n := len(before); n > 0 && strings.HasPrefix(before[n-1], "--") && !strings.Contains(before[n-1], "=") {
		waiting, before = before[n-1], before[:n-1]
	}
	_, left, err := parse(before, byName(globalOptions))
	if err != nil {
		return nil
	}
	word, left := firstWord(left)
	options := slices.Clone(globalOptions)
	var words []Candidate
	op, s := c.form(word, left, false), c.service(word)
	own := slices.IndexFunc(c.Own, func(o OwnCommand) bool { return o.Word == word })
	switch {
	case own >= 0:
		return c.Own[own].candidates(left, partial)
	case word == "":
		for _, s := range c.Services {
			words = append(words, Candidate{s.Word, s.Table.Doc})
		}
		for _, o := range c.ownCommands() {
			words = append(words, Candidate{o.Word, o.Doc})
		}
	case inGroup(word) && op == nil:
		for _, o := range group(word) {
			words = append(words, Candidate{o.Word, o.Doc})
		}
	case s != nil:
		if word, _ = firstWord(left); word != "" {
			op = s.operation(word, false)
			break
		}
		for _, word := range s.operationWords() {
			words = append(words, Candidate{word, s.operation(word, false).row.Doc})
		}
	}
	switch {
	case op != nil:
		options = append(slices.Clone(op.options), options...)
	case word == applyWord:
		options = append(slices.Clone(applyOptions), options...)
	case word == exportWord:
		options = append(slices.Clone(exportOptions), options...)
	case word == importWord:
		switch second, _ := firstWord(left); second {
		case importAWSWord:
			options = append(slices.Clone(importAWSOptions), options...)
		case importIdentitiesWord:
			options = append(slices.Clone(importIdentitiesOptions), options...)
		default:
			words = []Candidate{{importAWSWord, importAWSDoc}, {importIdentitiesWord, importIdentitiesDoc}}
		}
	case word == credentialsWord:
		options = append(slices.Clone(credentialsOptions), options...)
		words = []Candidate{{execWord, "Run a command with the credentials."}}
	}
	if o := byName(options)[waiting]; o != nil && o.takes != none {
		values := o.choices
		if m, ok := op.member(o.name); ok {
			values = m.Type.Shape().Values()
		}
		var candidates []Candidate
		for _, v := range values {
			candidates = append(candidates, Candidate{Word: v})
		}
		if o.takes == one || !strings.HasPrefix(partial, "-") {
			return candidates
		}
	}
	if !strings.HasPrefix(partial, "-") {
		return append(words, Candidate{"help", "Print a page of help."})
	}
	var candidates []Candidate
	comments := map[string]string{}
	if op != nil {
		comments = op.service.comments()
	}
	for _, o := range options {
		if slices.Contains(before, "--"+o.name) {
			continue
		}
		doc := o.doc
		if m, ok := op.member(o.name); ok {
			doc = comments[op.row.Input().Name()+"."+m.GoName]
		}
		candidates = append(candidates, Candidate{"--" + o.name, doc})
	}
	return candidates
}

// candidates are those behind the word of a command that is not made from a row.
func (o OwnCommand) candidates(left []string, partial string) []Candidate {
	word, rest := firstWord(left)
	if at := slices.IndexFunc(o.Commands, func(c OwnCommand) bool { return c.Word == word }); at >= 0 {
		return o.Commands[at].candidates(rest, partial)
	}
	if strings.HasPrefix(partial, "-") {
		return o.Options
	}
	var words []Candidate
	for _, c := range o.Commands {
		words = append(words, Candidate{c.Word, c.Doc})
	}
	return words
}

// sentence is the first sentence of a text.
func sentence(doc string) string {
	if first, _, ok := strings.Cut(doc, ". "); ok {
		return first + "."
	}
	return doc
}

// Completion is the script that makes a shell ask for candidates: the shell runs
// "daypass completion words -- WORD …", which prints a word a line, a tab, and
// what it means. So the script does not change with the tables. Empty for a shell
// that is not known.
func (c *CLI) Completion(shell string) string {
	switch shell {
	case "bash":
		return fmt.Sprintf(`# Completion of %[1]s for bash: source <(%[1]s completion bash)
_%[1]s() {
    local line IFS=$'\n'
    COMPREPLY=()
    for line in $("$1" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
        COMPREPLY+=("${line%%%%$'\t'*}")
    done
}
complete -o default -F _%[1]s %[1]s
`, c.Name)
	case "zsh":
		return fmt.Sprintf(`#compdef %[1]s
# Completion of %[1]s for zsh: source <(%[1]s completion zsh), or as the file _%[1]s in $fpath
_%[1]s() {
    local line
    local -a candidates
    for line in "${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && candidates+=("${${line%%%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( $#candidates )); then
        _describe %[1]s candidates
    else
        _files
    fi
}
if [[ $funcstack[1] == _%[1]s ]]; then
    _%[1]s "$@"
else
    compdef _%[1]s %[1]s
fi
`, c.Name)
	case "fish":
		return fmt.Sprintf(`# Completion of %[1]s for fish: %[1]s completion fish | source
function __%[1]s_words
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    $before[1] completion words -- $before[2..-1] "$current" 2>/dev/null
end
complete -c %[1]s -a '(__%[1]s_words)'
`, c.Name)
	}
	return ""
}

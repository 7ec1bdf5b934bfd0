package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// arity is how many words an option takes.
type arity int

const (
	none     arity = iota
	optional       // one, or none
	one
	many // any number, up to the next option
)

// option is an option of the command line, --name.
type option struct {
	name    string
	alias   string // a second name; empty for none
	takes   arity
	choices []string
	// required says that the command does not run without it.
	required bool
	// repeats says that it may be given several times, and each time counts.
	repeats bool
	// opposite is the name of the option that says the contrary, empty for none:
	// --x has --no-x.
	opposite string
	// number says that its value is a whole number.
	number bool
	doc    string
}

// given are the options that were given, by name, with their words.
type given map[string][]string

// has says whether an option was given.
func (g given) has(name string) bool { _, ok := g[name]; return ok }

// word is the value of an option that takes one, empty where it was not given.
func (g given) word(name string) string {
	if w := g[name]; len(w) > 0 {
		return w[0]
	}
	return ""
}

var negative = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// looksLikeOption says that a word is an option and not a value. A negative
// number is a value, and so is what has a space in it.
func looksLikeOption(word string, known map[string]*option) bool {
	if len(word) < 2 || word[0] != '-' || negative.MatchString(word) {
		return false
	}
	name, _, _ := strings.Cut(word, "=")
	return known[name] != nil || !strings.Contains(word, " ")
}

// parseAll takes the options of a command that has nothing else after it. -f is short for
// --file where it takes that.
func parseAll(args []string, options []*option) (given, error) {
	known := byName(options)
	if known["--file"] != nil {
		args = slices.Clone(args)
		for i, a := range args {
			if a == "-f" {
				args[i] = "--file"
			}
		}
	}
	got, left, err := parse(args, known)
	if err == nil && len(left) > 0 {
		err = callError("Unknown options: " + left[0])
	}
	return got, err
}

// parse takes the options that it knows out of the arguments. What is left are
// words, and options that it does not know, in their order.
func parse(args []string, known map[string]*option) (given, []string, error) {
	got, left := given{}, []string{}
	for i := 0; i < len(args); i++ {
		name, value, attached := strings.Cut(args[i], "=")
		o := known[name]
		if o == nil || !looksLikeOption(args[i], known) {
			left = append(left, args[i])
			continue
		}
		words := []string{}
		if attached {
			words = append(words, value)
		}
		for !attached && i+1 < len(args) && !looksLikeOption(args[i+1], known) && (o.takes == many || len(words) == 0 && o.takes != none) {
			i++
			words = append(words, args[i])
		}
		switch {
		case o.takes == none && attached:
			return nil, nil, argumentError(name, "ignored explicit argument "+quoted(value))
		case o.takes == one && len(words) == 0:
			return nil, nil, argumentError(name, "expected one argument")
		}
		if o.number {
			if _, err := integer(words[0]); err != nil {
				return nil, nil, argumentError(name, "invalid int value: "+quoted(words[0]))
			}
		}
		for _, w := range words {
			if o.choices != nil && !slices.Contains(o.choices, w) {
				return nil, nil, argumentError(name, invalidChoice(w, o.choices))
			}
		}
		if o.repeats {
			words = append(got[o.name], words...)
		}
		got[o.name] = words
		delete(got, o.opposite) // the last word counts
	}
	return got, left, nil
}

// missing lists the required options that were not given.
func missing(options []*option, got given, left []string) error {
	var names []string
	for _, o := range options {
		if o.required && o.opposite == "" && !got.has(o.name) {
			names = append(names, "--"+o.name)
		}
	}
	if names != nil {
		return callError("the following arguments are required: " + strings.Join(names, ", ") + meant(left, options))
	}
	return nil // whether one of a pair is there is for the validation to say
}

// invalidChoice says what a word could have been, two choices a line.
func invalidChoice(word string, choices []string) string {
	var b strings.Builder
	b.WriteString("Invalid choice, valid choices are:\n")
	for i := 0; i < len(choices); i += 2 {
		line := make([]string, 0, 2)
		for _, c := range choices[i:min(i+2, len(choices))] {
			line = append(line, fmt.Sprintf("%-40s", c))
		}
		b.WriteString("\n" + strings.Join(line, " | "))
	}
	if words := alike(word, choices); words != nil {
		fmt.Fprintf(&b, "\n\n\nInvalid choice: %s, maybe you meant:\n", quoted(word))
		for _, w := range words {
			b.WriteString("\n  * " + w)
		}
	}
	return b.String()
}

// callUsage comes before what is said of a command that is not one.
const callUsage = `usage: %[1]s [options] <command> <subcommand> [<subcommand> ...] [parameters]
To see help text, you can run:

  %[1]s help
  %[1]s <command> help
  %[1]s <command> <subcommand> help
`

// misuse is a usage error that is told after the usage.
type misuse struct {
	text string
	// plain says that the text stands for itself, with no "error:" before it.
	plain bool
}

func (e *misuse) Error() string { return e.text }

func callError(text string) error { return &exitError{exitUsage, &misuse{text: text}} }

func argumentError(name, text string) error {
	return callError("argument " + name + ": " + text)
}

// unknownOptions refuses what no option took. A word that stands alone comes
// last, as with the AWS CLI.
func unknownOptions(left []string, options []*option) error {
	for i, word := range left {
		if !looksLikeOption(word, nil) {
			left = append(append(slices.Clone(left[:i]), left[i+1:]...), word)
			break
		}
	}
	said := make([]string, len(left))
	for i, word := range left {
		said[i] = shownWord(word)
	}
	text := "Unknown options: " + strings.Join(said, ", ")
	return &exitError{exitUsage, &misuse{text: text + meant(left, options), plain: true}}
}

// meant says which options those that nothing took were probably meant for.
func meant(left []string, options []*option) string {
	var names []string
	for _, o := range slices.Concat(options, globalOptions) {
		names = append(names, "--"+o.name)
	}
	text := ""
	for _, word := range left {
		name, _, _ := strings.Cut(word, "=")
		if words := alike(name, names); looksLikeOption(word, nil) && words != nil {
			text += "\n\nMaybe you meant " + strings.Join(words, " or ") + " instead of " + name + "."
		}
	}
	return text
}

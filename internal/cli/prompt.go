package cli

import (
	"context"
	"strings"
)

// autoPrompt says whether the command is to be asked for: never, always, or where
// the one that was given is wrong.
type autoPrompt int

const (
	promptNever autoPrompt = iota
	promptPartial
	promptAlways
)

// prompts reads --cli-auto-prompt and --no-cli-auto-prompt, AWS_CLI_AUTO_PROMPT and
// cli_auto_prompt of the profile, in this order. What asks for help or the version
// is not prompted for.
func (c *CLI) prompts(args []string) (autoPrompt, error) {
	args, _ = cutCommand(args)
	got, left, err := parse(args, byName(globalOptions))
	if err != nil {
		got, left = given{}, args
	}
	on, off := got.has("cli-auto-prompt"), got.has("no-cli-auto-prompt")
	word, _ := firstWord(left)
	switch {
	case on && off:
		return promptNever, usageError("Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time.")
	case off, got.has("version"), wantsHelp(left) >= 0, word == "help", len(left) > 0 && left[len(left)-1] == "help":
		return promptNever, nil
	case on && c.Prompt == nil:
		return promptNever, usageError("--cli-auto-prompt needs a terminal.")
	case c.Prompt == nil:
		return promptNever, nil
	case on:
		return promptAlways, nil
	}
	mode := c.getenv("AWS_CLI_AUTO_PROMPT")
	if mode == "" {
		if p, err := c.profile(first(got.word("profile"), c.getenv("AWS_PROFILE"), c.getenv("AWS_DEFAULT_PROFILE"))); err == nil && p != nil {
			mode = p.Key("cli_auto_prompt").String()
		}
	}
	switch strings.ToLower(mode) {
	case "on":
		return promptAlways, nil
	case "on-partial":
		return promptPartial, nil
	}
	return promptNever, nil
}

// prompt asks for a command, beginning with the arguments that there are. It
// gives none where nobody wants to go on.
func (c *CLI) prompt(ctx context.Context, args []string) ([]string, error) {
	var begun []string
	for _, a := range args {
		if a != "--cli-auto-prompt" {
			begun = append(begun, quoteWord(a))
		}
	}
	text := strings.Join(begun, " ")
	if text != "" {
		text += " "
	}
	for {
		line, err := c.Prompt(ctx, "> "+c.Name+" ", text, c.complete)
		if err != nil {
			return nil, err
		}
		words, open := splitWords(line)
		if !open {
			return words, nil
		}
		text = line // a quote is open: it goes on
	}
}

// complete are the words that a line can go on with, and how much of its end is
// the word that is being written.
func (c *CLI) complete(line string) (candidates []Candidate, partial string) {
	words, open := splitWords(line)
	if open {
		return nil, ""
	}
	if line == "" || strings.HasSuffix(line, " ") {
		words = append(words, "")
	}
	return c.Candidates(words), words[len(words)-1]
}

// splitWords splits a line into words as a shell does, without any expansion. It
// says whether a quote is open at the end.
func splitWords(line string) (words []string, open bool) {
	var word strings.Builder
	var quote rune
	begun, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			begun, escaped = true, true
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			begun, quote = true, r
		case r == ' ' || r == '\t':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words, quote != 0 || escaped
}

// quoteWord is a word as a shell reads it.
func quoteWord(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?[]#~{}!") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

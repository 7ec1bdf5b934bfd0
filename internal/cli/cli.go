package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/declare"
)

// CLI is a command line.
type CLI struct {
	// Name is what the tool is called, "daypass", and Version its version.
	Name, Version string
	// Services are those that it has commands for.
	Services []Service
	// Getenv reads the environment.
	Getenv func(string) string
	// Stdout and Stderr take what is printed.
	Stdout, Stderr io.Writer
	// Own are the commands that are not made from tables, for help.
	Own []OwnCommand
	// Page starts a pager: what is written goes through it, and the function waits
	// for its end. Nil for none.
	Page func(command []string) (io.Writer, func(), error)
	// Servers finds the servers of this user that run now; nil for none.
	Servers func(context.Context) []Server
	// Machine is what the command "credentials" works with.
	Machine Machine
	// Rehearse finds the mistakes in a file for "apply" that show when it is applied to
	// an empty server of an account; nil for none.
	Rehearse func(ctx context.Context, f *declare.File, account string) error
	// Prompt asks for a line, which begins as text, and completes it; nil where
	// nobody can be asked. An end without a line is io.EOF.
	Prompt func(ctx context.Context, prompt, text string, complete func(line string) (candidates []Candidate, partial string)) (string, error)
	// Secret asks for a secret, which is not shown; nil where nobody can be asked.
	Secret func(prompt string) (string, error)
	// Width is how many columns the terminal has that Stdout is; 0 where it is
	// none.
	Width int
}

// OwnCommand is a command that somebody else does.
type OwnCommand struct {
	Word, Doc string
	// Options and Commands are what can follow, for completion.
	Options  []Candidate
	Commands []OwnCommand
}

// Server is a server on this machine that has announced itself, and has shown
// that it is the one that did.
type Server struct {
	Endpoint, Region string
	// Process is its process ID and Data its data directory.
	Process int
	Data    string
	// Credentials gives its root credentials, if this user can read them.
	Credentials func() (id, secret string, err error)
}

// Service is a service with its commands.
type Service struct {
	// Word is its first word on the command line.
	Word string
	// Table has its operations.
	Table *awsapi.Table
	// Wire is the protocol that it speaks.
	Wire awsapi.Wire
	// Variable is the end of the environment variable of its endpoint,
	// AWS_ENDPOINT_URL_….
	Variable string
	// Host is the host of the service at AWS, by region; nil for a service that is
	// not AWS's.
	Host func(region string) string
}

func (s *Service) comments() map[string]string { return commentsOf(s.Table.Source) }

// AWSEndpoint is the value of --endpoint-url that means AWS itself.
const AWSEndpoint = "aws"

func (c *CLI) getenv(name string) string {
	if c.Getenv == nil {
		return ""
	}
	return c.Getenv(name)
}

func (c *CLI) service(word string) *Service {
	for i := range c.Services {
		if c.Services[i].Word == word {
			return &c.Services[i]
		}
	}
	return nil
}

// serviceOf is the service whose API has a name; nil if there is none.
func (c *CLI) serviceOf(api string) *Service {
	for i := range c.Services {
		if c.Services[i].Table.Name == api {
			return &c.Services[i]
		}
	}
	return nil
}

// Run does a command and gives its exit code.
func (c *CLI) Run(ctx context.Context, args []string) int {
	if asksHealth(args) {
		return c.health(ctx, args)
	}
	err := c.runOrAsk(ctx, args)
	switch m, ok := errors.AsType[*misuse](err); {
	case ok && m.plain:
		fmt.Fprintf(c.Stderr, "\n"+callUsage+"\n%s\n\n", c.Name, m.text)
		return exitUsage
	case ok:
		fmt.Fprintf(c.Stderr, "\n"+callUsage+"\n%[1]s: error: %s\n\n", c.Name, m.text)
		return exitUsage
	case ctx.Err() != nil && err != nil:
		fmt.Fprintln(c.Stdout)
		return exitInterrupt
	}
	return report(c.Stderr, err)
}

// runOrAsk runs a command, and asks for it where that is wanted.
func (c *CLI) runOrAsk(ctx context.Context, args []string) error {
	mode, err := c.prompts(args)
	if err != nil {
		return err
	}
	if mode != promptAlways {
		err := c.run(ctx, args)
		if e, ok := errors.AsType[*exitError](err); mode != promptPartial || !ok || e.code != exitUsage {
			return err
		}
	}
	args, err = c.prompt(ctx, args)
	switch {
	case errors.Is(err, io.EOF):
		return nil // nobody wants to go on
	case err != nil:
		return err
	}
	return c.run(ctx, args)
}

// operation is a command: a row of a table under its name.
type operation struct {
	service *Service
	row     *awsapi.Row
	pages   *pages // nil where there are none
	form    *form  // that it was called by; nil for its own name
	options []*option
	// members are those of the input, by option.
	members map[string]awsapi.TypeMember
}

func (c *CLI) run(ctx context.Context, args []string) error {
	args, command := cutCommand(args)
	got, left, err := parse(args, byName(globalOptions))
	if err != nil {
		return err
	}
	if got.has("version") {
		_, err := fmt.Fprintln(c.Stdout, c.Name+" "+c.Version)
		return err
	}
	g, err := globalsOf(got)
	if err != nil {
		return err
	}
	help := false
	if at := wantsHelp(left); at >= 0 {
		help, left = true, slices.Delete(left, at, at+1)
	}
	word, left := firstWord(left)
	switch {
	case word == "help" || len(args) == 0 || word == "" && help:
		return c.help(g)
	case word == credentialsWord && help:
		return c.helpCredentials(g)
	case word == credentialsWord:
		return c.credentials(ctx, g, left, command)
	case word == applyWord && (help || slices.Equal(left, []string{"help"})):
		return c.helpApply(g)
	case word == applyWord:
		return c.apply(ctx, g, left)
	case word == exportWord && (help || slices.Equal(left, []string{"help"})):
		return c.helpExport(g)
	case word == exportWord:
		return c.export(ctx, g, left)
	case word == importWord:
		return c.importCommand(ctx, g, left, help)
	case word == "":
		return callError("the following arguments are required: command")
	}
	if op := c.form(word, left, got.has("no-paginate")); op != nil {
		if help || slices.Equal(left, []string{"help"}) || op.form.verb != "" && slices.Equal(left, []string{op.form.verb, "help"}) {
			return c.helpOperation(g, op)
		}
		return c.do(ctx, g, op, left)
	}
	if inGroup(word) {
		return c.group(g, word, left, help)
	}
	if word == healthWord { // asksHealth: with no help the command is done
		return c.helpHealth(g)
	}
	s := c.service(word)
	if s == nil {
		return argumentError("command", invalidChoice(word, c.serviceWords()))
	}
	word, left = firstWord(left)
	switch {
	case word == "help" || word == "" && help:
		return c.helpService(g, s)
	case word == "":
		return callError("the following arguments are required: operation")
	}
	op := s.operation(word, got.has("no-paginate"))
	if op == nil {
		return argumentError("operation", invalidChoice(word, append(s.operationWords(), "help")))
	}
	if help || slices.Equal(left, []string{"help"}) {
		return c.helpOperation(g, op)
	}
	return c.do(ctx, g, op, left)
}

// group shows the commands of a group, or says that one has to be named.
func (c *CLI) group(g *globals, word string, left []string, help bool) error {
	verb, _ := firstWord(left)
	switch {
	case help && verb == "" || slices.Equal(left, []string{"help"}):
		return c.show(g, func(p *page) { c.groupPage(p, word) })
	case verb == "":
		return callError("the following arguments are required: subcommand")
	}
	var verbs []string
	for _, o := range group(word) {
		verbs = append(verbs, o.Word)
	}
	return argumentError("subcommand", invalidChoice(verb, append(verbs, "help")))
}

// cutCommand takes from the arguments of credentials the command behind "--", whose
// words are no business of the command line. It is nil without "--".
func cutCommand(args []string) (own, command []string) {
	at := slices.Index(args, "--")
	if at < 0 {
		return args, nil
	}
	_, left, err := parse(args[:at], byName(globalOptions))
	if word, _ := firstWord(left); err != nil || word != credentialsWord {
		return args, nil
	}
	return args[:at], args[at+1:]
}

// wantsHelp finds --help or -h among the arguments, which mean what the word help
// does; -1 if there is none.
func wantsHelp(args []string) int {
	return slices.IndexFunc(args, func(a string) bool { return a == "--help" || a == "-h" })
}

// firstWord takes the first argument that is no option.
func firstWord(args []string) (string, []string) {
	for i, a := range args {
		if !looksLikeOption(a, nil) {
			return a, slices.Concat(args[:i], args[i+1:])
		}
	}
	return "", args
}

func (c *CLI) serviceWords() []string {
	words := make([]string, 0, len(c.Services)+1)
	for _, s := range c.Services {
		words = append(words, s.Word)
	}
	for _, o := range c.ownCommands() {
		words = append(words, o.Word)
	}
	return append(words, "help")
}

// ownCommands are those that are not made from rows, or friendlier than rows.
func (c *CLI) ownCommands() []OwnCommand {
	var all []OwnCommand
	for _, f := range forms {
		if !inGroup(f.word) {
			all = append(all, OwnCommand{Word: f.word, Doc: f.doc})
		}
	}
	all = append(all, OwnCommand{Word: rotateWord, Doc: rotateDoc, Commands: group(rotateWord)})
	all = append(all, OwnCommand{Word: healthWord, Doc: healthDoc}, OwnCommand{Word: credentialsWord, Doc: credentialsDoc}, OwnCommand{Word: applyWord, Doc: applyDoc},
		OwnCommand{Word: exportWord, Doc: exportDoc},
		OwnCommand{Word: importWord, Doc: importDoc, Commands: []OwnCommand{{Word: importAWSWord, Doc: importAWSDoc}, {Word: importIdentitiesWord, Doc: importIdentitiesDoc}}})
	return append(all, c.Own...)
}

func (s *Service) operationWords() []string {
	words := make([]string, 0, len(s.Table.Operations))
	for _, o := range s.Table.Operations {
		words = append(words, kebab(o.Name))
	}
	slices.Sort(words)
	return words
}

// member is the member of the input that an option stands for; of no operation,
// none.
func (op *operation) member(option string) (awsapi.TypeMember, bool) {
	if op == nil {
		return awsapi.TypeMember{}, false
	}
	m, ok := op.members[option]
	return m, ok
}

// words are those of the command, behind the name of the tool.
func (op *operation) words() string {
	if op.form != nil {
		return strings.TrimSpace(op.form.word + " " + op.form.verb)
	}
	return op.service.Word + " " + kebab(op.row.Name)
}

// operation finds a command; nil if there is none. One that is not to page has
// the options of its input alone.
func (s *Service) operation(word string, unpaged bool) *operation {
	for _, o := range s.Table.Operations {
		if kebab(o.Name) == word {
			return s.command(s.Table.Row(o.Name), unpaged)
		}
	}
	return nil
}

// Options of a command beside those of its input.
var (
	inputJSON = &option{name: "cli-input-json", takes: one, doc: "Reads arguments from the JSON string provided. The JSON string follows the format provided by --generate-cli-skeleton. If other arguments are provided on the command line, those values will override the JSON-provided values. This may not be specified along with --cli-input-yaml."}
	inputYAML = &option{name: "cli-input-yaml", takes: one, doc: "Reads arguments from the YAML string provided. The YAML string follows the format provided by --generate-cli-skeleton yaml-input. This may not be specified along with --cli-input-json."}
	skeleton  = &option{name: "generate-cli-skeleton", takes: optional, choices: []string{"input", "output", "yaml-input"}, doc: "Prints a JSON skeleton to standard output without sending an API request. If provided with no value or the value input, prints a sample input JSON that can be used as an argument for --cli-input-json. Similarly, if provided yaml-input it will print a sample input YAML that can be used with --cli-input-yaml. If provided with the value output, it validates the command inputs and returns a sample output JSON for that command."}
)

func (s *Service) command(row *awsapi.Row, unpaged bool) *operation {
	op := &operation{service: s, row: row, pages: pagesOf(row), members: map[string]awsapi.TypeMember{}}
	add := func(o *option, m awsapi.TypeMember) {
		op.options = append(op.options, o)
		op.members[o.name] = m
	}
	for _, m := range row.Input().Members() {
		name := kebab(m.Name)
		switch m.Type.Kind() {
		case awsapi.BooleanType:
			add(&option{name: name, required: m.Required, opposite: "no-" + name}, m)
			add(&option{name: "no-" + name, opposite: name}, m)
		case awsapi.ListType:
			add(&option{name: name, takes: many, required: m.Required}, m)
		default:
			if op.pages != nil && name == "max-items" && name == kebab(op.pages.limit) && !unpaged {
				continue // the command line's own option of this name stands for it
			}
			add(&option{name: name, takes: one, required: m.Required}, m)
		}
	}
	op.options = append(op.options, inputJSON, inputYAML)
	if !unpaged {
		op.options = append(op.options, op.pages.options()...)
	}
	op.options = append(op.options, skeleton)
	return op
}

// do does the command of an operation.
func (c *CLI) do(ctx context.Context, g *globals, op *operation, args []string) error {
	got, left, err := parse(args, byName(op.options))
	if err != nil {
		return err
	}
	if op.form != nil {
		if left, err = op.form.words(got, left); err != nil {
			return err
		}
		if op.form.globals != nil {
			op.form.globals(g, got)
		}
	}
	file := ""
	if op.row.Streams() {
		file, left = firstWord(left)
	}
	if op.form != nil && op.form.read != nil && len(left) == 0 {
		if err := op.form.read(got); err != nil {
			return err
		}
	}
	inputElsewhere := got.has("cli-input-json") || got.has("cli-input-yaml") || got.has("generate-cli-skeleton") && got.word("generate-cli-skeleton") != "output"
	if !inputElsewhere {
		if err := missing(op.options, got, left); err != nil {
			return err
		}
	}
	if op.row.Streams() && file == "" && !got.has("generate-cli-skeleton") {
		return callError("the following arguments are required: " + outfile)
	}
	if len(left) > 0 {
		return unknownOptions(left, op.options)
	}
	in, err := c.input(op, got)
	if err != nil {
		return err
	}
	if got.has("generate-cli-skeleton") {
		if done, err := c.skeleton(g, op, in, got.word("generate-cli-skeleton")); done || err != nil {
			return err
		}
	}
	if op.row.Streams() {
		return c.receive(ctx, g, op, got, in, file)
	}
	paging, err := op.pages.asked(g, got, in)
	if err != nil {
		return err
	}
	if err := validate(paging.first(in), op.row.Input()); err != nil {
		return err
	}
	settings, err := c.settings(ctx, g, op.service)
	if err != nil {
		return err
	}
	caller := &caller{cli: c, globals: g, settings: settings, op: op}
	defer caller.close()
	if op.form != nil && op.form.show != nil && !g.has("output") && g.query == nil {
		return c.showForm(op.form, paging.run(ctx, caller, in))
	}
	return c.print(g, settings, op, paging.run(ctx, caller, in))
}

// showForm prints the lines of a form. What is not well ends the command with 1.
func (c *CLI) showForm(f *form, answers iter.Seq2[*answer, error]) error {
	for a, err := range answers {
		if err != nil {
			return err
		}
		lines, well := f.show(a.page)
		for _, line := range lines {
			if _, err := fmt.Fprintln(c.Stdout, visible(line)); err != nil {
				return err
			}
		}
		if !well {
			return exit(1, "something has to change")
		}
	}
	return nil
}

package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// form is a friendlier way to say one of daypass's own operations: a word of its
// own, and options that stand for members which are hard to write. It is the
// command of the operation in all else.
type form struct {
	word, operation, doc string
	options              []*option
	// read turns the options into those of the operation.
	read func(given) error
	// verb is a second word, and argument the option that a word behind it stands for;
	// empty for none.
	verb, argument string
	// globals takes from the global options what stands for members; nil for nothing.
	globals func(*globals, given)
	// show says in lines what the answer has, where nobody asks for a format, and
	// whether all is well.
	show func(awsapi.Node) (lines []string, well bool)
	// stream gets ready to copy what streams, and may change the input. The function
	// that it gives copies, and says in a line what it was; nil copies as it comes.
	stream func(c *CLI, got given, in *awsapi.Node) (copyStream, error)
}

var forms = []*form{
	{word: "audit", verb: "hash", operation: "AuditHash", doc: "audit hash: print the hashes under which an identity or a user is in the records of the audit trail.", read: auditHashOptions, show: showHashes, options: []*option{
		{name: "provider", takes: one, doc: "With --user: the login provider of the user, as Logins calls it."},
		{name: "user", takes: one, doc: "The user's ID at the provider."},
	}},
	{word: "backup", operation: "CreateBackup", doc: "backup FILE: write a backup of a running server's database to a file. Restore it with daypass restore.", stream: receiveBackup, options: backupOptions},
	{word: "revoke", operation: "RevokeSessions", doc: "Revoke credentials and OpenID tokens before they expire.", read: revokeOptions, options: []*option{
		{name: "provider", takes: one, doc: "With --user: revoke what was issued to a user of this login provider, as Logins calls it. With --identity-pool-id too: only what was issued in this pool."},
		{name: "user", takes: one, doc: "The user's ID at the provider."},
	}},
	{word: "target", verb: "check", argument: "role-name", operation: "CheckTargetRole", doc: "target check ROLE: show the session policy that daypass would send to the target of a role, and what the target cannot express.", show: showTargetRole},
	{word: "doctor", argument: "target-name", operation: "DiagnoseTarget", doc: "doctor TARGET: check that a target refuses the tokens that it must refuse and keeps users apart, and say what to change.", show: showFindings},
	{word: "revocations", operation: "ListRevocations", doc: "List the revocations in force."},
	{word: rotateWord, verb: "root-key", operation: "RotateRootKey", doc: "Replace the root credentials that are in the server's data directory.", read: rotateGrace, show: showRootKey, options: []*option{
		{name: "grace", takes: one, doc: "How long the old root credentials stay good, such as 30m or 48h: from 1m to 168h; 24h unless you say otherwise. With --compromised, they end at once."},
	}},
	{word: rotateWord, verb: "signing-key", operation: "RotateSigningKey", doc: "Replace the keys that sign OpenID tokens: in the region of --region, or in all regions that have keys.", globals: rotateRegion, show: showSigningKeys},
	{word: rotateWord, verb: "master-key", operation: "RotateMasterKey", doc: "Replace the master key, which seals all secrets in the database, by the next one, once every server has it.", show: showMasterKey},
	{word: rotateWord, verb: "status", operation: "DescribeMasterKey", doc: "Show which master key seals, how many servers have the next one, and whether the old one is still needed.", show: showMasterKey},
}

// rotateWord is the word of the commands that replace keys. It is a group: the second
// word says which.
const (
	rotateWord = "rotate"
	rotateDoc  = "Replace keys while clients run: rotate root-key, rotate signing-key, rotate master-key, rotate status. See docs/rotation.md."
)

// inGroup says whether several forms share a word.
func inGroup(word string) bool { return word == rotateWord }

// group are the commands that share a word.
func group(word string) []OwnCommand {
	var all []OwnCommand
	for _, f := range forms {
		if f.word == word {
			all = append(all, OwnCommand{Word: f.verb, Doc: f.doc})
		}
	}
	return all
}

// rotateRegion has --region name the region whose key is rotated: it is where the call
// goes, too.
func rotateRegion(g *globals, got given) {
	if g.has("region") && !got.has("key-region") {
		got["key-region"] = []string{g.word("region")}
	}
}

// rotateGrace has --grace, a duration, stand for a number of seconds.
func rotateGrace(got given) error {
	if !got.has("grace") {
		return nil
	}
	grace, err := time.ParseDuration(got.word("grace"))
	switch {
	case err != nil:
		return usageError("--grace %q: give a duration, such as 30m or 48h", got.word("grace"))
	case got.has("grace-period"):
		return usageError("--grace-period says the same as --grace: give one of them.")
	case got.has("compromised"):
		return usageError("--compromised ends the old root credentials at once: give --grace or --compromised, not both.")
	case grace < time.Minute || grace > 7*24*time.Hour || grace%time.Second != 0:
		return usageError("--grace %s: give from 1m to 168h in whole seconds, or --compromised to end the old root credentials at once", got.word("grace"))
	}
	got["grace-period"] = []string{strconv.Itoa(int(grace / time.Second))}
	return nil
}

// showRootKey shows what changes, and when.
func showRootKey(n awsapi.Node) (lines []string, well bool) {
	lines = []string{fmt.Sprintf("New root credentials are in root-credentials in the server's data directory, with the access key ID %s.", memberText(n, "AccessKeyId"))}
	old, ends := memberText(n, "ReplacedAccessKeyId"), memberText(n, "ReplacedKeyEnds")
	if ends != "" {
		return append(lines, fmt.Sprintf("The old ones, %s, are good until %s; sessions that were got with them by GetSessionToken end then, too.", old, ends)), true
	}
	return append(lines,
		fmt.Sprintf("The old ones, %s, have ended, and so have sessions that were got with them by GetSessionToken.", old),
		"Other credentials that were given to whoever had them stay valid: daypass revoke --everything ends sessions, and daypass iam list-users shows users."), true
}

// showSigningKeys shows for each region what changes, and when.
func showSigningKeys(n awsapi.Node) (lines []string, well bool) {
	for _, k := range listOf(n, "SigningKeys") {
		var replaced []string
		for _, kid := range listOf(k, "ReplacedKeyIds") {
			replaced = append(replaced, kid.Text)
		}
		old, ends := strings.Join(replaced, " and "), memberText(k, "ReplacedKeysEnd")
		if ends == "" {
			removed := "is removed, and tokens that it signed"
			if len(replaced) > 1 {
				removed = "are removed, and tokens that they signed"
			}
			lines = append(lines, fmt.Sprintf("%s signs from now on; %s %s are refused", memberText(k, "KeyId"), old, removed))
		} else {
			lines = append(lines, fmt.Sprintf("%s is published, and signs from %s; %s verifies until %s", memberText(k, "KeyId"), memberText(k, "SignsAfter"), old, ends))
		}
		lines = append(lines, fmt.Sprintf("%*s certificate SHA-1 %s", len(memberText(k, "KeyId")), "", memberText(k, "CertificateThumbprint")))
	}
	return append(lines, compromisedNotes(n)...), true
}

// compromisedNotes say what a rotation cannot end.
func compromisedNotes(n awsapi.Node) []string {
	for _, k := range listOf(n, "SigningKeys") {
		if memberText(k, "ReplacedKeysEnd") == "" {
			return []string{
				"Other verifiers accept tokens of the old keys until they read the key set again: after five minutes, if they obey its Cache-Control.",
				"Credentials that were given for such tokens stay valid: daypass revoke --everything ends them.",
			}
		}
	}
	return nil
}

// auditHashOptions gives the options the names that revoke has.
func auditHashOptions(got given) error {
	for short, long := range map[string]string{"provider": "provider-name", "user": "user-identifier"} {
		if !got.has(short) {
			continue
		}
		if got.has(long) {
			return usageError("--%s says the same as --%s: give one of them.", long, short)
		}
		got[long] = got[short]
		delete(got, short)
	}
	if got.has("provider-name") != got.has("user-identifier") {
		return usageError("--provider and --user go together.")
	}
	return nil
}

// showHashes shows a hash in each line, first, so that a column of them can be cut out.
func showHashes(n awsapi.Node) (lines []string, well bool) {
	for _, h := range listOf(n, "Hashes") {
		line := memberText(h, "Hash") + "  " + memberText(h, "Member")
		if date := memberText(h, "Date"); date != "" {
			line += " on " + date[:min(len(date), len(time.DateOnly))]
		} else if id := memberText(h, "IdentityId"); id != "" {
			line += " of identity " + id
		}
		if provider := memberText(h, "ProviderName"); provider != "" {
			line += ", login of " + provider
		}
		lines = append(lines, line)
	}
	return lines, true
}

// revokeOptions makes the Login of RevokeSessions, and sees to it that one thing
// is revoked: a target that is left out by mistake would be a wider one.
func revokeOptions(got given) error {
	provider, user := got.has("provider"), got.has("user")
	if provider != user {
		return usageError("--provider and --user go together.")
	}
	if provider {
		if got.has("login") {
			return usageError("--login says the same as --provider and --user: give one of them.")
		}
		login := object("ProviderName", text(got.word("provider")), "UserIdentifier", text(got.word("user")))
		if pool := got.word("identity-pool-id"); pool != "" {
			login.Members = append(login.Members, awsapi.Member{Name: "IdentityPoolId", Value: text(pool)})
		}
		got["login"] = []string{inJSON(login)}
		for _, name := range []string{"provider", "user", "identity-pool-id"} {
			delete(got, name)
		}
	}
	if got.has("issued-before") {
		at, err := timestamp("--issued-before", got.word("issued-before"))
		if err != nil {
			return err
		}
		moment, err := time.Parse(time.RFC3339, at.Text)
		if err != nil {
			return err
		}
		got["issued-before"] = []string{strconv.FormatInt(moment.Unix(), 10)}
	}
	targets := []string{"identity-id", "login", "identity-pool-id", "access-key-id", "role-arn", "everything"}
	count := len(slices.DeleteFunc(slices.Clone(targets), func(name string) bool { return !got.has(name) }))
	elsewhere := got.has("cli-input-json") || got.has("cli-input-yaml") || got.has("generate-cli-skeleton")
	if count > 1 || count == 0 && !elsewhere {
		return usageError("Say what to revoke: one of --identity-id, --provider with --user, --identity-pool-id, --access-key-id, --role-arn and --everything.")
	}
	return nil
}

// positional says whether a word behind the form's own words stands for the option.
func (op *operation) positional(o *option) bool {
	return op.form != nil && op.form.argument == o.name
}

// words takes the words of a form out of the arguments.
func (f *form) words(got given, left []string) ([]string, error) {
	if f.verb != "" {
		word, rest := firstWord(left)
		if word != f.verb {
			return left, callError("the following arguments are required: " + f.verb)
		}
		left = rest
	}
	if f.argument != "" && !got.has(f.argument) {
		if word, rest := firstWord(left); word != "" {
			got[f.argument], left = []string{word}, rest
		}
	}
	return left, nil
}

// memberText is a member of an answer as text.
func memberText(n awsapi.Node, name string) string {
	if m := n.Member(name); m != nil {
		return m.Text
	}
	return ""
}

func listOf(n awsapi.Node, name string) []awsapi.Node {
	if m := n.Member(name); m != nil {
		return m.List
	}
	return nil
}

// showTargetRole shows the policy, or what is in the way of it.
func showTargetRole(n awsapi.Node) (lines []string, well bool) {
	target := "target   " + memberText(n, "TargetName")
	if dialect := memberText(n, "Dialect"); dialect != "" { // the server knows the target
		target += fmt.Sprintf(" (%s, %s)", dialect, memberText(n, "Way"))
	}
	lines = append(lines, target)
	if role := memberText(n, "TargetRole"); role != "" {
		lines = append(lines, "role     "+role)
	}
	lines = append(lines, fmt.Sprintf("size     %s of %s characters", memberText(n, "PolicySize"), memberText(n, "MaximumPolicySize")))
	if document := memberText(n, "Policy"); document != "" {
		lines = append(lines, "policy   "+document)
	}
	for _, o := range listOf(n, "Obstacles") {
		lines = append(lines, fmt.Sprintf("refused  %s: %s", memberText(o, "Kind"), memberText(o, "Message")))
	}
	for _, note := range listOf(n, "Notes") {
		lines = append(lines, "note     "+note.Text)
	}
	return lines, len(listOf(n, "Obstacles")) == 0
}

// showFindings shows one finding a line.
func showFindings(n awsapi.Node) (lines []string, well bool) {
	well = true
	for _, f := range listOf(n, "Findings") {
		lines = append(lines, fmt.Sprintf("%-8s %-20s %s", memberText(f, "Verdict"), memberText(f, "Check"), memberText(f, "Message")))
		well = well && memberText(f, "Verdict") != "wrong"
	}
	return lines, well
}

// form finds the command of a friendlier form, which in a group is the one that the
// first of the words behind it says; nil if there is none.
func (c *CLI) form(word string, left []string, unpaged bool) *operation {
	verb, _ := firstWord(left)
	at := slices.IndexFunc(forms, func(f *form) bool { return f.word == word && (!inGroup(word) || f.verb == verb) })
	if at < 0 {
		return nil
	}
	f := forms[at]
	for i := range c.Services {
		if s := &c.Services[i]; s.own() {
			if row := s.Table.Row(f.operation); row != nil {
				op := s.command(row, unpaged)
				op.form = f
				op.options = append(slices.Clone(f.options), op.options...)
				return op
			}
		}
	}
	return nil
}

// own says whether a service is daypass's, and not one of AWS.
func (s *Service) own() bool { return s.Host == nil }

// health is the word of the command that asks whether a server is ready.
const (
	healthWord    = "health"
	healthDoc     = "Ask a server whether it is ready: print one line, and end with 0 or 1."
	readyPath     = "/readyz"
	healthTimeout = 5 * time.Second
)

// asksHealth says whether the command is health, however it is called: it ends
// with 0 or 1 even where the rest cannot be read.
func asksHealth(args []string) bool {
	args, _ = cutCommand(args)
	_, left, err := parse(args, byName(globalOptions))
	if err != nil {
		return slices.Contains(args, healthWord)
	}
	word, left := firstWord(left)
	return word == healthWord && !slices.Equal(left, []string{"help"}) && wantsHelp(left) < 0
}

// health asks a server whether it is ready, in one line whatever is wrong.
func (c *CLI) health(ctx context.Context, args []string) int {
	at, err := c.ready(ctx, args)
	if err != nil {
		fmt.Fprintln(c.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		return 1
	}
	fmt.Fprintf(c.Stdout, "%s is ready\n", at)
	return 0
}

func (c *CLI) ready(ctx context.Context, args []string) (string, error) {
	got, left, err := parse(args, byName(globalOptions))
	if err != nil {
		return "", err
	}
	if _, left = firstWord(left); len(left) > 0 {
		return "", unknownOptions(left, globalOptions)
	}
	g, err := globalsOf(got)
	if err != nil {
		return "", err
	}
	if !g.has("cli-connect-timeout") {
		g.connectTimeout = healthTimeout
	}
	if !g.has("cli-read-timeout") {
		g.readTimeout = healthTimeout
	}
	at := slices.IndexFunc(c.Services, func(s Service) bool { return s.own() })
	s, err := c.settings(ctx, g, &c.Services[at])
	if err != nil {
		return "", err
	}
	asker := &caller{cli: c, globals: g, settings: s}
	defer asker.close()
	where := strings.TrimSuffix(s.endpoint.url, "/")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where+readyPath, nil)
	if err != nil {
		return "", err
	}
	response, err := asker.client().Do(r)
	if err != nil {
		return "", asker.unreached(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64))
	switch {
	case err != nil:
		return "", asker.unreached(ctx, err)
	case response.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "ready":
		return where, nil
	case response.StatusCode == http.StatusServiceUnavailable:
		return "", fmt.Errorf("%s is not ready: its log says why", s.endpoint)
	}
	return "", fmt.Errorf("%s does not answer as daypass does, but with status %d", s.endpoint, response.StatusCode)
}

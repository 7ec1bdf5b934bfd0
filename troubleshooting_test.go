package daypass_test

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const troubleshootingHead = `# Troubleshooting

What people get wrong, by what their clients see. AWS's sentences are often the same for many mistakes; the cause in the
server's log is not. It is in the line of the request, as ` + "`cause=`" + `, with a ` + "`detail=`" + ` where there is more to say, with
` + "`role_trace=`" + ` where a role was chosen or refused, and with ` + "`tag_trace=`" + ` where claims become principal tags, and with ` + "`target_trace=`" + ` where a target was asked.
[Causes](causes.md) lists all of them. The traces have claims of users in them: of those that rules look at the first few
values, cut, and of principal tags the names alone.

Every line of this page has been tried: it is written from the transcripts ` + "`internal/cognito/testdata/wire/wrong-*.txtar`" + `,
whose tests hold the answers and the causes, by ` + "`go test . -run TestTroubleshooting -update`" + `.

`

// docs/troubleshooting.md says of each refusal in the transcripts of mistakes what
// was wrong and what to change, and its causes are in docs/causes.md.
func TestTroubleshooting(t *testing.T) {
	files, err := filepath.Glob("internal/cognito/testdata/wire/wrong-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	causes, err := os.ReadFile("docs/causes.md")
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	page.WriteString(troubleshootingHead)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		title := strings.TrimSuffix(strings.TrimSpace(string(archive.Comment)), ".")
		fmt.Fprintf(&page, "## %s\n\n| what is wrong | the client sees | cause | what to change |\n|---|---|---|---|\n", title)
		for _, m := range mistakesIn(t, file, archive) {
			if !strings.Contains(string(causes), "| `"+m.cause+"` |") {
				t.Errorf("%s: docs/causes.md does not have the cause %s", file, m.cause)
			}
			fmt.Fprintf(&page, "| %s | %s | `%s` | %s |\n", m.wrong, m.seen, m.cause, m.change)
		}
		page.WriteString("\n")
	}
	text := strings.TrimSuffix(page.String(), "\n")
	const file = "docs/troubleshooting.md"
	if *updateDocs {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || string(stored) != text {
		t.Errorf("%s is not what the transcripts say (%v): go test . -run TestTroubleshooting -update", file, err)
	}
}

// mistake is a line of the page.
type mistake struct{ wrong, seen, cause, change string }

// mistakesIn reads the sections "N cause" of a transcript, each behind the answer
// that it explains.
func mistakesIn(t *testing.T, file string, archive *txtar.Archive) []mistake {
	t.Helper()
	var all []mistake
	answer := ""
	for _, f := range archive.Files {
		switch {
		case strings.HasSuffix(f.Name, " answer"):
			answer = string(f.Data)
		case strings.HasSuffix(f.Name, " cause"):
			m := mistake{seen: seenIn(answer)}
			for line := range strings.Lines(string(f.Data)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				switch key {
				case "wrong":
					m.wrong = value
				case "change":
					m.change = value
				case "cause":
					m.cause = value
				}
			}
			if m.wrong == "" || m.seen == "" || m.cause == "" || m.change == "" {
				t.Errorf("%s: %s lacks something: %+v", file, f.Name, m)
			}
			all = append(all, m)
		}
	}
	return all
}

var (
	jsonError = regexp.MustCompile(`"__type":"([^"]+)"(?:,"[mM]essage":"((?:[^"\\]|\\.)*)")?`)
	xmlError  = regexp.MustCompile(`<Code>([^<]+)</Code><Message>([^<]*)</Message>`)
	// own are identifiers that are others elsewhere.
	own = regexp.MustCompile(`[a-z]{2}-[a-z]+-\d:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// seenIn is the code and the sentence of an answer; empty if it is none.
func seenIn(answer string) string {
	var code, sentence string
	if found := jsonError.FindStringSubmatch(answer); found != nil {
		code, sentence = found[1], found[2]
		_ = json.Unmarshal([]byte(`"`+sentence+`"`), &sentence) // it matched as a string
	} else if found := xmlError.FindStringSubmatch(answer); found != nil {
		code, sentence = found[1], html.UnescapeString(found[2])
	} else {
		status, rest, _ := strings.Cut(answer, "\n")
		_, body, _ := strings.Cut(rest, "\n\n")
		if body = strings.TrimSpace(body); body == "" {
			return ""
		}
		return "status " + status + " `" + body + "`"
	}
	seen := "`" + code + "`"
	if sentence = own.ReplaceAllString(sentence, "ID"); sentence != "" {
		seen += " `" + strings.ReplaceAll(sentence, "|", `\|`) + "`"
	}
	return seen
}

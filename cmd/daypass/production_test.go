package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// The commands of the page for production are ones that the server accepts, and the pages,
// headings and alerts that it names exist.
func TestProductionPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	page, commandLines := string(text), 0
	for line := range strings.SplitSeq(strings.ReplaceAll(page, "\\\n", " "), "\n") {
		line, indented := strings.CutPrefix(line, "    ")
		if !indented {
			continue
		}
		commandLines++
		var c commands
		parser, err := newParser(&process{t.Context(), io.Discard, io.Discard, func(string) string { return "" }}, &c)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(line)
		parsed, err := parser.Parse(words[1:])
		if err == nil {
			err = checkParsed(parsed, &c)
		}
		if words[0] != "daypass" || err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if commandLines != 2 {
		t.Errorf("%d commands", commandLines)
	}
	for _, m := range regexp.MustCompile(`\]\(([a-z0-9-]+\.md)(?:#([a-z0-9-]+))?\)`).FindAllStringSubmatch(page, -1) {
		linked, err := os.ReadFile(filepath.Join("../../docs", m[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		anchors := []string{""}
		for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(linked), -1) {
			anchors = append(anchors, strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
		}
		if !strings.Contains(" "+strings.Join(anchors, " ")+" ", " "+m[2]+" ") {
			t.Errorf("%s has no heading #%s", m[1], m[2])
		}
	}
	alerts, err := os.ReadFile("../../docs/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(Daypass[A-Za-z]+)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(string(alerts), "alert: "+m[1]+"\n") {
			t.Errorf("there is no alert %s", m[1])
		}
	}
}

func checkParsed(parsed *kong.Context, c *commands) error {
	if parsed.Command() != "serve" {
		return usage("%s is not serve", parsed.Command())
	}
	return c.Serve.check()
}

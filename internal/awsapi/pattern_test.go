package awsapi

import (
	"regexp"
	"strings"
	"testing"
)

// patterns are those of the API models, and some that the matcher must leave to
// the regular expression.
var patterns = []struct {
	text string
	runs bool
}{
	{`[\w-]+:[0-9a-f-]+`, true},
	{`[\w\s+=,.@-]+`, true},
	{`[\w+=,.@-]*`, true},
	{`\d+`, true},
	{`[\S]+`, true},
	{`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`, true},
	{`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, true},
	{`[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`, true},
	{`\u002F[\u0021-\u007F]*`, true}, // a run of exactly one takes no more than that
	{`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, false},
	{`(un)?authenticated`, false},
	{`[a-z]+[a-m]`, false},
	{`[a-z]*[0-9]?x`, false},
	{`[a-z]*[0-9]?[A-Z]`, true},
	{`a?b`, true},
	{`a?a`, false},
	{`[a-z]{2,3}`, false},
	{`.+`, false},
	{`(?i)a`, false},
	{`abc`, false},
}

func reference(text string) *regexp.Regexp {
	return regexp.MustCompile(`\A(?:` + regexp.MustCompile(`\\u([0-9A-F]{4})`).ReplaceAllString(text, `\x{$1}`) + `)\z`)
}

func TestPatternRuns(t *testing.T) {
	for _, test := range patterns {
		if got := newPattern(test.text).regex == nil; got != test.runs {
			t.Errorf("%s is runs: %v, want %v", test.text, got, test.runs)
		}
	}
}

func TestPatternMatch(t *testing.T) {
	values := []string{
		"", "a", "us-east-1:0123-abcd", "us-east-1:", ":0", "us:east:1", "us-east-1:0G", "/", "//", "/a/", "/a/b", "a/", "12", "12a", "a b", "a\tb", "a\n",
		"authenticated", "unauthenticated", "unauthenticatedX", "é", "語", "a\u00a0", "\x00", "\xff", "a\xffb", "\ufffd", "x", "0x", "abX", "ab", "b", "aa", "abc", "\u007f", "\u00a1",
	}
	for _, test := range patterns {
		p, re := newPattern(test.text), reference(test.text)
		for _, v := range values {
			if got, want := p.match(v), re.MatchString(v); got != want {
				t.Errorf("%s matches %q: %v, want %v", test.text, v, got, want)
			}
		}
	}
}

func TestPatternBroken(t *testing.T) {
	defer func() {
		if p, ok := recover().(string); !ok || !strings.HasPrefix(p, "awsapi: pattern [a-: ") {
			t.Errorf("panic %q", p)
		}
	}()
	newPattern("[a-")
}

// Whatever the pattern, the matcher says what the regular expression says.
func FuzzPattern(f *testing.F) {
	for _, test := range patterns {
		f.Add(test.text, "us-east-1:0123-abcd")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 64 {
			return
		}
		_, alone := regexp.Compile(text)
		re, err := regexp.Compile(`\A(?:` + text + `)\z`)
		if alone != nil || err != nil {
			return
		}
		if got, want := newPattern(text).match(value), re.MatchString(value); got != want {
			t.Errorf("%q matches %q: %v, want %v", text, value, got, want)
		}
	})
}

func BenchmarkPattern(b *testing.B) {
	p := newPattern(`[\w-]+:[0-9a-f-]+`)
	b.ReportAllocs()
	for b.Loop() {
		p.match("us-east-1:0123abcd-0123-4567-89ab-0123456789ab")
	}
}

func BenchmarkPatternMebibyte(b *testing.B) {
	p := newPattern(`[\w\s+=,.@-]+`)
	s := strings.Repeat("a", 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		p.match(s)
	}
}
